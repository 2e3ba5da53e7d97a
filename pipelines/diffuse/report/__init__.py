"""How good made images are, always between what real images do among themselves and what an untrained model does."""
