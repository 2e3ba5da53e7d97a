"""The looks of real images without a label, lent to synthetic ones: one file a kind."""
