"""One file a command: the function that bears the file's name is what `simdata NAME` runs."""
