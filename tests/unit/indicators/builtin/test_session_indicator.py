from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from support.calendars import calendar_of
from symscan.bars.dense import Slots
from symscan.indicators.builtin.session_indicator import SessionClock
from symscan.model.instant import MINUTE, from_datetime
from symscan.model.interval import Interval


def test_a_session_from_its_open() -> None:
    clock = SessionClock(Interval.parse("5m"))
    first = from_datetime(datetime(2018, 2, 20, 14, 35, tzinfo=UTC))
    assert (clock.slot, clock.end) == (-1, -1)
    assert clock.advance_to(first)
    assert (clock.slot, clock.minutes) == (0, 5)
    assert not clock.advance_to(first), "the same slot may end again"
    assert not clock.advance_to(first + 25 * MINUTE), "missing slots do not end a session"
    assert (clock.slot, clock.minutes) == (5, 30)


@pytest.mark.parametrize("exchange", ["NYSE", "LSE", "XETR"])
@pytest.mark.parametrize("interval", ["1m", "7m", "1h", "4h", "24h"])
def test_tells_sessions_apart_over_a_year(exchange: str, interval: str) -> None:
    """Half days, weekends and both changes of the clocks included."""
    clock = SessionClock(Interval.parse(interval))
    for session in calendar_of(exchange).sessions(date(2018, 3, 1), date(2018, 12, 31)):
        ends = Slots.regular(session, Interval.parse(interval)).ends
        edges = ends if len(ends) < 9 else [*ends[:3], ends[len(ends) // 2], *ends[-2:]]
        assert [clock.advance_to(end) for end in edges] == [True] + [False] * (len(edges) - 1)
        assert clock.slot == len(ends) - 1
        if session.minutes >= Interval.parse(interval).minutes:
            assert clock.minutes == session.minutes


def test_takes_over_a_clock_that_is_ahead_and_no_other() -> None:
    clock, ahead = SessionClock(Interval.parse("1m")), SessionClock(Interval.parse("1m"))
    ahead.advance_to(600 * MINUTE)
    ahead.advance_to(610 * MINUTE)
    ahead.catch_up(clock)
    clock.catch_up(ahead)
    assert (clock.slot, clock.end, clock.minutes) == (10, 610 * MINUTE, 11)
    assert not clock.advance_to(611 * MINUTE)
