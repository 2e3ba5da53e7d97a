"""How stomach and bowel knead: their middle lines, and the waves of contraction that run along these."""
