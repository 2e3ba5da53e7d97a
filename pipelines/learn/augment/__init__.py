"""What changes a patch while a network learns: one change a file. Geometry takes the labels along, looks leave them."""
