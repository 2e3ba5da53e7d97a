"""Findings become words: captions and reports with varied wording out of the truth, and the way back."""
