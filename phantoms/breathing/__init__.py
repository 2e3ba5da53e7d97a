"""How a chest breathes: the anatomy that moves, the stream that carries it, and the traces that it follows."""
