"""How daily bars made of minutes differ from stored ones: minutes lack the auctions, for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from symscan.clock.session_calendar import SessionCalendar
from symscan.model.bar import BASIS_TOLERANCE
from symscan.model.interval import ONE_DAY
from symscan.sources.store.bar_store import BarStore

_MOST_SYMBOLS: Final = 300


@dataclass(frozen=True, slots=True)
class DayMix:
    """Daily bars made of minutes against the stored ones of the same symbols and session.

    Attributes
    ----------
    session
        The last session that has both.
    symbols
        How many symbols were compared.
    volume, close
        The median of the ratio, made to stored.
    """

    session: date
    symbols: int
    volume: float
    close: float

    def __str__(self) -> str:
        """Say what to expect where the two are mixed."""
        return (
            f"of {self.symbols:,} symbols on {self.session} the bars made of minutes have {self.volume:.3f} "
            f"times the volume and {self.close:.5f} times the close (medians; minutes lack auctions)"
        )


def measure_day_mix(store: BarStore, calendar: SessionCalendar, until: date) -> DayMix | None:
    """Compare the daily bars of the last session up to a date that has both kinds; None if none has.

    Of many symbols, some hundred are compared.

    Raises
    ------
    DataError
        If a file of the store cannot be read.
    """
    both = [day for day in store.files(ONE_DAY) if day <= until and store.finest(day) is not None]
    return _measured(store, calendar, both[-1]) if both else None


def _measured(store: BarStore, calendar: SessionCalendar, day: date) -> DayMix | None:
    session, interval = calendar.session(day), store.finest(day)
    assert interval is not None
    common = set(store.symbols_on(ONE_DAY, [day])).intersection(store.symbols_on(interval, [day]))
    symbols = _some(sorted(common))
    start = pl.col("start").to_physical()
    made = (
        store.load(interval, [day], symbols, ["symbol", "start", "close", "volume"])
        .filter((start >= session.open) & (start < session.close))
        .group_by("symbol")
        .agg(pl.col("close").last(), pl.col("volume").sum())
    )
    stored = store.load(ONE_DAY, [day], symbols, ["symbol", "close", "volume"])
    pairs = made.join(stored, on="symbol", suffix="_stored").select(
        close=pl.col("close") / pl.col("close_stored"), volume=pl.col("volume") / pl.col("volume_stored")
    )
    same_basis = (pl.col("close") - 1.0).abs() <= BASIS_TOLERANCE
    pairs = pairs.filter(same_basis, pl.col("volume").is_finite())
    if not pairs.height:
        return None
    volume, close = pairs.select(pl.col("volume").median(), pl.col("close").median()).row(0)
    return DayMix(day, pairs.height, volume, close)


def _some(symbols: Sequence[str]) -> Sequence[str]:
    return symbols[:: -(-len(symbols) // _MOST_SYMBOLS) or 1]
