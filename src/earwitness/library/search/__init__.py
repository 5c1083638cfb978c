"""Finds what was said: passages, their index, queries, ranking."""
