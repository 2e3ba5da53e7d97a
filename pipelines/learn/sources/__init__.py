"""Where examples to learn from come from: one file a kind."""
