"""Earwitness: rerun what backend podcasts claim, on real servers."""

__version__ = "0.1.0"
