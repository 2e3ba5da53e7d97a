"""The phantoms of quality control, with their published geometry: what a physicist lays on the table on Monday."""
