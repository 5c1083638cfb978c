"""The claim that clustered collections make MongoDB twice as fast."""
