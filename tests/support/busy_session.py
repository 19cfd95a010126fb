"""A session in which much happens, and everything a plug-in sees of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from support.builders import MINUTE, Price, make_block, make_session, rows
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
