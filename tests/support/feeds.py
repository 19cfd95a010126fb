"""A feed that delivers what a test wrote down, on a clock that jumps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from support.builders import Day, Price
from symscan.errors import FeedError
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import ONE_MINUTE
from symscan.model.session import Session
from symscan.sources.ports import BarBatch, Connected, Delivery, Limited


def five(price: Price) -> tuple[float, ...]:
    """The five numbers of a bar."""
    assert price is not None
    return price if isinstance(price, tuple) else (*[price] * 4, 1.0)


def arrivals(*bars: tuple[str, Instant, Price], corrected: bool = False) -> BarBatch:
    """Bars given as symbol, end and price."""
    fields = np.array([five(price) for _, _, price in bars]).reshape(len(bars), 5).T
    ends = np.array([end for _, end, _ in bars], np.int64)
    return BarBatch([symbol for symbol, _, _ in bars], ends, fields, corrected)


class ScriptedFeed:
    """Delivers a script; fetches answer from the day's true bars, as far as they are complete.

    Parameters
    ----------
    script
        What happens and when; bars of symbols that are not subscribed then are lost.
    day
        The true bars, as a :class:`support.markets.MemoryMarket` has them.
    start
        Where the clock begins.
    limit
        How many symbols it takes: the first that were asked for, as a broker does.
    """

    name = "script"
    base = ONE_MINUTE

    def __init__(
        self,
        session: Session,
        script: Sequence[tuple[Instant, Delivery | Callable[[], None]]],
        day: Mapping[str, Day] | None = None,
        start: Instant | None = None,
        waits_for_session: bool = True,
        limit: int | None = None,
    ) -> None:
        self.session = session
        self.waits_for_session = waits_for_session
        self.clock = session.pre_open if start is None else start
        self.script = sorted([(self.clock, Connected()), *script], key=lambda one: one[0])
        self.day = dict(day or {})
        self.limit = limit
        self.wanted: dict[str, None] = {}
        self.subscribed: set[str] = set()
        self.fetches: list[tuple[list[str], Instant, Instant]] = []
        self.failing = 0
        self.is_woken = False

    def open(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def now(self) -> Instant:
        return self.clock

    def clock_offset_ms(self) -> float | None:
        return 1.5

    def subscribe(self, symbols: Sequence[str]) -> None:
        assert self.wanted.keys().isdisjoint(symbols)
        self.wanted |= dict.fromkeys(symbols)
        self._place()

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        assert self.wanted.keys() >= set(symbols)
        self.wanted = {symbol: None for symbol in self.wanted if symbol not in symbols}
        self.subscribed.difference_update(symbols)
        self._place()

    def _place(self) -> None:
        missing = [symbol for symbol in self.wanted if symbol not in self.subscribed]
        room = len(missing) if self.limit is None else max(0, self.limit - len(self.subscribed))
        self.subscribed.update(missing[:room])
        if self.limit is not None and missing[room:]:
            self.script.insert(0, (self.clock, Limited(self.limit, tuple(missing[room:]))))

    def wake(self) -> None:
        self.is_woken = True

    def receive(self, until: Instant) -> Delivery | None:
        while self.script and self.script[0][0] <= max(until, self.clock):
            if self.is_woken:
                break
            due, what = self.script.pop(0)
            self.clock = max(due, self.clock)
            if callable(what):
                what()
            elif (heard := self._heard(what)) is not None:
                return heard
        if self.is_woken:
            self.is_woken = False
            return None
        self.clock = max(self.clock, until)
        return None

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        self.fetches.append((list(symbols), after, until))
        if self.failing:
            self.failing -= 1
            raise FeedError("busy")
        found = [
            (symbol, end, price)
            for symbol in symbols
            for start, price in sorted(self.day.get(symbol, {}).items())
            if price is not None and after < (end := self.end(start)) <= min(until, self.clock)
        ]
        return arrivals(*found)

    def end(self, start: int) -> Instant:
        """The end of the bar that starts so many minutes after the open."""
        return self.session.open + (start + 1) * MINUTE

    def _heard(self, what: Delivery) -> Delivery | None:
        if not isinstance(what, BarBatch):
            return what
        mask = np.array([symbol in self.subscribed for symbol in what.symbols], np.bool_)
        if not mask.any():
            return None
        symbols = [symbol for symbol, kept in zip(what.symbols, mask, strict=True) if kept]
        return BarBatch(symbols, what.ends[mask], what.fields[:, mask], what.corrected)
