from __future__ import annotations

import numpy as np

from support.builders import MINUTE, NAN, make_block, make_session, rows
from symscan.indicators.registry import spec_of
from symscan.model.bar import BarSlice
from symscan.model.interval import FIVE_MINUTES, ONE_DAY, Interval
from symscan.runtime.processor import DataProcessor
from symscan.session.session_data import SessionData

SESSION = make_session(minutes=10)
THREE_MINUTES = Interval.parse("3m")


def _play(data: SessionData, processor: DataProcessor, minute: int, price: float | None) -> None:
    end = SESSION.open + minute * MINUTE
    processor.process(BarSlice(end, make_block(end, price, *[None] * (data.capacity - 1))))


def test_bars_go_to_the_phase_they_end_in() -> None:
    data = SessionData(SESSION, ["A"])
    processor = DataProcessor(data)
    for minute in (-1, 0, 1):
        _play(data, processor, minute, 10.0 + minute)
    assert [len(phase.grid.blocks) for phase in (data.premarket, data.regular)] == [2, 1]
    assert data.now == SESSION.open + MINUTE


def test_a_slice_without_bars_moves_the_time_on() -> None:
    data = SessionData(SESSION, ["A"])
    DataProcessor(data).process(BarSlice(SESSION.open))
    assert data.now == SESSION.open
    assert data.premarket.grid.blocks == data.regular.grid.blocks == []


def test_indicators_read_the_bars_of_the_regular_session_as_they_complete() -> None:
    data = SessionData(SESSION, ["A"])
    processor = DataProcessor(data)
    specs = [spec_of(key) for key in ("sma_1_1m", "sma_1_5m", "sma_1_1d")]
    for spec in specs:
        data.request_indicator(spec, "me", rows(0))
    seen = []
    for minute in range(11):
        _play(data, processor, minute, 10.0 + minute)
        seen.append([data.indicators.column(spec).item(0) for spec in specs])
    expected = [[NAN if k == 0 else 10 + k, NAN if k < 5 else 15 if k < 10 else 20, NAN] for k in range(11)]
    np.testing.assert_array_equal(seen, expected)
    assert data.grid(ONE_DAY) is None


def test_an_interval_asked_for_in_the_middle_of_a_bar_misses_nothing() -> None:
    data = SessionData(SESSION, ["A"])
    processor = DataProcessor(data)
    for minute in range(1, 5):
        _play(data, processor, minute, float(minute))
    data.add_interval(THREE_MINUTES, "scanner:me")
    data.add_interval(FIVE_MINUTES, "scanner:me")
    for minute in range(5, 11):
        _play(data, processor, minute, float(minute))
    bars = {interval: data.derived[interval].recent(0, 9) for interval in (THREE_MINUTES, FIVE_MINUTES)}
    assert [(bar.open, bar.close) for bar in bars[THREE_MINUTES]] == [(1, 3), (4, 6), (7, 9), (10, 10)]
    assert [(bar.open, bar.close) for bar in bars[FIVE_MINUTES]] == [(1, 5), (6, 10)]


def test_an_interval_nobody_wants_is_let_go_and_comes_back_whole() -> None:
    data = SessionData(SESSION, ["A"])
    processor = DataProcessor(data)
    data.add_interval(THREE_MINUTES, "scanner:me")
    data.add_interval(THREE_MINUTES, "scanner:other")
    data.release_intervals("scanner:me")
    assert not data.may_read(THREE_MINUTES, "scanner:me")
    assert data.may_read(THREE_MINUTES, "scanner:other")
    _play(data, processor, 1, 1.0)
    data.release_intervals("scanner:other")
    assert data.derived == {}
    _play(data, processor, 2, 2.0)
    data.add_interval(THREE_MINUTES, "scanner:me")
    for minute in range(3, 7):
        _play(data, processor, minute, float(minute))
    bars = data.derived[THREE_MINUTES].recent(0, 9)
    assert [(bar.open, bar.close) for bar in bars] == [(1, 3), (4, 6)]
