"""Indicators over all symbols at once: one object per spec holds vectors over rows.

What an indicator of one's own is made of is imported from here.
"""

from symscan.indicators import warm_up
from symscan.indicators.base import Indicator
from symscan.indicators.definition import Definition, Parameter, bar_count
from symscan.indicators.state import Counts
from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, VOLUME, Block, Floats, Rows
from symscan.model.specs import IndicatorSpec, IndicatorType

__all__ = [
    "CLOSE",
    "HIGH",
    "LOW",
    "OPEN",
    "VOLUME",
    "Block",
    "Counts",
    "Definition",
    "Floats",
    "Indicator",
    "IndicatorSpec",
    "IndicatorType",
    "Parameter",
    "Rows",
    "bar_count",
    "warm_up",
]
