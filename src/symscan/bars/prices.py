"""The prices of a session's bars over a run of ends, one column per symbol."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
from msgspec import Struct
from numpy.typing import NDArray

from symscan.model.bar import Floats


class BarPrices(Struct, frozen=True):
    """Open, high, low and close of bars.

    Attributes
    ----------
    columns
        The column of each symbol.
    ends
        The ends of the bars, ascending, UTC microseconds.
    open, high, low, close
        Shape ``(ends, columns)``; NaN where there is no bar.
    """

    columns: Mapping[str, int]
    ends: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats

    @classmethod
    def of_frame(cls, bars: pl.DataFrame) -> BarPrices:
        """Lay out ``symbol, end, open, high, low, close`` of bars; those of a symbol side by side."""
        runs = bars["symbol"].rle().struct.unnest()
        ends, slot = np.unique(bars["end"].to_physical().to_numpy(), return_inverse=True)
        column = np.repeat(np.arange(runs.height), runs["len"].to_numpy())
        tables = []
        for name in ("open", "high", "low", "close"):
            table = np.full((len(ends), runs.height), np.nan)
            table[slot, column] = bars[name].to_numpy()
            tables.append(table)
        columns = {symbol: place for place, symbol in enumerate(runs["value"].to_list())}
        return cls(columns, ends, *tables)
