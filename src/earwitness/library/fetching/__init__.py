"""Asking strangers for files: what an address in a feed may reach, and how much it may cost us."""
