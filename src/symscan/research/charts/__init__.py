"""Charts of a run for notebooks, through altair: they show themselves, and save as SVG, PNG or HTML."""

from __future__ import annotations

from symscan.research.charts.scanner_chart import scanner_chart
from symscan.research.charts.symbol_chart import symbol_chart

__all__ = ["scanner_chart", "symbol_chart"]
