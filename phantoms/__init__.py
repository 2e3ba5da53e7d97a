"""Rooms that make a patient: every phantom is one file, and gives a Scene."""
