from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.builders import MINUTE, NAN, make_block, make_session, rows
from symscan.indicators.registry import spec_of
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, Interval
from symscan.session.holders import CONFIG
from symscan.session.session_data import SessionData

ME = "scanner:me"
LAST = spec_of("sma_1_5m")
DAILY = spec_of("sma_1_1d")


def test_rows_are_given_once_and_freed_rows_again() -> None:
    data = SessionData(make_session(), ["A", "B"])
    assert data.add_rows(["B", "C", "C", "D"]) == ["C", "D"]
    data.free_rows(["A", "C"])
    assert data.add_rows(["E", "A"]) == ["E", "A"]
    assert sorted(data.symbols.rows(["A", "B", "D", "E"]).tolist()) == [0, 1, 2, 3]


def test_beyond_its_spare_rows_everything_grows(playing: Any) -> None:
    data = playing.data
    data.request_indicator(LAST, ME, rows(0))
    for minute in range(1, 6):
        playing.minute(minute, 10.0 + minute, 5.0, None)
    before = data.capacity
    data.add_rows([f"S{number}" for number in range(200)])
    assert data.capacity > before
    data.in_store[:] = True
    playing.minute(6, 20.0, *[1.0] * 202)
    widths = {
        len(data.in_store),
        len(data.mismatched),
        len(data.readings.previous_close),
        *(len(data.readings.column(name)) for name in ("open", "volume", "minutes_since_bar")),
        *(grid.rows for grid in (data.premarket.grid, data.regular.grid, *data.derived.values())),
        len(data.indicator(LAST)),
    }
    assert widths == {data.capacity}
    assert data.readings.column("close")[:4].tolist() == [20, 1, 1, 1]
    assert data.indicator(LAST)[0] == 15


def test_a_row_used_again_knows_nothing_of_its_last_symbol(playing: Any) -> None:
    data = playing.data
    data.add_interval(FIVE_MINUTES, "scanner:me")
    data.request_indicator(LAST, ME, rows(0, 1, 2))
    data.readings.previous_close[:3] = 7
    data.mismatched[:3] = True
    playing.minute(0, 4.0, 4.0, 4.0)
    for minute in range(1, 6):
        playing.minute(minute, 10.0, 20.0, 30.0)
    data.free_rows(["B"])
    data.add_rows(["NEW"])
    row = data.symbols.row("NEW")
    assert row == 1
    assert not data.in_store[row]
    assert not data.mismatched[row]
    for name in ("open", "close", "volume", "vwap", "previous_close", "premarket_volume", "last_bar_end"):
        assert np.isnan(data.readings.column(name)[row]), name
    assert np.isnan(data.indicator(LAST)[row])
    assert not data.requested_rows(LAST, ME)[row]
    assert data.derived[FIVE_MINUTES].latest(row) is None
    assert data.readings.column("close")[[0, 2]].tolist() == [10, 30]


def test_a_late_symbol_catches_up_with_every_interval(playing: Any) -> None:
    data = playing.data
    data.add_interval(FIVE_MINUTES, "scanner:me")
    playing.minute(0, 4.0, None, None)
    prices = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0]
    for minute, price in enumerate(prices, start=1):
        playing.minute(minute, price, None, None)
    data.add_rows(["LATE"])
    opens = playing.session.open
    data.catch_up(
        ["LATE"],
        [make_block(opens, 4.0)],
        [make_block(opens + (k + 1) * MINUTE, price) for k, price in enumerate(prices)],
    )
    first, late = data.symbols.row("A"), data.symbols.row("LATE")
    for name in ("open", "high", "low", "close", "volume", "vwap", "premarket_high", "last_bar_end"):
        column = data.readings.column(name)
        assert column[late] == column[first], name
    assert data.derived[FIVE_MINUTES].recent(late, 9) == data.derived[FIVE_MINUTES].recent(first, 9)
    assert data.regular.grid.recent(late, 9) == data.regular.grid.recent(first, 9)


def test_an_interval_asked_for_late_has_the_bars_so_far(playing: Any) -> None:
    data = playing.data
    assert data.grid(FIVE_MINUTES) is None
    for minute in range(1, 8):
        playing.minute(minute, float(minute), None, None)
    data.add_interval(FIVE_MINUTES, "scanner:me")
    for minute in range(8, 11):
        playing.minute(minute, float(minute), None, None)
    grid = data.grid(FIVE_MINUTES)
    assert [(bar.open, bar.close, bar.volume) for bar in grid.recent(0, 9)] == [(1, 5, 5), (6, 10, 5)]


@pytest.mark.parametrize(("base", "asked"), [("5m", "1m"), ("5m", "7m"), ("1m", "1m"), ("5m", "12m")])
def test_bars_that_cannot_be_built_are_not_kept(base: str, asked: str) -> None:
    data = SessionData(make_session(minutes=60), ["A"], base=Interval.parse(base))
    data.add_interval(Interval.parse(asked), "scanner:me")
    assert data.derived == {}


def test_the_finest_grid_is_that_of_the_phase(playing: Any) -> None:
    data = playing.data
    playing.minute(0, 1.0, None, None)
    assert data.grid(ONE_MINUTE) is data.premarket.grid
    playing.minute(1, 2.0, None, None)
    assert data.grid(ONE_MINUTE) is data.regular_grid(ONE_MINUTE) is data.regular.grid
    data.add_interval(ONE_DAY, "scanner:me")
    assert data.grid(ONE_DAY) is data.regular_grid(ONE_DAY)


def test_nothing_crosses_the_night(playing: Any) -> None:
    """A warm intraday indicator is unknown until its interval completes a bar of the symbol today."""
    data = playing.data
    for spec in (LAST, DAILY):
        data.request_indicator(spec, ME, rows(0, 1))
        data.indicators.rebuild(spec, rows(0, 1), [make_block(1, 8.0, 9.0)])
    seen = []
    for minute in (4, 5):
        playing.minute(minute, 10.0, None, None)
        seen.append(data.indicator(LAST)[:2].tolist())
    np.testing.assert_array_equal(seen, [[NAN, NAN], [10, NAN]])
    np.testing.assert_array_equal(data.indicator(DAILY)[:3], [8, 9, NAN])


def test_a_spec_may_be_read_by_who_asked_and_of_the_configurations_symbols(playing: Any) -> None:
    data = playing.data
    assert data.request_indicator(LAST, ME, rows(0)).tolist() == [0]
    assert data.request_indicator(LAST, CONFIG, rows(0, 1)).tolist() == [1]
    assert data.request_indicator(LAST, "scanner:other", rows(2)).tolist() == [2]
    assert data.requested_rows(LAST, ME)[:3].tolist() == [True, True, False]


def test_the_session_opens_once() -> None:
    data = SessionData(make_session())
    assert not data.is_active
    assert data.activate_session()
    assert not data.activate_session()
    assert data.is_active
