"""Exits in later sessions, worked out on paper: a halt, an early close, splits, symbols that end or come."""

from __future__ import annotations

import numpy as np
import pytest

from support.day_bars import every_cell, lay_out
from symscan.model.instant import MINUTE
from symscan.research.statistics.day_bars import DayBars
from symscan.research.statistics.entries import entries
from symscan.research.statistics.excursions import WindowExtremes
from symscan.research.statistics.exits import returns_bp
from symscan.research.statistics.reasons import OutcomeReason
from symscan.research.statistics.session_ends import (
    SessionEnds,
    basis_breaks,
    later_excursions,
    later_exits,
)

DAY = 24 * 60 * MINUTE
PLAIN, HALTED, SPLIT, ENDS, LATE, BROKEN = range(6)
"""Trades always; not in the last minutes of the second session; splits 2 for 1 before the second; has no bar
after the first; opens 40 minutes late in the second; its price doubles overnight without a split."""


def day(index: int, slots: int, bars: dict[int, dict[int, tuple[float, float, float, float]]]) -> DayBars:
    """A session of the bars given by symbol and slot: open, high, low, close."""
    rows = [
        (symbol, slot, *prices, 100.0) for symbol, given in bars.items() for slot, prices in given.items()
    ]
    columns, at, *fields = np.array(rows).T
    start = index * DAY
    return lay_out(
        start,
        start + slots * MINUTE,
        MINUTE,
        6,
        columns.astype(int),
        start + at.astype(int) * MINUTE,
        np.array(fields),
    )


def flat(price: float) -> tuple[float, float, float, float]:
    """A bar without a move."""
    return price, price, price, price


FIRST = day(
    0,
    60,
    {
        PLAIN: {0: (100, 101, 99, 100), 30: (100, 103, 98, 101), 59: (102, 104, 102, 103)},
        HALTED: {0: flat(50), 59: flat(50)},
        SPLIT: {0: (200, 201, 199, 200), 59: (210, 212, 209, 211)},
        ENDS: {0: flat(10), 40: flat(12)},
        LATE: {0: flat(20), 59: flat(20)},
        BROKEN: {0: flat(30), 59: flat(30)},
    },
)
SECOND = day(
    1,
    50,  # an early close
    {
        PLAIN: {0: (104, 106, 104, 105), 49: (110, 115, 90, 112)},
        HALTED: {0: (51, 52, 51, 52), 20: (53, 54, 40, 53)},
        SPLIT: {0: (106, 107, 105, 106), 49: (108, 108, 108, 108)},
        LATE: {40: flat(21), 49: flat(22)},
        BROKEN: {0: flat(60), 49: flat(60)},
    },
)
ENDS_OF = SessionEnds.stack([SessionEnds.of_minutes(FIRST), SessionEnds.of_minutes(SECOND)])
SPLITS = np.ones((2, 6))
SPLITS[1, SPLIT] = 2.0


def test_the_next_open_is_the_first_open_in_time_on_the_hits_basis() -> None:
    found = later_exits(ENDS_OF, SPLITS, 1, at_open=True)
    assert [OutcomeReason(code) for code in found.why[0]] == [
        OutcomeReason.KNOWN,
        OutcomeReason.KNOWN,
        OutcomeReason.KNOWN,
        OutcomeReason.ENDED,
        OutcomeReason.NO_NEXT_OPEN,
        OutcomeReason.BASIS_MISMATCH,
    ]
    assert found.price[0, :3].tolist() == [104, 51, 212]
    assert found.minute[0, :3].tolist() == [0, 0, 0]
    assert ENDS_OF.first_minute[1, LATE] == 40
    assert found.volume[0, :3].tolist() == [100, 100, 50]  # shares of before the split
    assert np.isnan(found.volume[0, 3:]).all() and np.isnan(later_exits(ENDS_OF, SPLITS, 1).volume).all()
    assert set(found.why[1].tolist()) == {OutcomeReason.NOT_YET}
    assert np.isnan(found.price[1]).all()


