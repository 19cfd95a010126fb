from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, NAN, make_session
from symscan.errors import DataError
from symscan.model.bar import CLOSE, BarSlice
from symscan.model.interval import FIVE_MINUTES, ONE_MINUTE, Interval
from symscan.model.session import Session
from symscan.sources.store.bar_store import BarStore, bar_schema
from symscan.sources.stored.backtest_source import BacktestSource
from symscan.sources.stored.day_layout import finest_interval
from symscan.sources.stored.played_days import PlayedDays

SESSION = make_session(minutes=10, premarket=3)
OPEN = SESSION.open


def _store(folder: Path, interval: Interval = ONE_MINUTE, **bars: dict[int, float]) -> BarStore:
    """Bars by symbol and start in minutes after the open."""
    store = BarStore.create(folder / "store")
    _put(store, SESSION, interval, **bars)
    return store


def _put(
    store: BarStore, session: Session, interval: Interval = ONE_MINUTE, **bars: dict[int, float]
) -> None:
    rows = [
        (session.date, symbol, session.open + minute * MINUTE, *[price] * 4, 1.0)
        for symbol, day in sorted(bars.items())
        for minute, price in sorted(day.items())
    ]
    schema = bar_schema(interval)
    frame = pl.DataFrame(rows, {**schema, "start": pl.Int64}, orient="row").cast(dict(schema))
    with store.updating() as update:
        update.put(interval, session.date, frame)


