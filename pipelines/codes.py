"""Exit codes of the command `simdata`."""

DONE, SOME_FAILED, USAGE = 0, 1, 2
INTERRUPTED, NOBODY_READS = 130, 141
"""As a shell has them: 128 and the number of the signal, of Ctrl-C and of a closed pipe."""
