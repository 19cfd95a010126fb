from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from symscan.clock.time_manager import Phase, TimeManager
from symscan.clock.wall_clock import Stopwatch
from symscan.model.instant import MINUTE, SECOND, from_datetime
from symscan.model.session import Session


def at(hour: int, minute: int = 0) -> int:
    return from_datetime(datetime(2018, 2, 20, hour, minute, tzinfo=UTC))


SESSION = Session(
    date(2018, 2, 20), at(9), at(14, 30), at(21), at(21) + 240 * MINUTE, ZoneInfo("America/New_York")
)


def test_it_starts_with_the_pre_market() -> None:
    clock = TimeManager(SESSION)

    assert clock.now == SESSION.pre_open
    assert clock.session is SESSION


def test_it_moves_forward_and_tells_exchange_time() -> None:
    clock = TimeManager(SESSION)
    clock.advance_to(at(14, 35))
    clock.advance_to(at(14, 35))

    assert clock.now == at(14, 35)
    assert clock.get_current_time().isoformat() == "2018-02-20T09:35:00-05:00"
    assert clock.get_current_time() == datetime(2018, 2, 20, 14, 35, tzinfo=UTC)


def test_it_never_goes_back() -> None:
    clock = TimeManager(SESSION)
    clock.advance_to(at(15))

    with pytest.raises(ValueError, match="from 2018-02-20T15:00:00Z to 2018-02-20T14:59:00Z"):
        clock.advance_to(at(14, 59))
    assert clock.now == at(15)


@pytest.mark.parametrize(
    ("instant", "phase"),
    [
        (at(9), Phase.PRE_MARKET),
        (at(14, 29), Phase.PRE_MARKET),
        (at(14, 30), Phase.REGULAR),
        (at(21), Phase.REGULAR),
        (at(21, 1), Phase.POST_MARKET),
        (SESSION.post_close, Phase.POST_MARKET),
        (SESSION.post_close + 1, Phase.CLOSED),
    ],
)
def test_the_phase_of_an_instant(instant: int, phase: Phase) -> None:
    clock = TimeManager(SESSION)
    clock.advance_to(instant)

    assert clock.phase is phase


def test_a_stopwatch_runs() -> None:
    stopwatch = Stopwatch()
    first, second = stopwatch.elapsed_ms, stopwatch.elapsed_ms

    assert 0 <= first <= second
    assert stopwatch.elapsed_seconds < 60


# -- the market's time ---------------------------------------------------------------------------


def test_the_markets_time_is_what_the_last_update_said() -> None:
    clock = TimeManager(SESSION)
    assert clock.market_now == SESSION.pre_open
    clock.advance_to(SESSION.open)
    clock.update_market(SESSION.open + 2 * SECOND)
    assert clock.market_now == SESSION.open + 2 * SECOND
    clock.update_market(SESSION.open + 31 * SECOND)
    assert (clock.market_now, clock.now) == (SESSION.open + 31 * SECOND, SESSION.open)


def test_without_updates_that_say_it_is_the_sessions() -> None:
    clock = TimeManager(SESSION)
    clock.advance_to(SESSION.open)
    clock.update_market(None)
    assert clock.market_now == SESSION.open


def test_it_is_never_behind_the_session() -> None:
    """A resumed session may go through a minute that its clock had not heard of."""
    clock = TimeManager(SESSION)
    clock.update_market(SESSION.open + SECOND)
    clock.advance_to(SESSION.open + MINUTE)
    assert clock.market_now == SESSION.open + MINUTE


def test_a_pinned_clock_knows_the_session_alone() -> None:
    clock = TimeManager(SESSION)
    clock.advance_to(SESSION.open)
    clock.update_market(SESSION.open + 31 * SECOND)
    pinned = clock.pinned()
    clock.advance_to(SESSION.open + MINUTE)
    assert (pinned.now, pinned.market_now) == (SESSION.open, SESSION.open)
