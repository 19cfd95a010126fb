"""What a fetch still has to ask, cut into parts that are asked, and kept, one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from symscan.model.interval import Interval
from symscan.model.session import Session

_PART_BARS: Final = 500_000
"""About a minute of downloading: what an interrupted fetch may lose."""

_MINUTES_TRADED: Final = 400
"""Minute bars of a symbol in a session that is traded all day; most have fewer."""

Asked = Callable[[date], Collection[str]]
"""The symbols of which a date need not be asked again."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked at once: sessions without a gap between them, of the same symbols."""

    interval: Interval
    sessions: tuple[Session, ...]
    symbols: tuple[str, ...]


def missing_parts(
    interval: Interval, sessions: Sequence[Session], symbols: Collection[str], asked: Asked
) -> list[Part]:
    """What of the symbols' bars in these sessions, which follow each other, was not asked before."""
    wanted = frozenset(symbols)

    def missing(session: Session) -> frozenset[str]:
        return wanted.difference(asked(session.date))

    return [
        part
        for names, run in groupby(sessions, key=missing)
        if names
        for part in _cut(interval, list(run), tuple(sorted(names)))
    ]


def _cut(interval: Interval, sessions: Sequence[Session], symbols: tuple[str, ...]) -> Iterator[Part]:
    """Parts of about the same size; one session is never cut, since it is kept as a whole."""
    bars = len(symbols) * (_MINUTES_TRADED // interval.minutes if interval.is_intraday else 1)
    step = max(1, _PART_BARS // max(1, bars))
    for first in range(0, len(sessions), step):
        yield Part(interval, tuple(sessions[first : first + step]), symbols)
