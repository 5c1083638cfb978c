"""Answers from what is indexed, each with its citations."""
