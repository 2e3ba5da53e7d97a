"""Lesions: every kind is one file, and leaves a Finding."""
