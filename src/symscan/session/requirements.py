"""The requirement analyzer: how much history an indicator needs, in whole sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from symscan.indicators.registry import definition
from symscan.model.interval import ONE_WEEK, Interval
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec

_SLACK = Fraction(5, 4)
"""Factor on a warm-up in intraday bars: a symbol does not trade in every bar."""


def warm_up_bars(spec: IndicatorSpec) -> int:
    """Return how many bars before the session an indicator needs."""
    return definition(spec.name).warm_up_bars(spec)


def warm_up_sessions(spec: IndicatorSpec) -> int:
    """Return how many whole sessions an indicator needs, 0 for one that counts in bars."""
    return definition(spec.name).warm_up_sessions(spec)


def sessions_needed(spec: IndicatorSpec, earlier: Sequence[Session]) -> int:
    """Return how many sessions of history a spec needs; it depends on the spec and the calendar alone.

    Parameters
    ----------
    spec
        The indicator.
    earlier
        The sessions before the one played, newest first, as many as could be needed.
    """
    sessions = warm_up_sessions(spec)
    if sessions:
        return sessions
    bars = warm_up_bars(spec)
    if bars == 0:
        return 0
    if spec.interval == ONE_WEEK:
        return _sessions_of_weeks(bars, earlier)
    if not spec.interval.is_intraday:
        return bars
    return _sessions_of_bars(bars * _SLACK, spec.interval, earlier)


def most_sessions_needed(spec: IndicatorSpec) -> int:
    """Return an upper bound on :func:`sessions_needed`: the shortest sessions have 180 minutes."""
    sessions = warm_up_sessions(spec)
    if sessions:
        return sessions
    bars = warm_up_bars(spec)
    if not spec.interval.is_intraday:
        return 5 * bars + 10 if spec.interval == ONE_WEEK else bars
    return int(bars * _SLACK) * spec.interval.minutes // 180 + 2


def _sessions_of_bars(bars: Fraction, interval: Interval, earlier: Sequence[Session]) -> int:
    found = 0
    for count, session in enumerate(earlier, start=1):
        found += -(-session.minutes // interval.minutes)
        if found >= bars:
            return count
    return len(earlier)


def _sessions_of_weeks(weeks: int, earlier: Sequence[Session]) -> int:
    """Count the sessions back to the Monday that begins the first of so many whole weeks."""
    if not earlier:
        return 0
    newest = earlier[0].date + timedelta(days=1)
    this_monday = newest - timedelta(days=newest.weekday())
    first = this_monday - timedelta(weeks=weeks)
    return sum(session.date >= first for session in earlier)
