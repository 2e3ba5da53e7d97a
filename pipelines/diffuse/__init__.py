"""Diffusion: images made of noise by a network that has seen others of their kind; what they show stays the truth."""
