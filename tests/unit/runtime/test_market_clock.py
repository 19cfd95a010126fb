"""The market's clock: what the moments say, and never behind the session."""

from __future__ import annotations

from support.builders import make_session
from symscan.clock.time_manager import TimeManager
from symscan.model.bar import BarSlice, InterimUpdate
from symscan.model.instant import MINUTE, SECOND
from symscan.runtime.market_clock import MarketClock

SESSION = make_session()
OPEN = SESSION.open


def test_it_says_what_the_last_moment_said() -> None:
    time = TimeManager(SESSION)
    clock = MarketClock(time)
    assert clock.now() == SESSION.pre_open
    time.advance_to(OPEN)
    clock.observe(BarSlice(OPEN, at=OPEN + 2 * SECOND))
    assert clock.now() == OPEN + 2 * SECOND
    clock.observe(InterimUpdate(at=OPEN + 31 * SECOND))
    assert clock.now() == OPEN + 31 * SECOND


def test_without_moments_that_say_it_is_the_sessions() -> None:
    time = TimeManager(SESSION)
    clock = MarketClock(time)
    time.advance_to(OPEN)
    clock.observe(BarSlice(OPEN))
    assert clock.now() == OPEN
    clock.observe(InterimUpdate())
    assert clock.now() == OPEN


def test_it_is_never_behind_the_session() -> None:
    """A resumed session may go through a minute that its clock had not heard of."""
    time = TimeManager(SESSION)
    clock = MarketClock(time)
    clock.observe(InterimUpdate(at=OPEN + SECOND))
    time.advance_to(OPEN + MINUTE)
    assert clock.now() == OPEN + MINUTE
