"""How near the synthetic patients of a dataset come to people: volumes, neighbours, places, spine and grey values."""

from pipelines.realism.report import Report, realism

__all__ = ["Report", "realism"]
