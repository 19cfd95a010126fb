"""A pinned copy answers every look as the session did at that instant, whatever becomes of the session."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import numpy as np
import pytest

from support.builders import MINUTE, NAN, Price, make_block, make_session, rows
from symscan.clock.time_manager import TimeManager
from symscan.indicators.registry import spec_of
from symscan.model.bar import BarSlice, LateBars
from symscan.model.interval import Interval
from symscan.model.readings import SESSION_READINGS
from symscan.runtime.processor import DataProcessor
from symscan.session.bar_history import LazyBlocks
from symscan.session.requests import RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.unknown_reasons import Missing
from symscan.session.view import SessionView

ME, OTHER = "scanner:me", "scanner:other"
SYMBOLS = ("A", "B", "C", "D", "GONE")
KEYS = ("sma_3_1m", "rsi_2_5m", "vwap_1m", "bbands_3_2_5m", "sma_2_1d", "atr_3_1m")
FIVE = Interval.parse("5m")


class Busy:
    """A session in which much happens: bars come, are corrected, symbols join, leave and use rows again."""

    def __init__(self) -> None:
        self.session = make_session(minutes=390, premarket=5)
        self.data = SessionData(self.session, SYMBOLS, keeps_checkpoints=True)
        self.data.in_store[:4] = True
        self.data.readings.previous_close[:5] = [10, 20, 30, 40, 50]
        for holder in (ME, OTHER):
            self.data.add_candidates(holder, SYMBOLS)
        for key in KEYS:
            self.data.request_indicator(spec_of(key), ME, rows(0, 1, 2, 4))
        self.data.holders.add_member("A", "config")
        self.data.holders.lock("A", ME, "mine")
        earlier = [make_block(self.session.pre_open - MINUTE, 9.0)]
        self.data.history.put(ME, ["A"], FIVE, 2, LazyBlocks(lambda: earlier))
        self.random = np.random.default_rng(5)
        self._processor = DataProcessor(self.data)
        self._minute = -5

    def play(self, minutes: int) -> None:
        for _ in range(minutes):
            self._minute += 1
            end = self.session.open + self._minute * MINUTE
            self.data.advance_to(end)
            prices = [self._price() for _ in range(self.data.symbols.height)]
            block = make_block(end, *prices, *[None] * (self.data.capacity - len(prices)))
            self._processor.process(BarSlice(end, block))

    def upset(self) -> None:
        """Everything that may change what is in place."""
        end = self.session.open + (self._minute - 2) * MINUTE
        fields = np.array([[7.0], [99.0], [1.0], [8.0], [5e6]])
        self._processor.correct([LateBars(end, rows(0), fields)], self.data.now)
        if "GONE" in self.data.symbols:
            self.data.free_rows(["GONE"])
        new = [f"N{self._minute}", f"M{self._minute}"]
        self.data.add_rows(new)
        at = self.data.symbols.rows(new)
        caught_up = [
            [make_block(end, 77.0, 88.0) for end in phase.grid.ends()]
            for phase in (self.data.premarket, self.data.regular)
        ]
        self.data.catch_up(new, *caught_up)
        self.data.in_store[at], self.data.readings.previous_close[at] = True, 3.0
        self.data.add_candidates(ME, new)
        self.data.request_indicator(spec_of("sma_3_1m"), ME, at)
        self.data.request_indicator(spec_of("ema_2_1m"), ME, rows(0))
        self.data.dismiss(["B"], ME)
        self.data.holders.unlock("A", ME)
        self.data.history.drop(["A"])
        self.data.add_candidates(ME, ["B"])

    def _price(self) -> Price:
        if self.random.random() < 0.3:
            return None
        low, high = sorted(self.random.uniform(5, 15, 2).tolist())
        return (low, high, low, high, float(self.random.integers(1, 1000)))


def looks(data: SessionData, holder: str = ME) -> list[Any]:
    """Everything a plug-in can see."""
    book = RequestQueue(holder)
    view = SessionView(data, book)
    names = [*SESSION_READINGS, *KEYS, "bbands_3_2_5m.upper"]
    seen: list[Any] = [view.symbols, *(view.column(name).tobytes() for name in names)]
    seen.append(view.frame(["close", "last_bar_end"]).rows())
    for symbol in (*SYMBOLS, "NEVER"):
        seen += [
            repr(view.get_latest_price(symbol)),
            view.get_latest_bar(symbol),
            view.get_latest_bar(symbol, "5m"),
            view.get_bars(symbol, "1m", 300),
            view.get_bars(symbol, "5m", 300),
            [repr(view.get_indicator(symbol, key)) for key in KEYS],
            view.is_symbol_locked(symbol),
            view.add_symbol(symbol),
            view.lock_symbol(symbol, "why"),
            view.add_indicator(symbol, "sma_3_1m"),
            view.add_historical_bars(symbol, "5m", 2),
        ]
    seen += [view.get_active_symbols(), view.get_config_symbols(), book.drain()]
    seen.append(Missing(data, holder).reasons(None, 2.0).tobytes())
    return seen


@pytest.mark.parametrize("minutes", [2, 5, 6, 40])
def test_it_stays_as_the_session_was(minutes: int) -> None:
    busy = Busy()
    busy.play(minutes)
    pinned, expected = busy.data.pinned(), looks(busy.data)
    for _ in range(10):
        busy.play(10)
        busy.upset()
    assert looks(busy.data) != expected
    assert looks(pinned) == expected


def test_it_stays_although_the_session_grows() -> None:
    busy = Busy()
    busy.play(30)
    pinned, expected = busy.data.pinned(), looks(busy.data)
    busy.data.add_rows([f"X{number}" for number in range(200)])
    busy.play(5)
    assert looks(pinned) == expected


def test_it_is_read_in_a_thread_while_the_session_moves_on() -> None:
    busy = Busy()
    busy.play(30)
    pinned, expected = busy.data.pinned(), looks(busy.data)
    is_over, wrong, read = threading.Event(), [], []

    def read_on() -> None:
        while not is_over.is_set() or not read:
            read.append(1)
            for copy in (pinned, pinned.pinned()):
                if looks(copy) != expected:
                    wrong.append(1)

    reader = threading.Thread(target=read_on)
    reader.start()
    for _ in range(15):
        busy.play(3)
        busy.upset()
    is_over.set()
    reader.join(60)
    assert (wrong, bool(read), reader.is_alive()) == ([], True, False)


def test_looking_at_it_later_changes_nothing_of_the_session() -> None:
    one, two = Busy(), Busy()
    for busy in (one, two):
        busy.play(20)
    pinned = one.data.pinned()
    for busy in (one, two):
        busy.play(5)
        busy.upset()
    looks(pinned)
    assert looks(one.data) == looks(two.data)


def test_it_can_be_pickled() -> None:
    busy = Busy()
    busy.data.history.drop(["A"])
    busy.play(40)
    pinned = busy.data.pinned()
    looks(pinned)  # what was read at leisure does not travel
    assert looks(pickle.loads(pickle.dumps(pinned))) == looks(busy.data)


def test_two_copies_of_one_instant_share_what_does_not_change_in_place() -> None:
    busy = Busy()
    busy.play(10)
    one, two = busy.data.pinned(), busy.data.pinned()
    assert all(a is b for a, b in zip(one.regular.grid.blocks, two.regular.grid.blocks, strict=True))
    assert looks(one) == looks(two)
    one.symbols.add("Z")
    one.holders.add_member("Z", "me")
    assert ("Z" in two.symbols, "Z" in busy.data.symbols) == (False, False)
    assert (two.holders.is_member("Z"), busy.data.holders.is_member("Z")) == (False, False)


def test_an_emptied_session_takes_strangers_in() -> None:
    busy = Busy()
    busy.play(12)
    pinned, before = busy.data.pinned(), looks(busy.data)
    beside = pinned.empty_copy()
    assert len(beside.symbols) == 0
    assert beside.regular.grid.ends() == pinned.regular.grid.ends()
    new = [f"S{number}" for number in range(100)]  # more than there is room for
    beside.add_rows(new)
    ends = (beside.premarket.grid.ends(), beside.regular.grid.ends())
    beside.catch_up(new, *([make_block(end, *[5.0] * 100) for end in phase] for phase in ends))
    values = beside.readings.of_hits(beside.symbols.rows(["S99"]))
    assert (values["price"].item(), values["volume"].item()) == (5.0, 7.0)
    assert values["last_bar_end"].item() == busy.data.now
    np.testing.assert_array_equal(values["previous_close"], [NAN])
    assert looks(pinned) == before


def test_a_pinned_clock_stands_still() -> None:
    session = make_session()
    clock = TimeManager(session)
    pinned = clock.pinned()
    clock.advance_to(session.open)
    assert (pinned.now, clock.now) == (session.pre_open, session.open)
    assert pinned.get_current_time() < clock.get_current_time()
