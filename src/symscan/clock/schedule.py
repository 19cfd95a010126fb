"""When scans are due: windows of exchange time on the instants of one session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Final

from symscan.model.instant import Instant, from_datetime
from symscan.model.session import Session

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
"""The days of the week as a schedule names them, Monday first."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a session's day in which scans are due: ``start, start + interval, ... <= end``.

    Attributes
    ----------
    start, end
        Exchange time, whole minutes, both included. None stands for the bounds of what the window
        is laid over: open and close, or before the session start of the pre-market and open.
    every_minutes
        The step of the grid, which is anchored at ``start`` even where that is before the open.
    days
        The days of the week on which the window applies, as in :data:`DAYS`.

    Raises
    ------
    ValueError
        If a time has seconds or a zone, ``end`` is before ``start``, the step is not positive, or
        the days are none or unknown.
    """

    start: time | None
    end: time | None
    every_minutes: int
    days: tuple[str, ...] = DAYS

    def __post_init__(self) -> None:
        for bound in (self.start, self.end):
            if bound is not None and (bound.second or bound.microsecond or bound.tzinfo is not None):
                raise ValueError(f"{bound} is not a whole minute of exchange time")
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(f"the window ends at {self.end:%H:%M}, before it starts at {self.start:%H:%M}")
        if self.every_minutes <= 0:
            raise ValueError(f"a window cannot scan every {self.every_minutes} minutes")
        if not self.days or any(day not in DAYS for day in self.days):
            raise ValueError(f"{self.days} are not days of the week; write some of {', '.join(DAYS)}")


def due_instants(windows: Sequence[Window], session: Session) -> tuple[Instant, ...]:
    """When regular scans are due: ascending, each instant once, none outside open and close."""
    return _instants(tuple(windows), session, session.open, session.close)


def pre_session_instants(windows: Sequence[Window], session: Session) -> tuple[Instant, ...]:
    """When pre-session scans are due: ascending, each once, from the pre-market's start to the open."""
    return _instants(tuple(windows), session, session.pre_open, session.open)


@lru_cache(maxsize=64)
def _instants(
    windows: tuple[Window, ...], session: Session, first: Instant, last: Instant
) -> tuple[Instant, ...]:
    """Return the instants of windows; scanners of a session mostly have the same."""
    today = DAYS[session.date.weekday()]
    due = {
        instant
        for window in windows
        if today in window.days
        for instant in _grid(window, session, first, last)
        if first <= instant <= last
    }
    return tuple(sorted(due))


def _grid(window: Window, session: Session, first: Instant, last: Instant) -> Iterator[Instant]:
    """The instants of a window, stepping on the exchange's wall clock of that date."""
    moment = _wall_clock(window.start, session, first)
    end = _wall_clock(window.end, session, last)
    while moment <= end:
        yield from_datetime(moment.replace(tzinfo=session.zone))
        moment += timedelta(minutes=window.every_minutes)


def _wall_clock(bound: time | None, session: Session, default: Instant) -> datetime:
    if bound is None:
        return session.local(default).replace(tzinfo=None)
    return datetime.combine(session.date, bound)
