"""Small real parts for tests: a session, blocks of bars, a market in memory, a scanner made of functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from symscan.bars.aggregator import combine, derive
from symscan.model.bar import VOLUME, BarSlice, Block, Rows
from symscan.model.events.session import Event
from symscan.model.instant import MINUTE, Instant, from_datetime
from symscan.model.interval import ONE_DAY, ONE_MINUTE, Interval
from symscan.model.session import Session
from symscan.observers.collector import EventCollector
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.sources.ports import DailyHistory

NAN = float("nan")
NEW_YORK = ZoneInfo("America/New_York")

Price = float | tuple[float, ...] | None
"""A close with volume 1, five numbers, or no bar."""


def make_session(day: date = date(2018, 2, 27), minutes: int = 10, premarket: int = 3) -> Session:
    """A session of a few minutes that opens at half past nine in New York."""
    opens = from_datetime(datetime(day.year, day.month, day.day, 9, 30, tzinfo=NEW_YORK))
    close = opens + minutes * MINUTE
    return Session(day, opens - premarket * MINUTE, opens, close, close + MINUTE, NEW_YORK)


def make_block(end: Instant, *prices: Price) -> Block:
    """A block of one bar, or none, per price."""
    fields = np.full((5, len(prices)), NAN)
    fields[VOLUME] = 0.0
    for column, price in enumerate(prices):
        if price is not None:
            fields[:, column] = price if isinstance(price, tuple) else (*[price] * 4, 1.0)
    return Block(end, fields, np.array([price is not None for price in prices], np.bool_))


def rows(*numbers: int) -> Rows:
    return np.array(numbers, np.intp)


def weekdays_before(session: Session, count: int) -> list[Session]:
    """The sessions before one, oldest first: every weekday, each as long as the session itself."""
    found: list[Session] = []
    day = session.date
    while len(found) < count:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            found.append(make_session(day, session.minutes))
    return found[::-1]


class Weekdays:
    """The calendar of :func:`weekdays_before`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def previous(self, day: date, count: int) -> list[Session]:
        assert day == self._session.date
        return weekdays_before(self._session, count)


Day = Mapping[int, Price]
"""Bars of a day by their start, in minutes after the open; before it, negative."""


class MemoryMarket:
    """Both ports of a session over minute bars in memory.

    Parameters
    ----------
    session
        The session played.
    today
        Its bars by symbol.
    earlier
        Bars of earlier sessions by date, then symbol.
    mismatched
        Symbols whose daily history is on another price basis.
    """

    base = ONE_MINUTE

    def __init__(
        self,
        session: Session,
        today: Mapping[str, Day],
        earlier: Mapping[date, Mapping[str, Day]] | None = None,
        mismatched: Sequence[str] = (),
    ) -> None:
        self.session = session
        self.today = dict(today)
        self.earlier = dict(earlier or {})
        self.mismatched = mismatched
        self.columns: dict[str, int] = {}
        self.capacity = 0
        self.now = session.pre_open
        self.loads: list[tuple[tuple[str, ...], Interval, int]] = []

    # -- the history ---------------------------------------------------------------------------

    def symbols(self) -> frozenset[str]:
        return frozenset(self.today).union(*self.earlier.values())

    def load(
        self, symbols: Sequence[str], interval: Interval, session: Session, days: int
    ) -> Iterator[Block]:
        self.loads.append((tuple(symbols), interval, days))
        for earlier in weekdays_before(session, days):
            blocks = self._regular(earlier, self.earlier.get(earlier.date, {}), symbols)
            if interval == ONE_DAY:
                yield combine(blocks, earlier.close)
            else:
                yield from derive(interval, earlier, blocks)

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        (block,) = self.load(symbols, ONE_DAY, session, 1)
        mismatched = np.array([symbol in self.mismatched for symbol in symbols], np.bool_)
        return DailyHistory(np.where(mismatched, NAN, block.close), mismatched)

    # -- the session itself --------------------------------------------------------------------

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        self.columns.update(rows)
        self.capacity = capacity

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        for symbol in symbols:
            self.columns.pop(symbol, None)

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        return [self._block(self.session, self.today, end, symbols) for end in ends if end <= self.now]

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """Nothing to wait for."""

    def prefer(self, symbols: Sequence[str]) -> None:
        """There is room for every symbol."""

    def drain_events(self) -> list[Event]:
        return []

    def slices(self) -> Iterator[BarSlice]:
        for end in range(self.session.pre_open + MINUTE, self.session.close + 1, MINUTE):
            self.now = end
            block = Block.blank(end, self.capacity)
            bars = self._block(self.session, self.today, end, tuple(self.columns))
            block.put(np.array(list(self.columns.values()), np.intp), bars.present, bars.fields)
            yield BarSlice(end, block)

    def _regular(self, session: Session, day: Mapping[str, Day], symbols: Sequence[str]) -> list[Block]:
        ends = range(session.open + MINUTE, session.close + 1, MINUTE)
        return [self._block(session, day, end, symbols) for end in ends]

    def _block(self, session: Session, day: Mapping[str, Day], end: Instant, symbols: Sequence[str]) -> Block:
        start = (end - session.open) // MINUTE - 1
        return make_block(end, *(day.get(symbol, {}).get(start) for symbol in symbols))


class FunctionScanner(BaseScanner):
    """A scanner made of functions; counts how often it was torn down.

    Parameters
    ----------
    symbols
        Its universe.
    on_scan, on_setup, on_teardown
        What to do; by default nothing is found.
    """

    def __init__(
        self,
        symbols: Sequence[str] = (),
        on_scan: Callable[[ScanContext], Any] = lambda _: ScanResult([]),
        on_setup: Callable[[ScanContext], Any] = lambda _: True,
        on_teardown: Callable[[ScanContext], None] = lambda _: None,
    ) -> None:
        super().__init__({})
        self._universe = list(symbols)
        self._on_scan = on_scan
        self._on_setup = on_setup
        self._on_teardown = on_teardown
        self.torn_down = 0

    def setup(self, context: ScanContext) -> bool:
        done: bool = self._on_setup(context)
        return done

    def scan(self, context: ScanContext) -> ScanResult:
        found: ScanResult = self._on_scan(context)
        return found

    def teardown(self, context: ScanContext) -> None:
        self.torn_down += 1
        self._on_teardown(context)


class Recorder(EventCollector):
    """An event collector that can be asked for one kind of event."""

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]
