from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, NAN, Weekdays, make_session, weekdays_before
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, ONE_MINUTE, ONE_WEEK, Interval
from symscan.model.session import Session
from symscan.sources.store.bar_store import BarStore, bar_schema
from symscan.sources.stored.history import StoreHistory

SESSION = make_session(date(2018, 3, 1))  # a Thursday
EARLIER = weekdays_before(SESSION, 14)


class Calendar(Weekdays):
    def sessions(self, start: date, end: date) -> list[Session]:
        days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
        return [make_session(day) for day in days if day.weekday() < 5]


def _put(store: BarStore, interval: Interval, day: Session, bars: dict[str, dict[int, float]]) -> None:
    """Bars by symbol and start in minutes after the open; one of a day starts at 0."""
    schema = bar_schema(interval)
    rows = [
        (day.date, symbol, *([day.open + minute * MINUTE] if interval.is_intraday else []), *[price] * 4, 6.0)
        for symbol, prices in sorted(bars.items())
        for minute, price in sorted(prices.items())
    ]
    raw = {**schema, "start": pl.Int64} if interval.is_intraday else dict(schema)
    with store.updating() as update:
        update.put(interval, day.date, pl.DataFrame(rows, raw, orient="row").cast(dict(schema)))


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore.create(tmp_path / "store")


def _closes(store: BarStore, interval: Interval, days: int, *symbols: str) -> list[list[float]]:
    history = StoreHistory(store, Calendar(SESSION))  # type: ignore[arg-type]
    return [block.close.tolist() for block in history.load(symbols, interval, SESSION, days)]


def test_stored_bars_are_used_and_an_absent_symbol_has_none(store: BarStore) -> None:
    _put(store, ONE_MINUTE, EARLIER[-1], {"A": {0: 1.0}, "B": {0: 2.0, 6: 3.0}})
    _put(store, FIVE_MINUTES, EARLIER[-1], {"A": {5: 7.0}})
    np.testing.assert_array_equal(_closes(store, FIVE_MINUTES, 1, "A", "B"), [[NAN, NAN], [7, NAN]])


def test_else_they_are_derived_from_the_finest(store: BarStore) -> None:
    _put(store, ONE_MINUTE, EARLIER[-1], {"A": {-2: 99.0, 0: 1.0, 4: 5.0}, "B": {6: 3.0}})
    assert _closes(store, FIVE_MINUTES, 0, "A") == []
    np.testing.assert_array_equal(_closes(store, FIVE_MINUTES, 1, "B", "A"), [[NAN, 5], [3, NAN]])
    np.testing.assert_array_equal(_closes(store, ONE_DAY, 2, "A", "B"), [[NAN, NAN], [5, 3]])


def test_what_can_not_be_derived_is_not_there(store: BarStore) -> None:
    _put(store, FIVE_MINUTES, EARLIER[-1], {"A": {0: 1.0}})
    assert _closes(store, ONE_MINUTE, 1, "A") == []
    assert _closes(store, Interval.parse("7m"), 1, "A") == []


def test_daily_bars_are_of_the_days_asked_for_and_say_who_is_absent(store: BarStore) -> None:
    for number, day in enumerate(EARLIER[-3:]):
        _put(store, ONE_DAY, day, {"A": {0: 10.0 + number}})
    _put(store, ONE_DAY, SESSION, {"A": {0: 99.0}})
    assert _closes(store, ONE_DAY, 2, "A") == [[11], [12]]
    history = StoreHistory(store, Calendar(SESSION))  # type: ignore[arg-type]
    (block,) = history.load(("B", "A"), ONE_DAY, SESSION, 1)
    assert (block.end, block.present.tolist(), block.absent.tolist()) == (
        EARLIER[-1].close,
        [False, True],
        [0],
    )


def test_weeks_are_whole_and_over(store: BarStore) -> None:
    for number, day in enumerate(EARLIER):
        _put(store, ONE_DAY, day, {"A": {0: float(number)}})
    # Of the fourteen sessions before Thursday the 1st, the 19th to the 23rd is the last whole week,
    # the 12th to the 16th the one before; the 9th stands alone, and this week is not over.
    assert [day.date.day for day in EARLIER] == [9, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 26, 27, 28]
    assert _closes(store, ONE_WEEK, 14, "A") == [[5], [10]]
    assert _closes(store, ONE_WEEK, 12, "A") == [[10]]


def test_older_prices_are_on_the_sessions_basis(store: BarStore) -> None:
    for day in EARLIER[-3:]:
        _put(store, ONE_DAY, day, {"A": {0: 40.0}, "B": {0: 5.0}})
        _put(store, ONE_MINUTE, day, {"A": {0: 40.0}, "B": {0: 5.0}})
    splits = [
        ("A", EARLIER[-2].date, 2.0),
        ("A", SESSION.date, 4.0),
        ("A", SESSION.date + timedelta(days=1), 10.0),  # not yet
    ]
    with store.updating() as update:
        update.put_splits(pl.DataFrame(splits, ["symbol", "ex_date", "ratio"], orient="row"))
    assert _closes(store, ONE_DAY, 3, "A", "B") == [[5, 5], [10, 5], [10, 5]]
    history = StoreHistory(store, Calendar(SESSION))  # type: ignore[arg-type]
    minutes = [block for block in history.load(("A",), ONE_MINUTE, SESSION, 3) if block.present.all()]
    assert [(block.close.item(), block.volume.item()) for block in minutes] == [(5, 48), (10, 24), (10, 24)]
    assert history.daily(("A", "B"), SESSION).previous_close.tolist() == [10, 5]


@pytest.mark.parametrize(
    ("daily", "mismatched"), [(103.0, False), (104.0, True), (96.0, True), (97.5, False)]
)
def test_daily_and_intraday_bars_on_different_bases(store: BarStore, daily: float, mismatched: bool) -> None:
    """The last regular bar counts: 100, whatever the pre-market and the post-market say."""
    _put(store, ONE_MINUTE, EARLIER[-1], {"A": {-1: 3.0, 0: 50.0, 9: 100.0, 10: 7.0}, "B": {0: 5.0}})
    _put(store, ONE_DAY, EARLIER[-1], {"A": {0: daily}})
    found = StoreHistory(store, Calendar(SESSION)).daily(("B", "A"), SESSION)  # type: ignore[arg-type]
    assert found.mismatched.tolist() == [False, mismatched]
    np.testing.assert_array_equal(found.previous_close, [5.0, NAN if mismatched else daily])


def test_the_previous_close_is_of_the_session_just_before(store: BarStore) -> None:
    _put(store, ONE_DAY, EARLIER[-2], {"A": {0: 1.0}})
    found = StoreHistory(store, Calendar(SESSION)).daily(("A",), SESSION)  # type: ignore[arg-type]
    assert np.isnan(found.previous_close).all()


@pytest.mark.parametrize("others", [1, 1001])
@pytest.mark.parametrize("interval", [ONE_MINUTE, FIVE_MINUTES, ONE_DAY, ONE_WEEK], ids=str)
def test_of_no_symbols_there_are_no_bars(store: BarStore, interval: Interval, others: int) -> None:
    """Also where the store has so many that only those asked for are read."""
    for day in EARLIER[-9:]:
        _put(store, ONE_DAY, day, {f"S{number}": {0: 1.0} for number in range(others)})
        _put(store, ONE_MINUTE, day, {"S0": {0: 1.0}})
    assert [closes for closes in _closes(store, interval, 9) if closes] == []
    history = StoreHistory(store, Calendar(SESSION))  # type: ignore[arg-type]
    assert history.daily((), SESSION).previous_close.shape == (0,)
