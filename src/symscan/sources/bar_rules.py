"""What a valid bar is: one rule, as NumPy masks and as polars expressions that agree with them.

A bar is valid if its prices and its volume are finite, every price is above zero, the high is the highest
and the low the lowest price, and the volume is above zero. A bar with a volume of zero says that nothing
traded, so it is no bar either; only an import keeps those, on request.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from symscan.model.bar import CLOSE, FIELDS, HIGH, LOW, OPEN, VOLUME, Floats, Mask

_PRICES: Final = FIELDS[:VOLUME]


def valid_mask(fields: Floats, *, zero_volume: bool = False) -> Mask:
    """Return which columns of ``fields``, shape ``(5, n)``, are valid bars.

    Parameters
    ----------
    zero_volume
        Whether a volume of zero is allowed.
    """
    # Comparisons with NaN are false, so only infinity is left to be asked for.
    lowest = np.minimum(fields[OPEN], fields[CLOSE])
    highest = np.maximum(fields[OPEN], fields[CLOSE])
    is_ordered = (fields[LOW] <= lowest) & (fields[HIGH] >= highest)
    is_traded = fields[VOLUME] >= 0.0 if zero_volume else fields[VOLUME] > 0.0
    is_bounded = (fields[HIGH] < np.inf) & (fields[VOLUME] < np.inf)
    found: Mask = (fields[LOW] > 0.0) & is_ordered & is_traded & is_bounded
    return found


def zero_volume_mask(fields: Floats) -> Mask:
    """Return which columns have a volume of zero, whatever else they hold."""
    found: Mask = fields[VOLUME] == 0.0
    return found


def valid_expr(*, zero_volume: bool = False) -> pl.Expr:
    """Whether a row is a valid bar, never null; the rule of :func:`valid_mask`."""
    faulty = missing_value() | not_positive() | contradiction() | negative_volume()
    return ~(faulty if zero_volume else faulty | zero_volume_expr()).fill_null(True)


def zero_volume_expr() -> pl.Expr:
    """Whether a row has a volume of zero, whatever else it holds; the rule of :func:`zero_volume_mask`."""
    return pl.col("volume").eq_missing(0.0)


def missing_value() -> pl.Expr:
    """Whether a price or the volume is null or not finite."""
    return pl.any_horizontal(~pl.col(FIELDS).is_finite().fill_null(False))


def not_positive() -> pl.Expr:
    """Whether a bar has a price that is not above zero."""
    return pl.min_horizontal(_PRICES) <= 0.0


def contradiction() -> pl.Expr:
    """Whether a bar's high is not its highest price, or its low not its lowest."""
    return (pl.col("high") < pl.max_horizontal("open", "low", "close")) | (
        pl.col("low") > pl.min_horizontal("open", "close")
    )


def negative_volume() -> pl.Expr:
    """Whether a bar's volume is below zero."""
    return pl.col("volume") < 0.0
