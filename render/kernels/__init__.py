"""Kernels: the scalar physics, compiled by numba, each with a clear NumPy reference beside it."""
