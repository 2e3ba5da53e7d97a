"""The room of scanners: every modality is one file, and gives an image of a Scene."""
