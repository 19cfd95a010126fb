"""What prices of an earlier date are divided by to be on a session's basis."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from symscan.model.bar import Floats


class SplitFactors:
    """Divisors by the splits between two dates; computed once where the same splits lie between.

    Hundreds of earlier dates of one session share a few sets of splits.
    """

    __slots__ = ("_day", "_ex_dates", "_made", "_splits")

    def __init__(self, splits: pl.DataFrame) -> None:
        self._splits = splits
        self._ex_dates = splits["ex_date"].sort().to_list()
        self._day: date | None = None
        self._made: dict[tuple[int, int, tuple[str, ...]], Floats] = {}

    def between(self, symbols: Sequence[str], earlier: date, day: date) -> Floats | None:
        """Return the divisors of an earlier date's prices for ``day``'s basis; None if nothing split."""
        first, end = bisect_right(self._ex_dates, earlier), bisect_right(self._ex_dates, day)
        if first >= end:
            return None
        if day != self._day:  # those of another session would only add up
            self._day, self._made = day, {}
        made, key = self._made, (first, end, tuple(symbols))
        found = made.get(key)
        if found is None:
            rows = self._splits.filter((pl.col("ex_date") > earlier) & (pl.col("ex_date") <= day))
            ratios = dict(rows.group_by("symbol").agg(pl.col("ratio").product()).iter_rows())
            found = np.array([ratios.get(symbol, 1.0) for symbol in symbols])
            found.flags.writeable = False
            made[key] = found
        return found
