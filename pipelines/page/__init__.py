"""Pages of figures that one file holds: HTML, its style, and plots drawn as SVG text."""
