"""The claim that a revoked client still gets in by resuming an earlier TLS session."""
