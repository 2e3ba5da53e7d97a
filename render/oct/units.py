"""Decibels and power of echoes, relative to nerve fibres at the surface."""


def backscatter(db: float) -> float:
    """Echo power of so many decibels."""
    return 10 ** (db / 10)
