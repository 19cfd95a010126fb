"""The bars of a session as its results read them: those of a store, or those of a record."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl

from symscan.bars.prices import BarPrices
from symscan.model.instant import MINUTE
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.recording import RECORD_NAME
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.day_layout import finest_interval
from symscan.sources.stored.played_days import PlayedDays

_FIELDS = ("symbol", "open", "high", "low", "close")
_COLUMNS = ("start", *_FIELDS)
_SCHEMA = pl.Schema({"symbol": pl.String, "end": pl.Int64, **dict.fromkeys(_FIELDS[1:], pl.Float64)})


class StoredSessionBars:
    """Reads the regular bars of a session from a store, in the session's base interval.

    Parameters
    ----------
    store
        The store.
    played
        The days of the run, whose bars need not be read again.
    """

    def __init__(self, store: BarStore, played: PlayedDays | None = None) -> None:
        self._store = store
        self._played = played or PlayedDays()

    def __call__(self, session: Session, symbols: Sequence[str]) -> BarPrices:
        """Return the prices of symbols, and of others."""
        if not symbols or self._store.has_only_days:  # no bar ends between two scans of a day
            return BarPrices.of_frame(pl.DataFrame(schema=_SCHEMA))
        interval = finest_interval(self._store, session)
        played = self._played.find(self._store.path(interval, session.date))
        known = None if played is None else played.prices_of(symbols)
        if known is not None:
            return known
        # All of them: to read the others too costs less than to leave them out. They are sorted.
        return _regular(self._store.load(interval, [session.date], None, _COLUMNS), session, interval)


class RecordedSessionBars:
    """Reads the regular bars of a live session from its record, corrections included.

    Parameters
    ----------
    folder
        The folder of the session.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder.absolute() / RECORD_NAME

    def __call__(self, session: Session, symbols: Sequence[str]) -> BarPrices:
        """Return the prices of symbols."""
        from symscan.recording.bars import bars
        from symscan.recording.session_log import SessionRecord

        if not symbols:
            return BarPrices.of_frame(pl.DataFrame(schema=_SCHEMA))
        with closing(SessionRecord.read(self._path)) as record:
            found = bars(record).filter(pl.col("symbol").is_in(list(symbols)))
            return _regular(found.sort("symbol"), session, Interval.parse(record.meta["base"]))


def _regular(bars: pl.DataFrame, session: Session, interval: Interval) -> BarPrices:
    """Return the prices of regular hours; the last bar of a short session ends at its close."""
    start = bars["start"].to_physical().to_numpy()
    if start.min(initial=session.open) < session.open or start.max(initial=session.open) >= session.close:
        is_regular = (start >= session.open) & (start < session.close)
        bars, start = bars.filter(pl.Series(is_regular)), start[is_regular]
    end = pl.Series("end", np.minimum(start + interval.minutes * MINUTE, session.close))
    return BarPrices.of_frame(bars.with_columns(end))
