"""Tissue and X-ray properties as CSV, a source in every row; render/properties.py reads them."""
