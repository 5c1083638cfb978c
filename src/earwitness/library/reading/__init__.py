"""Readers: one module for each format, from bytes or text to the values of ``intake``."""
