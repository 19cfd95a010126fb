"""A feed that replays a stored day at any speed, with faults if configured."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Final

import numpy as np

from symscan.errors import FeedError
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.sources.clocks import VirtualClock
from symscan.sources.ports import BarBatch, Delivery
from symscan.sources.replay.faults import Faults
from symscan.sources.replay.schedule import ScheduledBars, faulty_values, schedule
from symscan.sources.replay.stored_day import ReplayDay
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.day_layout import finest_interval

_NO_FAULTS: Final = Faults()


class ReplayFeed:
    """Delivers the stored bars of a day at their end, on a clock of its own.

    Parameters
    ----------
    store
        Holds the bars; those of the day's finest interval are replayed as stored.
    session
        The trading day.
    speed
        Speed as a multiple of real time; None for as fast as possible: then time jumps from one
        delivery or deadline to the next, and waits for the session.
    faults
        The faults to inject.
    start
        The clock's first instant; None for the start of the pre-market.
    monotonic
        Real time in seconds.

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
        self._faulty = faulty_values(self._day.fields) if faults.correct.share else self._day.fields
        self._faults = faults
        self._failures = faults.fetch_fails
        begin = session.pre_open if start is None else start
        self._clock = VirtualClock(begin, speed, monotonic)
        self._schedule = schedule(self._day, session, faults, begin)
        self._next = 0
        self._subscribed = np.zeros(len(self._day.names), np.bool_)
        self._changed = Condition()
        self._is_woken = False
        self._is_closed = False

    def open(self) -> None:
        """Nothing to do: the clock starts with the first delivery, after the session has been set up."""

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
        """Subscribe symbols; those without stored bars are never delivered."""
        self._set_subscribed(symbols, True)

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""
        self._set_subscribed(symbols, False)

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
                due = self._next_due()
                if due is None or due > until:
                    if self._reach(until):
                        return None
                elif self._reach(due):
                    delivery = self._next_delivery()
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
            As often as the faults say.
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

    def _set_subscribed(self, symbols: Sequence[str], is_subscribed: bool) -> None:
        numbers = [number for symbol in symbols if (number := self._day.number(symbol)) is not None]
        with self._changed:
            self._subscribed[numbers] = is_subscribed

    def _reach(self, instant: Instant) -> bool:
        """Advance a clock that stands still to an instant; return whether the clock has reached it."""
        if self.waits_for_session:
            self._clock.move(instant)
        return self._clock.now() >= instant

    def _next_due(self) -> Instant | None:
        """Return when the next scheduled item is due; None if there is none."""
        return self._schedule[self._next].due if self._next < len(self._schedule) else None

    def _next_delivery(self) -> Delivery | None:
        """Return the next scheduled delivery; None if none of its symbols is subscribed."""
        one = self._schedule[self._next]
        self._next += 1
        if not isinstance(one, ScheduledBars):
            return one.event
        wanted = one.chosen[self._subscribed[self._day.numbers[one.chosen]]]
        fields = self._faulty if one.is_faulty else self._day.fields
        return self._day.batch(wanted, fields, one.corrected) if len(wanted) else None
