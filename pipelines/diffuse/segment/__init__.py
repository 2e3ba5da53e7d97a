"""Segmentation by diffusion: masks made of noise by a network that sees the image, several for each."""
