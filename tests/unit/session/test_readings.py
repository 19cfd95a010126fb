from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, NAN, make_block, make_session, rows
from symscan.model.readings import SESSION_READINGS
from symscan.session.readings import PhaseBars, SessionReadings

SESSION = make_session(minutes=10, premarket=3)
BOTH, EARLY, LATE, NOBODY = range(4)


@pytest.fixture
def readings() -> SessionReadings:
    """Bars of a symbol of both phases, one of the pre-market alone, one of the session alone, and none."""
    premarket, regular = PhaseBars(4), PhaseBars(4)
    at = SESSION.open
    premarket.grid.append(make_block(at - MINUTE, (9.5, 9.9, 9.4, 9.8, 300), None, None, None))
    premarket.grid.append(make_block(at, (9.8, 10.2, 9.6, 10.1, 200), (50, 51, 49, 50, 10), None, None))
    regular.grid.append(make_block(at + MINUTE, (10.4, 10.6, 10.0, 10.2, 1000), None, None, None))
    regular.grid.append(
        make_block(at + 2 * MINUTE, (10.2, 10.9, 10.1, 10.8, 500), None, (7, 8, 6, 7, 4), None)
    )
    regular.grid.append(make_block(at + 3 * MINUTE, None, None, (7, 7, 7, 7, 0), None))
    made = SessionReadings(premarket, regular, SESSION.open)
    made.previous_close[:] = [10, 40, NAN, 5]
    return made


def _values(readings: SessionReadings, minute: float) -> pl.DataFrame:
    readings.advance_to(SESSION.open + int(minute * MINUTE))
    return pl.DataFrame({name: readings.column(name) for name in SESSION_READINGS})


def _check(values: pl.DataFrame, row: int, **expected: float) -> None:
    """A row holds these values, and NaN in every other column."""
    found = values.row(row, named=True)
    for name in SESSION_READINGS:
        np.testing.assert_allclose(found[name], expected.get(name, NAN), rtol=1e-12, err_msg=name)


def test_at_the_open_price_and_gap_come_from_the_premarket() -> None:
    premarket = PhaseBars(1)
    premarket.grid.append(make_block(SESSION.open - MINUTE, (9.5, 9.9, 9.4, 9.8, 300)))
    readings = SessionReadings(premarket, PhaseBars(1), SESSION.open)
    readings.previous_close[:] = 10
    before = {"close": 9.8, "change_pct": -2, "gap_pct": -2, "previous_close": 10}
    seen = {"premarket_volume": 300, "premarket_high": 9.9, "premarket_low": 9.4}
    last = {"last_bar_end": SESSION.open - MINUTE}
    _check(_values(readings, -0.5), 0, **before, **seen, **last, minutes_since_bar=0.5)
    _check(_values(readings, 0), 0, **before, **seen, **last, minutes_since_bar=1)
    # After the open the pre-market is no price any more.
    _check(_values(readings, 1), 0, previous_close=10, **seen)


def test_after_the_open_the_regular_session_alone(readings: SessionReadings) -> None:
    values = _values(readings, 4)
    turnover = (10.6 + 10.0 + 10.2) / 3 * 1000 + (10.9 + 10.1 + 10.8) / 3 * 500
    _check(
        values,
        BOTH,
        open=10.4,
        high=10.9,
        low=10.0,
        close=10.8,
        volume=1500,
        vwap=turnover / 1500,
        last_bar_end=SESSION.open + 2 * MINUTE,
        minutes_since_bar=2,
        previous_close=10,
        change_pct=8,
        gap_pct=4,
        premarket_volume=500,
        premarket_high=10.2,
        premarket_low=9.4,
    )
    _check(values, EARLY, previous_close=40, premarket_volume=10, premarket_high=51, premarket_low=49)
    _check(
        values,
        LATE,
        open=7,
        high=8,
        low=6,
        close=7,
        volume=4,
        vwap=7,
        last_bar_end=SESSION.open + 3 * MINUTE,
        minutes_since_bar=1,
    )
    _check(values, NOBODY, previous_close=5)


def test_the_gap_is_fixed_at_the_first_bar_and_the_change_moves() -> None:
    regular = PhaseBars(1)
    moved = SessionReadings(PhaseBars(1), regular, SESSION.open)
    moved.previous_close[:] = 10
    seen = []
    for minute, price in enumerate((11.0, 12.0, 9.0), start=1):
        regular.grid.append(make_block(SESSION.open + minute * MINUTE, price))
        moved.advance_to(SESSION.open + minute * MINUTE)
        seen.append((moved.column("gap_pct").item(), moved.column("change_pct").item()))
    np.testing.assert_allclose(seen, [(10, 10), (10, 20), (10, -10)])


def test_volume_and_vwap_are_unknown_without_a_trade() -> None:
    regular = PhaseBars(2)
    regular.grid.append(make_block(SESSION.open + MINUTE, (5, 5, 5, 5, 0), None))
    readings = SessionReadings(PhaseBars(2), regular, SESSION.open)
    readings.advance_to(SESSION.open + MINUTE)
    np.testing.assert_array_equal(readings.column("volume"), [0, NAN])
    assert np.isnan(readings.column("vwap")).all()


@pytest.mark.parametrize("name", SESSION_READINGS)
def test_some_rows_are_the_column_cut_down(readings: SessionReadings, name: str) -> None:
    readings.advance_to(SESSION.open + 4 * MINUTE)
    chosen = rows(2, 0, 2)
    np.testing.assert_array_equal(readings.column(name, chosen), readings.column(name)[chosen])


def test_a_reading_that_is_none(readings: SessionReadings) -> None:
    with pytest.raises(KeyError):
        readings.column("turnover")


def test_readings_grow(readings: SessionReadings) -> None:
    before = _values(readings, 4)
    phases = readings.phase_bars
    phases.grow(6)
    readings.grow(6)
    np.testing.assert_array_equal(readings.column("close")[:4], before["close"])
    assert np.isnan(readings.column("previous_close")[4:]).all()
