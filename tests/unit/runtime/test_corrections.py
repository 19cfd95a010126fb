from __future__ import annotations

import numpy as np
import pytest

from support.builders import MINUTE, NAN, Weekdays, make_block, make_session, rows
from symscan.indicators.registry import spec_of
from symscan.model.bar import Bar, BarSlice, LateBars, LateKind
from symscan.model.events.feed import BarsCorrected
from symscan.model.instant import Instant
from symscan.model.interval import ONE_DAY, Interval
from symscan.runtime.processor import DataProcessor
from symscan.session.day_completion import DayCompletion
from symscan.session.session_data import SessionData

SESSION = make_session(minutes=10)
THREE_MINUTES = Interval.parse("3m")
LAST = spec_of("sma_1_1m")
MEAN = spec_of("sma_2_3m")


def at(minute: int) -> Instant:
    return SESSION.open + minute * MINUTE


class Live:
    """A and B, each with a bar of volume 1 a minute at 10 and 20; only A has the third."""

    def __init__(self, minutes: int = 5, *, keeps_checkpoints: bool = True) -> None:
        self.data = SessionData(SESSION, ["A", "B"], keeps_checkpoints=keeps_checkpoints)
        self.processor = DataProcessor(self.data)
        self.data.add_candidates("scanner:me", ["A", "B"])
        for spec in (LAST, MEAN):
            self.data.request_indicator(spec, "scanner:me", rows(0, 1))
        for minute in range(-1, minutes + 1):
            self.play(minute, 10.0, None if minute == 3 else 20.0)

    def play(self, minute: int, a: float | None, b: float | None) -> None:
        block = make_block(at(minute), a, b, *[None] * (self.data.capacity - 2))
        self.processor.process(BarSlice(block.end, block))

    def correct(self, minute: int, row: int, price: float, volume: float = 1.0) -> list[BarsCorrected]:
        fields = np.array([[price]] * 4 + [[volume]])
        return self.processor.correct([LateBars(at(minute), rows(row), fields)], at(6))


def test_a_late_bar_is_in_the_readings_the_coarser_bars_and_the_indicators() -> None:
    live = Live()
    (event,) = live.correct(3, 1, 30.0, 5.0)
    assert event == BarsCorrected(at(5), at(3), ("B",), LateKind.LATE, at(6))
    readings = live.data.readings
    assert readings.column("high")[1] == 30
    assert readings.column("volume")[1] == 9
    assert readings.column("vwap")[1] == pytest.approx((4 * 20 + 5 * 30) / 9)
    (derived,) = live.data.derived[THREE_MINUTES].recent(1, 9)
    assert (derived.open, derived.high, derived.close, derived.volume) == (20, 30, 30, 7)
    assert live.data.indicator(LAST).tolist()[:2] == [10, 20]
    live.play(6, 10.0, 40.0)
    assert live.data.indicator(MEAN).tolist()[:2] == [10, 35]


def test_the_newest_bar_of_a_silent_symbol_is_the_late_one() -> None:
    live = Live(minutes=3)
    assert live.data.readings.column("last_bar_end")[1] == at(2)
    live.correct(3, 1, 30.0)
    assert live.data.readings.column("last_bar_end")[1] == at(3)
    assert live.data.readings.column("close")[1] == 30
    assert live.data.indicator(LAST)[1] == 30


def test_a_first_bar_of_the_day_makes_a_symbol_known() -> None:
    live = Live(minutes=0)
    for minute in (1, 2, 3):
        live.play(minute, 10.0, None)
    candidates = live.data.candidates("scanner:me")
    assert np.isnan(candidates.named(LAST.key)).tolist() == [False, True]
    assert np.isnan(live.data.readings.column("open")[1])
    live.correct(2, 1, 7.0)
    assert live.data.candidates("scanner:me").named(LAST.key).tolist() == [10, 7]
    assert live.data.derived[THREE_MINUTES].seen.tolist()[:2] == [True, True]


def test_bars_before_the_open_are_corrected_too() -> None:
    live = Live()
    (event,) = live.correct(0, 1, 99.0)
    assert (event.end, event.symbols) == (SESSION.open, ("B",))
    assert live.data.readings.column("premarket_high").tolist()[:2] == [10, 99]
    assert live.data.readings.column("high").tolist()[:2] == [10, 20]


def test_what_others_kept_does_not_change() -> None:
    live = Live()
    grid = live.data.regular.grid
    block, bar = grid.blocks[1], grid.latest(1)
    kept = Bar(block, 1).close
    live.correct(2, 1, 30.0)
    live.correct(5, 1, 31.0)
    assert kept == Bar(block, 1).close == 20
    assert bar is not None
    assert bar.close == 20
    assert [one.close for one in grid.recent(1, 9)] == [20, 30, 20, 31]


def test_a_coarser_bar_still_open_holds_the_correction_once_it_completes() -> None:
    live = Live()
    live.correct(4, 0, 50.0)
    live.play(6, 10.0, 20.0)
    assert [bar.high for bar in live.data.derived[THREE_MINUTES].recent(0, 9)] == [10, 50]
    for minute in range(7, 11):
        live.play(minute, 10.0, 20.0)
    live.correct(9, 0, 60.0)
    DayCompletion(live.data, Weekdays(SESSION), lambda *_: ()).complete()
    assert live.data.completed[ONE_DAY].recent(0, 1)[0].high == 60


def test_the_same_bar_again_is_no_news() -> None:
    live = Live()
    assert live.correct(2, 0, 10.0) == []
    assert live.correct(2, 0, 10.0, volume=2.0) != []


def test_only_what_changed_is_named() -> None:
    live = Live()
    fields = np.array([[10.0, 30.0]] * 4 + [[1.0, 1.0]])
    late = LateBars(at(3), rows(0, 1), fields, LateKind.CORRECTED)
    (event,) = live.processor.correct([late, late], at(6))
    assert (event.symbols, event.kind) == (("B",), LateKind.CORRECTED)


@pytest.mark.parametrize("minute", [-3, 6, 11])
def test_an_end_without_a_slot_is_ignored(minute: int) -> None:
    assert Live().correct(minute, 0, 30.0) == []


def test_a_bar_that_is_not_whole_is_ignored() -> None:
    live = Live()
    assert live.correct(2, 0, 30.0, NAN) == live.correct(2, 0, float("inf")) == []
    assert live.data.readings.column("high")[0] == 10


def test_rows_freed_meanwhile_are_ignored() -> None:
    live = Live()
    live.data.dismiss(["B"], "scanner:me")
    live.data.free_rows(["B"])
    assert live.correct(2, 1, 30.0) == live.correct(2, live.data.capacity + 5, 30.0) == []
    live.data.add_rows(["C"])
    assert np.isnan(live.data.readings.column("high")[1])


def test_a_session_that_keeps_nothing_says_so() -> None:
    live = Live(keeps_checkpoints=False)
    with pytest.raises(ValueError, match="sma_1_1m keeps nothing to correct from"):
        live.correct(2, 1, 30.0)
