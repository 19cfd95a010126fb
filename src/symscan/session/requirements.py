"""The requirement analyzer: how much history an indicator needs, in whole sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from symscan.indicators.registry import definition
from symscan.model.interval import ONE_DAY, ONE_MONTH, ONE_WEEK, Interval
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec

_SLACK = Fraction(5, 4)
"""Factor on a warm-up in intraday bars: a symbol does not trade in every bar."""


def warm_up_bars(spec: IndicatorSpec) -> int:
    """Return how many bars before the session an indicator needs: for an earlier value of today no more."""
    back = 0 if spec.interval.is_intraday else spec.back
    return definition(spec.name).warm_up_bars(spec) + back


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
    if spec.interval == ONE_DAY:
        return bars
    if not spec.interval.is_intraday:
        return _sessions_of_periods(bars, spec.interval, earlier)
    return _sessions_of_bars(bars * _SLACK, spec.interval, earlier)


def most_sessions_needed(spec: IndicatorSpec) -> int:
    """Return an upper bound on :func:`sessions_needed`: the shortest sessions have 180 minutes."""
    sessions = warm_up_sessions(spec)
    if sessions:
        return sessions
    bars = warm_up_bars(spec)
    if not spec.interval.is_intraday:
        longest = {ONE_WEEK: 5, ONE_MONTH: 23}.get(spec.interval)
        return bars if longest is None else longest * (bars + 2)
    return int(bars * _SLACK) * spec.interval.minutes // 180 + 2


def _sessions_of_bars(bars: Fraction, interval: Interval, earlier: Sequence[Session]) -> int:
    found = 0
    for count, session in enumerate(earlier, start=1):
        found += -(-session.minutes // interval.minutes)
        if found >= bars:
            return count
    return len(earlier)


def _sessions_of_periods(count: int, interval: Interval, earlier: Sequence[Session]) -> int:
    """Count the sessions back to the date that begins the first of so many whole weeks or months."""
    if not earlier:
        return 0
    first = interval.first_date(earlier[0].date + timedelta(days=1))
    for _ in range(count):
        first = interval.first_date(first - timedelta(days=1))
    return sum(session.date >= first for session in earlier)
