"""A run as one page to read, mail and print: its figures, and their drawing."""

from __future__ import annotations

from symscan.research.report.make import Report, ReportOptions, make_report

__all__ = ["Report", "ReportOptions", "make_report"]
