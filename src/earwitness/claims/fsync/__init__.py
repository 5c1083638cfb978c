"""The claim that a drive which lies about flushes loses commits at a power cut."""
