"""Small real parts for tests: a session, blocks of bars, a market in memory, a scanner made of functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from symscan.model.bar import VOLUME, Block, Rows
from symscan.model.events.session import Event
from symscan.model.instant import MINUTE, Instant, from_datetime
from symscan.model.session import Session
from symscan.observers.collector import EventCollector
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult

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

    def sessions(self, start: date, end: date) -> list[Session]:
        return [self._session] if start <= self._session.date <= end else []


Day = Mapping[int, Price]
"""Bars of a day by their start, in minutes after the open; before it, negative."""


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
