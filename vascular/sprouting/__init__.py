"""Sprouting in numbers: vessels while they grow, who hears a sink, who inhibits whom, a step, an iteration.

Numba's cache on disk only notices changes in the file of the outermost function: after a change in one of these files,
touch those that call it.
"""
