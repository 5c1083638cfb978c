"""Snips handed on to other applications: one module for each format."""
