"""The functions that tell the story: one answer in several writes, for every runtime.

They are copied to where functions run, so they import nothing but their standard library.
"""
