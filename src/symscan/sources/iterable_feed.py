"""A feed of what Python code yields: the bars of a generator, of a file that grows, of any iterable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from threading import Condition
from typing import Final, NamedTuple

import numpy as np

from symscan.errors import FeedError
from symscan.model.bar import FIELDS
from symscan.model.instant import SECOND, Instant, from_datetime
from symscan.model.interval import ONE_MINUTE, Interval
from symscan.plugins.errors import describe_error
from symscan.sources.clocks import Clock, SystemClock
from symscan.sources.ports import BarBatch, Connected, Delivery, EndOfStream


class FeedBar(NamedTuple):
    """One bar of an :class:`IterableFeed`.

    Attributes
    ----------
    symbol
        Its symbol.
    end
        When it is complete: an aware date and time.
    open, high, low, close
        Its prices, as traded.
    volume
        How much was traded.
    """

    symbol: str
    end: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float


class IterableFeed:
    """Delivers the bars of an iterable, each when the clock has reached its end.

    The iterable is read by the session's thread, so it must not wait: where nothing is there yet it yields
    None, and is read again later. When it ends, so does the session: its remaining minutes are gone through
    at once. All bars are kept, so that those that a session has missed can be fetched.

    Parameters
    ----------
    name
        The broker's name.
    bars
        The bars of all symbols, by their end; None for none yet.
    clock
        The market's clock; None for this computer's. One that stands still waits for the session, and is
        moved from bar to bar.
    base
        The interval of the bars.
    poll_seconds
        How long after None the iterable is read again, in seconds of the clock.
    """

    def __init__(
        self,
        name: str,
        bars: Iterable[FeedBar | None],
        clock: Clock | None = None,
        *,
        base: Interval = ONE_MINUTE,
        poll_seconds: float = 1.0,
    ) -> None:
        self.name = name
        self.base = base
        self._clock: Final[Clock] = SystemClock() if clock is None else clock
        self.waits_for_session = self._clock.stands_still
        self._bars: Iterator[FeedBar | None] = iter(bars)
        self._pending: tuple[str, Instant, Sequence[float]] | None = None
        self._count = 0
        self._has_ended = False
        self._kept: defaultdict[str, dict[Instant, Sequence[float]]] = defaultdict(dict)
        self._subscribed: set[str] = set()
        self._events: list[Delivery] = []
        self._pause: Final = round(poll_seconds * SECOND)
        self._changed = Condition()
        self._is_woken = False
        self._is_open = False
        self._is_closed = False

    def open(self) -> None:
        """Begin to deliver; bars that are complete by now can be fetched."""
        self._clock.begin()
        with self._changed:
            self._is_open = True
            self._events.append(Connected())
            self._take_due()

    def close(self) -> None:
        """Deliver no more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def now(self) -> Instant:
        """Return the market's clock."""
        return self._clock.now()

    def clock_offset_ms(self) -> float | None:
        """Return None: there is no other clock to compare with."""
        return None

    def subscribe(self, symbols: Sequence[str]) -> None:
        """Deliver bars of these symbols from now on."""
        with self._changed:
            self._subscribed.update(symbols)

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""
        with self._changed:
            self._subscribed.difference_update(symbols)

    def wake(self) -> None:
        """Let a waiting ``receive`` return, or the next one."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def receive(self, until: Instant) -> Delivery | None:
        """Return the next delivery; None once the clock has passed ``until``, or after :meth:`wake`.

        Raises
        ------
        FeedError
            If the iterable yields what is no bar.
        """
        with self._changed:
            while not self._is_closed:
                if self._is_woken:
                    self._is_woken = False
                    return None
                if (delivery := self._next_delivery()) is not None:
                    return delivery
                if self._clock.now() >= until:
                    return None
                self._wait(min(until, self._next_due()))
        return None

    def bars(self, symbols: Sequence[str], after: Instant, until: Instant) -> BarBatch:
        """Return the bars with ``after < end <= until`` so far, by symbol and end.

        Raises
        ------
        FeedError
            If the iterable yields what is no bar.
        """
        with self._changed:
            if not self._is_open:  # its session is over, so that nothing is delivered
                self._take_due()
            return _batch(
                (symbol, end, fields)
                for symbol in sorted(set(symbols))
                for end, fields in sorted(self._kept.get(symbol, {}).items())
                if after < end <= min(until, self._clock.now())
            )

    def _next_delivery(self) -> Delivery | None:
        if self._events:
            return self._events.pop(0)
        due = [one for one in self._take_due() if one[0] in self._subscribed]
        if due:
            return _batch(due)
        return self._events.pop(0) if self._events else None

    def _take_due(self) -> list[tuple[str, Instant, Sequence[float]]]:
        """Read and keep the bars that are complete by now."""
        due = []
        while self._read() and self._pending is not None and self._pending[1] <= self._clock.now():
            symbol, end, fields = self._pending
            self._kept[symbol][end] = fields
            due.append(self._pending)
            self._pending = None
        return due

    def _read(self) -> bool:
        """Read the next bar, unless one waits for its end; return whether there is one."""
        if self._pending is None and not self._has_ended:
            try:
                bar = next(self._bars)
            except StopIteration:
                self._has_ended = True
                self._events.append(EndOfStream())
            except (Exception, SystemExit) as error:  # the plug-in boundary: the user's generator
                raise FeedError(f"the bars of '{self.name}' end with {describe_error(error)}") from error
            else:
                self._pending = None if bar is None else self._checked(bar)
        return self._pending is not None

    def _checked(self, bar: FeedBar) -> tuple[str, Instant, Sequence[float]]:
        self._count += 1
        try:
            symbol, end, *numbers = bar
            fields = tuple(float(number) for number in numbers)
            if not isinstance(symbol, str) or end.tzinfo is None or len(fields) != len(FIELDS):
                raise TypeError
        except (TypeError, ValueError, AttributeError):
            raise FeedError(
                f"bar {self._count} of '{self.name}' is {bar!r}; yield a FeedBar: symbol, end as a date and "
                "time with its zone, open, high, low, close and volume"
            ) from None
        return symbol, from_datetime(end), fields

    def _next_due(self) -> Instant:
        return self._clock.now() + self._pause if self._pending is None else self._pending[1]

    def _wait(self, instant: Instant) -> None:
        if self._clock.stands_still:
            self._clock.move(instant)
        else:
            self._changed.wait(self._clock.seconds_to(instant))


def _batch(bars: Iterable[tuple[str, Instant, Sequence[float]]]) -> BarBatch:
    rows = list(bars)
    fields = np.array([fields for _, _, fields in rows], np.float64).reshape(-1, len(FIELDS))
    ends = np.array([end for _, end, _ in rows], np.int64)
    return BarBatch([symbol for symbol, _, _ in rows], ends, np.ascontiguousarray(fields.T))
