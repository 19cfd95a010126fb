"""A stored day played as a live feed, as fast as wanted, with faults if wanted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Final

import numpy as np

from symscan.errors import FeedError
from symscan.model.instant import SECOND, Instant
from symscan.model.session import Session
from symscan.sources.ports import BarBatch, Delivery
from symscan.sources.replay.faults import Faults
from symscan.sources.replay.schedule import Batch, schedule, wrong
from symscan.sources.replay.stored_day import ReplayDay
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.backtest_source import finest_interval

_NO_FAULTS: Final = Faults()


class VirtualClock:
    """The market's clock of a replay.

    Parameters
    ----------
    start
        Where it begins.
    speed
        How many times as fast as the clock on the wall it goes; None: it stands until it is moved.
    monotonic
        That clock, in seconds.
    """

    def __init__(
        self, start: Instant, speed: float | None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._start = start
        self._speed = speed
        self._monotonic = monotonic
        self._began: float | None = None

    def begin(self) -> None:
        """Let time pass, if it passes by itself and does not yet."""
        if self._began is None:
            self._began = self._monotonic()

    def now(self) -> Instant:
        """The instant."""
        if self._speed is None or self._began is None:
            return self._start
        return self._start + int((self._monotonic() - self._began) * self._speed * SECOND)

    def move(self, instant: Instant) -> None:
        """Jump ahead, where it stands until it is moved."""
        self._start = max(self._start, instant)

    def seconds_to(self, instant: Instant) -> float:
        """How long to wait for an instant; 0 where there is nothing to wait for."""
        return 0.0 if self._speed is None else max(0.0, (instant - self.now()) / self._speed / SECOND)


class ReplayFeed:
    """Delivers the stored bars of a day at their end, on a clock of its own.

    Parameters
    ----------
    store
        Where the bars are; those of the finest interval of that day are played, as they are stored.
    session
        The trading day.
    speed
        How many times as fast as it was; None for as fast as it goes: then time jumps from one
        delivery or deadline to the next, and waits for the session.
    faults
        What goes wrong.
    start
        When the clock begins; None for the start of the pre-market.
    monotonic
        The seconds that ``speed`` is about.

    Raises
    ------
    DataError
        If the store has no intraday bars of that day.
    """

    name = "replay"

    def __init__(
        self,
        store: BarStore,
        session: Session,
        speed: float | None,
        faults: Faults = _NO_FAULTS,
        start: Instant | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base = finest_interval(store, session)
        self.waits_for_session = speed is None
        self._day = ReplayDay(store, session, self.base)
        self._wrong = wrong(self._day.fields) if faults.correct.share else self._day.fields
        self._faults = faults
        self._failures = faults.fetch_fails
        begin = session.pre_open if start is None else start
        self._clock = VirtualClock(begin, speed, monotonic)
        self._happenings = schedule(self._day, session, faults, begin)
        self._next = 0
        self._subscribed = np.zeros(len(self._day.names), np.bool_)
        self._changed = Condition()
        self._is_woken = False
        self._is_closed = False

    def open(self) -> None:
        """Nothing to do: time passes from the first delivery on, however long the session gets ready."""

    def close(self) -> None:
        """Deliver no more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def now(self) -> Instant:
        """The clock of the replay."""
        return self._clock.now()

    def clock_offset_ms(self) -> None:
        """There is no other clock to compare with."""

    def subscribe(self, symbols: Sequence[str]) -> None:
        """Deliver bars of these symbols, too; those the store lacks never report."""
        self._mark(symbols, True)

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""
        self._mark(symbols, False)

    def wake(self) -> None:
        """Let a waiting ``receive`` return, or the next one."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def receive(self, until: Instant) -> Delivery | None:
        """The next delivery; None once the clock has passed ``until``, or after :meth:`wake`."""
        self._clock.begin()
        with self._changed:
            while not self._is_closed:
                if self._is_woken:
                    self._is_woken = False
                    return None
                due = self._due()
                if due is None or due > until:
                    if self._has_come(until):
                        return None
                elif self._has_come(due):
                    delivery = self._deliver()
                    if delivery is not None:
                        return delivery
                    continue
                self._changed.wait(self._clock.seconds_to(until if due is None else min(due, until)))
        return None

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        """The stored bars with ``after < end <= until``, by symbol and end, of those that are complete.

        Raises
        ------
        FeedError
            As often as the faults want it.
        """
        with self._changed:
            if self._faults.fetch:  # which takes its time even before the first delivery
                self._clock.begin()
            due = self.now() + self._faults.fetch
            while not self._is_closed and (seconds := self._clock.seconds_to(due)) > 0:
                self._changed.wait(seconds)
            if self._failures:
                self._failures -= 1
                raise FeedError("the replay was told to fail a fetch")
        return self._day.bars(symbols, after, min(until, self.now()))

    def _mark(self, symbols: Sequence[str], is_subscribed: bool) -> None:
        numbers = [number for symbol in symbols if (number := self._day.number(symbol)) is not None]
        with self._changed:
            self._subscribed[numbers] = is_subscribed

    def _has_come(self, instant: Instant) -> bool:
        """Whether the clock has come so far; one that stands is moved there."""
        if self.waits_for_session:
            self._clock.move(instant)
        return self._clock.now() >= instant

    def _due(self) -> Instant | None:
        """When the next thing happens, None if nothing will."""
        return self._happenings[self._next].due if self._next < len(self._happenings) else None

    def _deliver(self) -> Delivery | None:
        """What happens now; None if nobody wanted to know."""
        one = self._happenings[self._next]
        self._next += 1
        if not isinstance(one, Batch):
            return one.what
        wanted = one.chosen[self._subscribed[self._day.numbers[one.chosen]]]
        fields = self._wrong if one.is_wrong else self._day.fields
        return self._day.arrivals(wanted, fields, one.corrected) if len(wanted) else None
