from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from support.builders import MINUTE, make_session, weekdays_before
from symscan.indicators.registry import spec_of
from symscan.model.session import Session
from symscan.session.requirements import most_sessions_needed, sessions_needed, warm_up_bars

FULL_DAYS = weekdays_before(make_session(minutes=390), 1500)[::-1]


def _half(session: Session) -> Session:
    return replace(session, close=session.open + 210 * MINUTE, is_early_close=True)


@pytest.mark.parametrize(
    ("key", "bars"),
    [
        ("sma_20_1d", 20),
        ("volume_ratio_20_5m", 21),
        ("roc_10_5m", 11),
        ("vwap_1m", 0),
        # A seed of n bars, then until (1 - 2 / (n + 1)) ** bars < 1e-8: 0.8 ** 83 = 9.0e-9.
        ("ema_9_5m", 9 + 83),
        # Wilder's seed takes n moves, so n + 1 bars; (13 / 14) ** 249 = 9.7e-9.
        ("rsi_14_5m", 15 + 249),
    ],
)
def test_bars_to_warm(key: str, bars: int) -> None:
    assert warm_up_bars(spec_of(key)) == bars


@pytest.mark.parametrize(
    ("key", "sessions"),
    [
        ("vwap_1m", 0),
        ("sma_1_1d", 1),
        ("sma_20_1d", 20),
        ("sma_62_5m", 1),  # 62 bars and a quarter more are 77.5 of the 78 a day has
        ("sma_63_5m", 2),
        ("sma_312_1m", 1),
        ("sma_313_1m", 2),
        ("rsi_14_5m", 5),  # 264 * 1.25 = 330 of 78 a day
        ("relative_volume_10_1m", 10),  # it counts in sessions
        ("same_bar_volume_7_5m", 7),
        ("opening_range_15_1m", 0),
        ("sma_28_1h", 5),  # an hour's bars: seven a day, the last one cut
    ],
)
def test_whole_sessions_of_full_days(key: str, sessions: int) -> None:
    assert sessions_needed(spec_of(key), FULL_DAYS) == sessions


def test_a_half_day_counts_for_what_it_has() -> None:
    spec = spec_of("sma_62_5m")
    assert sessions_needed(spec, [_half(FULL_DAYS[0]), *FULL_DAYS[1:]]) == 2
    assert sessions_needed(spec, [_half(day) for day in FULL_DAYS]) == 2  # 42 bars a day
    assert sessions_needed(spec_of("sma_20_1d"), [_half(day) for day in FULL_DAYS]) == 20
    assert sessions_needed(spec_of("relative_volume_10_1m"), [_half(day) for day in FULL_DAYS]) == 10


def test_less_history_than_wanted_is_all_there_is() -> None:
    assert sessions_needed(spec_of("sma_63_5m"), FULL_DAYS[:1]) == 1
    assert sessions_needed(spec_of("sma_3_1w"), []) == 0


@pytest.mark.parametrize(
    ("day", "weeks", "first"),
    [
        (date(2018, 2, 28), 1, date(2018, 2, 19)),  # a Wednesday: the whole week before its own
        (date(2018, 2, 27), 2, date(2018, 2, 12)),
        (date(2018, 3, 2), 3, date(2018, 2, 5)),
    ],
)
def test_weeks_begin_on_a_monday(day: date, weeks: int, first: date) -> None:
    earlier = weekdays_before(make_session(day), 60)[::-1]
    needed = sessions_needed(spec_of(f"sma_{weeks}_1w"), earlier)
    assert earlier[needed - 1].date == first


def test_on_a_monday_there_are_enough_whole_weeks() -> None:
    earlier = weekdays_before(make_session(date(2018, 2, 26)), 60)[::-1]
    needed = sessions_needed(spec_of("sma_1_1w"), earlier)
    assert earlier[needed - 1].date <= date(2018, 2, 26) - timedelta(weeks=1)
    assert earlier[needed - 1].date.weekday() == 0


@pytest.mark.parametrize("interval", ["1m", "5m", "7m", "45m", "1h", "3h", "6h", "24h", "1d", "1w"])
@pytest.mark.parametrize("period", [1, 2, 13, 50, 200])
@pytest.mark.parametrize("length", [180, 210, 390, 391])
def test_the_bound_holds(interval: str, period: int, length: int) -> None:
    """Looking at as many sessions as the bound says, never runs out of them."""
    spec = spec_of(f"sma_{period}_{interval}")
    earlier = [replace(day, close=day.open + length * MINUTE) for day in FULL_DAYS]
    assert sessions_needed(spec, earlier) <= most_sessions_needed(spec)
