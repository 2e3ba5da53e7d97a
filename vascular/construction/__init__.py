"""Constructive optimisation in numbers: nodes and their hydraulics, prices, linked cells, clearance, places, growth.

Lengths are mm in the patient. One thread grows one tree: the order is the algorithm. Numba's cache on disk only
notices changes in the file of the outermost function: after a change in one of these files, touch those that call it.
"""
