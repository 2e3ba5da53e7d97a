"""Optical coherence tomography: the light that comes back from the layers of an eye, and from the blood in them."""
