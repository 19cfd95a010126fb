"""The bars of a session as its results read them: those of a store, or those of a record."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl

from symscan.model.instant import MINUTE
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.recording import RECORD_NAME
from symscan.runs.episodes import BARS_SCHEMA
from symscan.runs.schemas import INSTANT
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.backtest_source import finest_interval
from symscan.sources.stored.played_days import PlayedDays

_FIELDS = ("symbol", "high", "low", "close")
_COLUMNS = ("start", *_FIELDS)


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

    def __call__(self, session: Session, symbols: Sequence[str]) -> pl.DataFrame:
        """Return the bars of symbols, and of others, by symbol and end."""
        if not symbols:
            return pl.DataFrame(schema=BARS_SCHEMA)
        interval = finest_interval(self._store, session)
        played = self._played.find(self._store.path(interval, session.date))
        known = None if played is None else played.bars_of(symbols)
        if known is not None:
            return known.select(pl.col(name).cast(kind) for name, kind in BARS_SCHEMA.items())
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

    def __call__(self, session: Session, symbols: Sequence[str]) -> pl.DataFrame:
        """Return the bars of symbols, by symbol and end."""
        from symscan.recording.bars import bars
        from symscan.recording.session_log import SessionRecord

        if not symbols:
            return pl.DataFrame(schema=BARS_SCHEMA)
        with closing(SessionRecord.read(self._path)) as record:
            found = bars(record).filter(pl.col("symbol").is_in(list(symbols)))
            return _regular(found, session, Interval.parse(record.meta["base"])).sort("symbol", "end")


def _regular(bars: pl.DataFrame, session: Session, interval: Interval) -> pl.DataFrame:
    """Return the bars of regular hours with their ends: the last of a short session ends at its close."""
    start = bars["start"].to_physical().to_numpy()
    if start.min(initial=session.open) < session.open or start.max(initial=session.open) >= session.close:
        is_regular = (start >= session.open) & (start < session.close)
        bars, start = bars.filter(pl.Series(is_regular)), start[is_regular]
    end = np.minimum(start + interval.minutes * MINUTE, session.close)
    return bars.select(pl.lit(pl.Series("end", end)).cast(INSTANT), *_FIELDS).select(BARS_SCHEMA.names())
