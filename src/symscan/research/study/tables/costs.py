"""What hits cost: spreads estimated over the sessions before, and the costs of both sides."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from symscan.config.study_settings import StudySettings
from symscan.model.bar import Floats
from symscan.research.statistics.spread import cost_bp, spread_bp
from symscan.research.statistics.spread_sums import TERMS, edge_of_sums

SPREAD_SESSIONS: Final = 20
"""Sessions before a hit's own that its spread is estimated over."""

ROUGH_SPREAD: Final = "rough_spread"
"""The mark where spreads are estimated from daily bars, whose ranges say little of them."""

NO_SPREAD: Final = "no_spread"
"""The flag of a hit whose spread could not be estimated: it counts one tick, the least there is."""


@dataclass(eq=False)
class SpreadHistory:
    """The terms of the last sessions' spreads, by symbol."""

    _sessions: deque[tuple[tuple[str, ...], Floats]] = field(
        default_factory=lambda: deque(maxlen=SPREAD_SESSIONS)
    )

    def add(self, symbols: tuple[str, ...], sums: Floats) -> None:
        """Add the session after the last one; ``sums`` has shape ``(TERMS, symbols)``."""
        self._sessions.append((symbols, sums))

    def edges(self, symbols: tuple[str, ...]) -> Floats:
        """Return the spread of symbols over these sessions, as a fraction of the price, NaN where unknown."""
        total = np.zeros((TERMS, len(symbols)))
        for known, sums in self._sessions:
            if known == symbols:
                total += sums
                continue
            column_of = {symbol: column for column, symbol in enumerate(known)}
            columns = np.array([column_of.get(symbol, -1) for symbol in symbols], np.intp)
            has = columns >= 0
            total[:, has] += sums[:, columns[has]]
        return edge_of_sums(total)


def add_costs(frame: pl.DataFrame, settings: StudySettings, edges: Floats) -> pl.DataFrame:
    """Return rows of hits with ``spread_bp``, ``cost_bp`` and the flag of those without an estimate.

    Parameters
    ----------
    edges
        The estimated spread of each row, a fraction of the price; NaN where it is unknown.
    """
    price = frame["entry_price"].to_numpy()
    if settings.spread is None:
        spread = spread_bp(edges, price)
        lacks = np.isnan(edges) & ~np.isnan(price)
    else:
        spread = np.where(np.isnan(price), np.nan, settings.spread)
        lacks = np.zeros(len(price), np.bool_)
    cost = cost_bp(spread, price, settings.slippage_bps, settings.commission_per_share)
    flags = pl.concat_str([pl.col("flags"), pl.Series(np.where(lacks, NO_SPREAD, ""))], separator=" ")
    at = frame.columns.index("fillable_value")
    columns: Sequence[pl.Series] = [
        pl.Series("spread_bp", spread, nan_to_null=True),
        pl.Series("cost_bp", cost, nan_to_null=True),
    ]
    for place, column in enumerate(columns):
        frame = frame.insert_column(at + place, column)
    return frame.with_columns(flags.str.strip_chars())
