"""Fourier transforms on a fixed number of threads: the last bits follow how lines are shared out among threads.

scipy's pocketfft takes several lines at once by SIMD and the rest of a thread's share one by one, with other rounding.
"""

WORKERS = 4
"""For scipy.fft: the same on every machine and in every worker process, so that the bytes are."""
