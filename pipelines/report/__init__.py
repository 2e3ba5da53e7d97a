"""The report of a dataset: what is in it, how varied it is and what it cost, as one page to look at and to send."""

from pipelines.report.report import Report, report

__all__ = ["Report", "report"]
