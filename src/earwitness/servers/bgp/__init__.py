"""BGP-4 as far as a listener needs it: wire format, one session without I/O, a collector."""
