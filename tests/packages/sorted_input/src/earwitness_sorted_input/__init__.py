"""Sorting sorted input."""