def _told(slices: Any, column: int = 0) -> list[tuple[int, float | None]]:
    """The minute and the price of every slice that has bars."""
    return [((one.end - OPEN) // MINUTE, one.bars.close[column]) for one in slices if one.bars is not None]


def test_a_bar_is_delivered_at_its_end(tmp_path: Path) -> None:
    source = BacktestSource(_store(tmp_path, A={-1: 9.0, 0: 10.0, 4: 14.0}, B={2: 5.0}), SESSION)
    source.subscribe({"B": 0, "A": 1}, 2)
    slices = list(source.slices())
    assert [(one.end - OPEN) // MINUTE for one in slices] == list(range(-2, 11))
    prices = {minute: price for minute, price in _told(slices, 1) if price == price}
    assert prices == {0: 9, 1: 10, 5: 14}
    assert [minute for minute, price in _told(slices) if price == price] == [3]


def test_without_premarket_bars_it_begins_at_the_open(tmp_path: Path) -> None:
    source = BacktestSource(_store(tmp_path, A={0: 10.0}), SESSION)
    source.subscribe({"A": 0}, 1)
    first = next(iter(source.slices()))
    assert isinstance(first, BarSlice)
    assert (first.end, first.bars) == (OPEN, None)


def test_coarser_bars_are_delivered_at_their_end_alone(tmp_path: Path) -> None:
    source = BacktestSource(_store(tmp_path, FIVE_MINUTES, A={0: 10.0, 5: 15.0}), SESSION)
    source.subscribe({"A": 0}, 1)
    assert source.base == FIVE_MINUTES
    assert _told(source.slices()) == [(5, 10.0), (10, 15.0)]


def test_a_symbol_that_joins_late_gets_what_is_to_come(tmp_path: Path) -> None:
    source = BacktestSource(_store(tmp_path, A=dict.fromkeys(range(10), 1.0), B={1: 2.0, 8: 9.0}), SESSION)
    source.subscribe({"A": 0}, 2)
    seen = []
    for one in source.slices():
        if one.end == OPEN + 4 * MINUTE:
            source.subscribe({"B": 1}, 2)
            caught_up = source.catch_up(["B"], [OPEN + minute * MINUTE for minute in (1, 2, 3, 4)])
        seen.append(one)
    np.testing.assert_array_equal([block.close.item() for block in caught_up], [NAN, 2, NAN, NAN])
    assert [(minute, price) for minute, price in _told(seen, 1) if price == price] == [(9, 9.0)]


def test_growing_keeps_what_is_subscribed(tmp_path: Path) -> None:
    source = BacktestSource(_store(tmp_path, A=dict.fromkeys(range(10), 1.0), B={8: 9.0}), SESSION)
    source.subscribe({"A": 0}, 1)
    seen = []
    for one in source.slices():
        if one.end == OPEN + 4 * MINUTE:
            source.subscribe({"B": 3}, 5)
        seen.append(one)
    assert [len(one.bars.present) for one in seen if one.bars is not None] == [1] * 4 + [5] * 6
    assert [price for _, price in _told(seen)] == [1.0] * 10


def test_an_unsubscribed_symbol_is_delivered_no_more(tmp_path: Path) -> None:
    source = BacktestSource(_store(tmp_path, A=dict.fromkeys(range(10), 1.0)), SESSION)
    source.subscribe({"A": 0}, 1)
    seen = []
    for one in source.slices():
        seen.append(one)
        if one.end == OPEN + 4 * MINUTE:
            source.unsubscribe(["A", "never here"])
    assert [minute for minute, price in _told(seen) if price == price] == [1, 2, 3, 4]


@pytest.mark.parametrize(("leaves", "is_known"), [(4, False), (9, True)])
def test_history_has_the_whole_day_of_a_symbol_that_left_late(
    tmp_path: Path, leaves: int, is_known: bool
) -> None:
    store = _store(tmp_path, A=dict.fromkeys(range(10), 1.0), B={8: 2.0, 9: 3.0})
    played = PlayedDays()
    source = BacktestSource(store, SESSION, played=played)
    source.subscribe({"A": 0, "B": 1}, 2)
    seen = []
    for one in source.slices():
        seen.append(one)
        if one.end == OPEN + leaves * MINUTE:
            source.unsubscribe(["B"])
    assert [price for _, price in _told(seen)] == [1.0] * 10
    delivered = [price for _, price in _told(seen, 1) if price == price]
    assert delivered == [price for minute, price in ((9, 2.0), (10, 3.0)) if minute <= leaves]
    day = played.find(store.path(ONE_MINUTE, SESSION.date))
    assert day is not None
    bars = day.bars_of(["B"])
    assert (bars is not None) == is_known
    assert bars is None or bars.fields[-2:, CLOSE, 0].tolist() == [2.0, 3.0]


def test_a_symbol_may_join_after_others_left_late(tmp_path: Path) -> None:
    day = dict.fromkeys(range(10), 1.0)
    source = BacktestSource(_store(tmp_path, A=day, B=day), SESSION)
    source.subscribe({"A": 0}, 1)
    seen = []
    for one in source.slices():
        seen.append(one)
        if one.end == OPEN + 9 * MINUTE:
            source.unsubscribe(["A"])
            source.subscribe({"B": 0}, 1)
    assert [price for _, price in _told(seen)] == [1.0] * 10


NEXT = make_session(date(2018, 2, 28), minutes=10, premarket=3)


@pytest.mark.parametrize("premarket", [False, True])
@pytest.mark.parametrize(
    ("rows", "capacity", "is_used"),
    [
        ({"B": 1, "A": 0}, 2, True),
        ({"A": 0}, 2, False),
        ({"A": 1, "B": 0}, 2, False),
        ({"A": 0, "B": 1}, 3, False),
    ],
)
def test_a_day_read_ahead_is_the_day(
    tmp_path: Path, rows: dict[str, int], capacity: int, is_used: bool, premarket: bool
) -> None:
    store = _store(tmp_path, A={0: 1.0})
    minutes = {**({-2: 5.0} if premarket else {}), 0: 2.0, 9: 3.0}
    _put(store, NEXT, A=minutes, B={4: 7.0})
    played = PlayedDays()
    before = BacktestSource(store, SESSION, played=played, following=NEXT)
    before.subscribe({"A": 0, "B": 1}, 2)
    assert next(price for _, price in _told(before.slices())) == 1.0
    path = store.path(ONE_MINUTE, NEXT.date)
    ahead = played.ahead.take(path)
    assert ahead is not None
    played.ahead.begin(path, lambda: ahead)
    found = BacktestSource(store, NEXT, played=played)
    expected = BacktestSource(store, NEXT)
    for source in (expected, found):
        source.subscribe({}, 1)
        source.subscribe(rows, capacity)
    day = played.find(path)
    assert day is not None
    assert (day.bars is ahead.regular) == is_used
    for one, other in zip(found.slices(), expected.slices(), strict=True):
        assert one.end == other.end
        assert (one.bars is None) == (other.bars is None)
        if one.bars is not None and other.bars is not None:
            np.testing.assert_array_equal(one.bars.fields, other.bars.fields)
            np.testing.assert_array_equal(one.bars.present, other.bars.present)


def test_a_session_whose_bars_are_gone_does_not_begin(tmp_path: Path) -> None:
    store = _store(tmp_path, A={0: 1.0})
    _put(store, NEXT, A={0: 1.0})
    path = store.path(ONE_MINUTE, NEXT.date)
    assert path is not None
    path.unlink()
    played = PlayedDays()
    before = BacktestSource(store, SESSION, played=played, following=NEXT)
    before.subscribe({"A": 0}, 1)
    assert [price for _, price in _told(before.slices()) if price == price] == [1.0]
    with pytest.raises(DataError, match="cannot be read"):
        BacktestSource(store, NEXT, played=played)


def test_reading_ahead_takes_the_memory_of_the_session_before(tmp_path: Path) -> None:
    store = _store(tmp_path, A={0: 1.0})
    played = PlayedDays()
    sessions = [SESSION, NEXT, *(make_session(date(2018, 3, day), minutes=10) for day in (1, 2))]
    for session in sessions[1:]:
        _put(store, session, A={3: 2.0})
    addresses = set()
    for session, following in zip(sessions, [*sessions[1:], None], strict=True):
        source = BacktestSource(store, session, played=played, following=following)
        source.subscribe({"A": 0}, 100)
        day = played.find(store.path(ONE_MINUTE, session.date))
        assert day is not None
        addresses.add(day.bars.fields.__array_interface__["data"][0])
        for _ in source.slices():
            pass
        del day  # its memory is free when the next session begins to read ahead
    assert len(addresses) == 2


def test_a_day_without_bars(tmp_path: Path) -> None:
    store = _store(tmp_path, A={0: 1.0})
    with pytest.raises(DataError, match="no intraday bars of 2018-02-26; import some"):
        BacktestSource(store, make_session(SESSION.date.replace(day=26)))
    assert finest_interval(store, SESSION) == ONE_MINUTE
