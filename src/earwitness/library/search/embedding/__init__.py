"""Nearness in meaning, by a small model that is optional."""
