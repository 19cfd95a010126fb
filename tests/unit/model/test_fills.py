"""From when on decisions can be filled, and in which bars."""

from __future__ import annotations

import pytest

from symscan.model.fills import FillWindow, counted_decision, fillable_from, rests_on_daily_bars
from symscan.model.instant import MINUTE, SECOND

OPEN = 1_000 * MINUTE


@pytest.mark.parametrize(("late", "counts"), [(0, 0), (5, 0), (5.000001, 5.000001), (61, 61)])
def test_a_decision_within_five_seconds_counts_as_made_at_the_scan(late: float, counts: float) -> None:
    assert counted_decision(OPEN, OPEN + round(late * SECOND)) == OPEN + round(counts * SECOND)


@pytest.mark.parametrize(
    ("scan", "decided", "daily", "expected"),
    [
        (-120, -120, False, 0),  # two minutes before the open: in time for its auction
        (-119, -119, False, 60),
        (-125, -119, False, 60),  # decided too late, though the scan was early
        (0, 0, False, 60),  # at the open the auction is over
        (0, 3, False, 60),
        (0, 0, True, 0),  # nobody had to wait for daily bars
        (0, 4, True, 0),
        (0, 20, True, 20),  # but this one was decided when it was over
        (0, 20, False, 20),
        (0, 90, False, 90),
    ],
)
def test_who_comes_too_late_for_the_auction_is_filled_after_it(
    scan: int, decided: int, daily: bool, expected: int
) -> None:
    instants = (OPEN + scan * SECOND, OPEN + decided * SECOND, OPEN)
    assert fillable_from(*instants, rests_on_daily_bars=daily) == OPEN + expected * SECOND


def test_after_the_auction_comes_the_next_bar_however_long_bars_are() -> None:
    found = fillable_from(OPEN, OPEN, OPEN, rests_on_daily_bars=False, interval=5 * MINUTE)
    assert found == OPEN + 5 * MINUTE


def test_a_window_holds_both_its_ends_and_never_the_last_bar() -> None:
    window = FillWindow.after(OPEN + SECOND, delay_minutes=1, within_minutes=2)
    starts = [OPEN + minute * MINUTE for minute in range(1, 5)]
    assert [window.admits(start, is_last=False) for start in starts] == [False, True, True, False]
    assert [window.is_over(start) for start in starts] == [False, False, False, True]
    assert not window.admits(starts[1], is_last=True)
    assert FillWindow.after(OPEN, 0, 2).admits(OPEN + 2 * MINUTE, is_last=False)


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        (("previous_close", "sma_20_1d", "bbands_20_2_1d.upper", "sma_1_1w", "close_1mo"), True),
        (("sma_20_1d", "gap_pct"), False),
        (("sma_20_5m",), False),
        ((), True),
        (None, False),
    ],
)
def test_daily_bars_alone_are_those_of_completed_sessions(
    reads: tuple[str, ...] | None, expected: bool
) -> None:
    assert rests_on_daily_bars(reads) is expected
