"""The monitoring itself: what watches a stream for defects, in one process or in many steps.

Copied to where functions run and started there as a package of its own, so nothing of Earwitness is
imported here; NumPy, PyAV and (in ``storage``) boto3 are all it needs. What is detected and how
stands in modules that both sides share, so that the sides differ in where the work runs only.
"""
