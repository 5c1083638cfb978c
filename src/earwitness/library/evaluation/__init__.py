"""Measures search and answers on labelled questions."""
