"""Split a download into batches that are fetched and stored one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from symscan.model.interval import Interval
from symscan.model.session import Session

_BATCH_BARS: Final = 500_000
"""About a minute of downloading: what an interrupted download may lose."""

_MINUTES_TRADED: Final = 400
"""Minute bars of a symbol in a session that is traded all day; most have fewer."""

FetchedSymbols = Callable[[date], Collection[str]]
"""The symbols that were fetched for a date."""


@dataclass(frozen=True, slots=True)
class DownloadBatch:
    """Bars that are fetched at once: of consecutive sessions and the same symbols."""

    interval: Interval
    sessions: tuple[Session, ...]
    symbols: tuple[str, ...]


def missing_batches(
    interval: Interval, sessions: Sequence[Session], symbols: Collection[str], fetched: FetchedSymbols
) -> list[DownloadBatch]:
    """Return the batches of the symbols' bars in these consecutive sessions that were not fetched yet."""
    wanted = frozenset(symbols)

    def missing(session: Session) -> frozenset[str]:
        return wanted.difference(fetched(session.date))

    return [
        batch
        for names, run in groupby(sessions, key=missing)
        if names
        for batch in _split_batches(interval, list(run), tuple(sorted(names)))
    ]


def _split_batches(
    interval: Interval, sessions: Sequence[Session], symbols: tuple[str, ...]
) -> Iterator[DownloadBatch]:
    """Split sessions into batches of about the same size; a session is stored, so fetched, as a whole."""
    bars = len(symbols) * (_MINUTES_TRADED // interval.minutes if interval.is_intraday else 1)
    step = max(1, _BATCH_BARS // max(1, bars))
    for first in range(0, len(sessions), step):
        yield DownloadBatch(interval, tuple(sessions[first : first + step]), symbols)