def test_a_later_close_is_the_open_of_its_last_minute_or_the_last_price() -> None:
    found = later_exits(ENDS_OF, SPLITS, 1)
    assert found.price[0, [PLAIN, HALTED, SPLIT, LATE]].tolist() == [110, 53, 216, 22]
    assert found.why[0, [ENDS, BROKEN]].tolist() == [OutcomeReason.ENDED, OutcomeReason.BASIS_MISMATCH]
    assert found.last_price[0, ENDS] == 12
    np.testing.assert_array_equal(ENDS_OF.exit_age[1, [PLAIN, HALTED]], [np.nan, 49 - 21])


def test_excursions_reach_from_the_entry_to_the_exit_over_the_night() -> None:
    entered = entries(FIRST, [0])
    high, low = every_cell(entered).rest_of_session(FIRST, WindowExtremes(FIRST))
    assert (high[PLAIN], low[PLAIN]) == (104, 98)
    later = later_exits(ENDS_OF, SPLITS, 1)
    mfe, mae = later_excursions(entered.price[0], high, low, later.high[0], later.low[0])
    # the exit is the open of the last minute: what happens in it (115, 90) comes too late
    assert (mfe[PLAIN], mae[PLAIN]) == pytest.approx((1000, -200))
    assert (mfe[HALTED], mae[HALTED]) == pytest.approx((800, -2000))
    assert (mfe[SPLIT], mae[SPLIT]) == pytest.approx((800, -50))
    assert np.isnan(mfe[ENDS])


def test_a_jump_that_a_split_explains_breaks_nothing() -> None:
    np.testing.assert_array_equal(basis_breaks(ENDS_OF, SPLITS)[1], np.arange(6) == BROKEN)
    assert basis_breaks(ENDS_OF, np.ones((2, 6)))[1, SPLIT]


def test_daily_bars_that_know_of_a_split_the_minutes_do_not_are_on_another_basis() -> None:
    minutes, days = (30.0, 20.0, 20.5), (20.0, 20.0, 20.5)  # 3 for 2 before the second
    sessions = [
        SessionEnds.of_minutes(day(index, 10, {0: {0: flat(price), 9: flat(price)}}), np.full(6, close))
        for index, (price, close) in enumerate(zip(minutes, days, strict=True))
    ]
    found = later_exits(SessionEnds.stack(sessions), np.ones((3, 6)), 1)
    assert [OutcomeReason(code) for code in found.why[:2, 0]] == [
        OutcomeReason.BASIS_MISMATCH,
        OutcomeReason.KNOWN,
    ]
    assert np.isnan(found.price[0, 0])


@pytest.mark.parametrize("closes", [(30.0, np.nan), (60.0, 40.8), (30.8, 20.0)])
def test_daily_bars_that_differ_by_one_ratio_or_are_not_there_leave_exits(
    closes: tuple[float, float],
) -> None:
    sessions = [
        SessionEnds.of_minutes(day(index, 10, {0: {0: flat(price), 9: flat(price)}}), np.full(6, close))
        for index, (price, close) in enumerate(zip((30.0, 20.0), closes, strict=True))
    ]
    found = later_exits(SessionEnds.stack(sessions), np.ones((2, 6)), 1)
    assert (OutcomeReason(found.why[0, 0]), found.price[0, 0]) == (OutcomeReason.KNOWN, 20.0)


def test_a_session_without_the_symbol_leaves_its_last_price() -> None:
    close = np.array([[10.0, 5.0], [np.nan, 6.0], [12.0, np.nan]])
    ends = SessionEnds.of_days(close - 1, close + 1, close - 2, close)
    found = later_exits(ends, np.ones((3, 2)), 1)
    assert found.price[0].tolist() == [10.0, 6.0]
    assert found.age_sessions[0].tolist() == [1, 0]
    assert found.why[1].tolist() == [OutcomeReason.KNOWN, OutcomeReason.ENDED]
    assert (found.price[1, 0], found.last_price[1, 1]) == (12.0, 6.0)
    assert found.why[2].tolist() == [OutcomeReason.NOT_YET, OutcomeReason.NOT_YET]


def test_daily_bars_end_at_their_close_in_the_entrys_own_session() -> None:
    close = np.array([[10.0], [11.0]])
    ends = SessionEnds.of_days(close - 1, close + 1, close - 2, close)
    found = later_exits(ends, np.ones((2, 1)), 0)
    np.testing.assert_array_equal(found.price, close)
    assert returns_bp(ends.first[0], found.price[0])[0] == pytest.approx(1e4 / 9)
