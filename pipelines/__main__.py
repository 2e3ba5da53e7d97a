"""`python -m pipelines` is the command `simdata`."""

from pipelines.cli import main

if __name__ == "__main__":
    main()
