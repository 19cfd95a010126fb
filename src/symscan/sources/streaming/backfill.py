"""Backfill: fetch the bars that a stream did not deliver, when they are available."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from math import ceil
from threading import Event, Lock
from typing import Final
from zlib import crc32

import numpy as np

from symscan.errors import FeedError
from symscan.model.bar import FIELDS
from symscan.model.events.feed import BarsLost, FeedNotice, FeedRecovered
from symscan.model.instant import MINUTE, SECOND, Instant
from symscan.model.session import Session
from symscan.sources.ports import BarBatch, Feed
from symscan.sources.streaming.connection import EventQueue
from symscan.sources.streaming.minute_buffer import Span
from symscan.sources.streaming.subscriptions import SubscriptionBudget
from symscan.sources.streaming.validation import BatchValidator

_POLL_SECONDS: Final = 0.01

_LONGEST_PAUSE: Final = 60 * SECOND


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """A request for missing bars.

    Attributes
    ----------
    after
        Bars that end later are requested.
    due
        When they are available, on the market's clock: a bar just complete may take a moment.
    symbols
        Their symbols; None for all that are subscribed.
    pause
        Delay before the next attempt, microseconds; doubled each time.
    portion
        Number and count of the symbols' portion; None for all symbols at once.
    until
        The end of the last bar that may be missing; None for the close.
    is_announced
        Whether to publish an event when they have been fetched.
    is_precaution
        Whether the request is made without evidence that bars are missing.
    """

    after: Instant
    due: Instant
    symbols: tuple[str, ...] | None = None
    pause: int = SECOND
    portion: tuple[int, int] | None = None
    until: Instant | None = None
    is_announced: bool = False
    is_precaution: bool = False

    def retry(self, now: Instant) -> BackfillRequest:
        """Return the next attempt, with exponential back-off."""
        return replace(self, due=now + self.pause, pause=min(2 * self.pause, _LONGEST_PAUSE))

    def due_by(self, due: Instant) -> BackfillRequest:
        """Return the request due then at the latest, with the back-off reset."""
        return replace(self, due=min(self.due, due), pause=SECOND)

    def select_from(self, symbols: frozenset[str]) -> frozenset[str]:
        """Return those of the subscribed symbols that the request is for."""
        own = symbols if self.symbols is None else symbols.intersection(self.symbols)
        if self.portion is None:
            return own
        number, count = self.portion
        return frozenset(symbol for symbol in own if crc32(symbol.encode()) % count == number)


class BackfillQueue:
    """Queue of backfill requests; thread-safe."""

    def __init__(self) -> None:
        self._requests: list[BackfillRequest] = []
        self._lock = Lock()

    def add(self, request: BackfillRequest) -> None:
        """Add a request; it is merged with an equal one that is due at the same time."""
        with self._lock:
            self._requests = _merge_requests([*self._requests, request])

    def take_due(self, now: Instant) -> list[BackfillRequest]:
        """Remove and return the requests that are due."""
        with self._lock:
            ready = [one for one in self._requests if one.due <= now]
            self._requests = [one for one in self._requests if one.due > now]
        return ready

    def advance(self, due: Instant) -> None:
        """Make all requests due by then: failed ones may have a long back-off."""
        with self._lock:
            self._requests = [one.due_by(due) for one in self._requests]

    def pending(self) -> list[BackfillRequest]:
        """Return the requests still queued."""
        with self._lock:
            return list(self._requests)

    def next_due(self) -> Instant | None:
        """Return when the next request is due; None if there is none."""
        with self._lock:
            return min((one.due for one in self._requests), default=None)


class BackfillClient:
    """Fetches bars from a feed; thread-safe.

    Parameters
    ----------
    grace
        How long after its end a bar is available at the latest, microseconds.
    stopping
        Set when the session is stopping: nothing waits any more.
    """

    def __init__(
        self, feed: Feed, validator: BatchValidator, events: EventQueue, grace: int, stopping: Event
    ) -> None:
        self.grace = grace
        self._feed = feed
        self._validator = validator
        self._events = events
        self._stopping = stopping

    def now(self) -> Instant:
        """Return the market's clock."""
        return self._feed.now()

    def settled_at(self) -> Instant:
        """Return when all bars missed until a subscription made now takes effect are available."""
        return minute_of(self.now() + self.grace) + self.grace

    def fetch(self, symbols: Collection[str], after: Instant) -> BarBatch | None:
        """Fetch the valid bars that ended after an instant; None, and a notice, if the feed fails."""
        if not symbols:
            return BarBatch([], np.zeros(0, np.int64), np.zeros((len(FIELDS), 0)))
        try:
            valid, _ = self._validator.validate(self._feed.bars(sorted(symbols), after, self.now()))
        except FeedError as error:
            self._events.add(FeedNotice(self.now(), f"bars could not be fetched, tried again: {error}"))
            return None
        return valid

    def wait_until(self, due: Instant) -> bool:
        """Wait for the market's clock, unless it waits for the session; False if the session is stopping."""
        while not self._stopping.is_set() and not self._feed.waits_for_session and self.now() < due:
            self._stopping.wait(_POLL_SECONDS)
        return not self._stopping.is_set()


def minute_of(instant: Instant) -> Instant:
    """Round an instant down to the whole minute."""
    return instant - instant % MINUTE


def merge_spans(spans: Sequence[Span]) -> list[Span]:
    """Sort time spans, and merge those that overlap or touch."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            begin, end = found[-1][0], max(found.pop()[1], end)
        found.append((begin, end))
    return found


def _merge_requests(requests: Sequence[BackfillRequest]) -> list[BackfillRequest]:
    """Merge the last request into one that differs from it by its symbols alone."""
    *others, new = requests
    for index, one in enumerate(others):
        if replace(one, symbols=None) == replace(new, symbols=None):
            symbols = (
                None
                if one.symbols is None or new.symbols is None
                else tuple(dict.fromkeys((*one.symbols, *new.symbols)))
            )
            return [*others[:index], replace(one, symbols=symbols), *others[index + 1 :]]
    return list(requests)


_MARGIN: Final = 2 * MINUTE
"""How far before missed minutes bars are fetched again: late ones and corrections were lost with them."""

_RECONCILED: Final = (5 * MINUTE, MINUTE)
"""Between these times before the close a session that lost bars is fetched once more, as a whole: in time for
its last scans."""

_PORTION_SYMBOLS: Final = 100
"""About four answers of a broker's for a whole session: as long as the stream may be kept waiting."""


class Backfill:
    """Fetches the bars that the stream missed.

    Minutes missed while the feed was disconnected are fetched before any other minute is closed; bars that
    may have been missed otherwise are fetched while the stream goes on.

    Parameters
    ----------
    store
        Stores fetched bars; returns how many of them are new.
    incomplete
        Returns the parts of a span in which bars of any of some symbols are missing.
    """

    def __init__(
        self,
        session: Session,
        client: BackfillClient,
        budget: SubscriptionBudget,
        events: EventQueue,
        store: Callable[[BarBatch], int],
        incomplete: Callable[[Span, Collection[str]], Sequence[Span]],
    ) -> None:
        self.recovered_to = session.pre_open
        """Minutes up to here are complete, and can be closed."""
        self._session = session
        self._client = client
        self._budget = budget
        self._events = events
        self._store = store
        self._incomplete = incomplete
        self._since = session.pre_open
        self._missing_since: Instant | None = None
        self._recovery: BackfillRequest | None = None
        self._queue = BackfillQueue()
        self._has_dropped = False

    @property
    def is_recovering(self) -> bool:
        """Whether missed minutes are still to be fetched."""
        return self._recovery is not None

    def start_recovery(self, closed: Instant, last_progress: Instant) -> None:
        """Request the bars missed while the feed was disconnected.

        Parameters
        ----------
        closed
            The last minute that is closed.
        last_progress
            When the last bar arrived: bars of closed minutes may be missing from there on.
        """
        after = self._with_margin(last_progress)
        self._since = closed
        self._missing_since = after if self._missing_since is None else min(after, self._missing_since)
        self._recovery = BackfillRequest(self._missing_since, self._client.settled_at())

    def disconnect(self) -> None:
        """Cancel the recovery: the feed is disconnected again, and a new one starts when it is back."""
        self._recovery = None

    def request(self, since: Instant, symbols: Sequence[str] | None = None) -> None:
        """Queue a request for bars that may be missing since an instant, of all symbols or of some."""
        of_symbols = None if symbols is None else tuple(symbols)
        due = self._client.settled_at()
        self._queue.add(BackfillRequest(self._with_margin(since), due, of_symbols, until=due))

    def handle_drop(self, since: Instant) -> Instant:
        """Request bars lost after an instant, and the whole session once more before its close.

        Returns
        -------
        From when on they are fetched.
        """
        after, due = self._with_margin(since), self._client.settled_at()
        self._queue.add(BackfillRequest(after, due, until=due, is_announced=True))
        if not self._has_dropped:
            self._has_dropped = True
            self._reconcile()
        return after

    def schedule_final_fetch(self, end: Instant, last_progress: Instant) -> None:
        """Request, after the last minute, the bars that may be missing since the last one arrived."""
        due = end + self._client.grace
        if self._has_dropped:
            last_progress = min(last_progress, end - _RECONCILED[0])
        self._queue.advance(due)
        self._queue.add(BackfillRequest(self._with_margin(last_progress), due, is_precaution=True))

    def report_lost(self) -> None:
        """Publish the bars that are missing at the session's end and could not be fetched."""
        now, why = self._client.now(), "the feed did not deliver them, and they could not be fetched"
        spans: dict[tuple[str, ...], list[Span]] = {}
        for one in self._queue.pending():
            if not one.is_precaution:
                until = min(one.until or self._session.close, self._session.close)
                symbols = one.select_from(self._budget.subscribed)
                spans.setdefault(one.symbols or (), []).extend(self._incomplete((one.after, until), symbols))
        for of_symbols, parts in spans.items():
            for since, until in merge_spans(parts):
                self._events.add(BarsLost(now, since, until, of_symbols, why))

    def next_due(self, can_repair: bool) -> Instant | None:
        """Return when the next request is due; None if there is none."""
        if self._recovery is not None:
            return self._recovery.due
        return self._queue.next_due() if can_repair else None

    def fetch_due(self, can_repair: bool) -> None:
        """Fetch the requests that are due."""
        now = self._client.now()
        if self._recovery is not None and self._recovery.due <= now:
            self._fetch_recovery(self._recovery, now)
        elif self._recovery is None and can_repair:
            for request in self._queue.take_due(now):
                self._fetch_repair(request, now)

    def _fetch_recovery(self, request: BackfillRequest, now: Instant) -> None:
        batch = self._client.fetch(self._budget.subscribed, request.after)
        if batch is None:
            self._recovery = request.retry(now)
            return
        self._recovery = self._missing_since = None
        self.recovered_to = minute_of(now - self._client.grace)
        self._events.add(FeedRecovered(now, self._since, self._store(batch)))

    def _fetch_repair(self, request: BackfillRequest, now: Instant) -> None:
        batch = self._client.fetch(request.select_from(self._budget.subscribed), request.after)
        if batch is None:
            self._queue.add(request.retry(now))
            return
        bars = self._store(batch)
        if request.is_announced:
            self._events.add(FeedRecovered(now, request.after, bars))

    def _reconcile(self) -> None:
        """Request the whole session in portions of symbols: a large fetch would block the stream for long."""
        first, last = (self._session.close - before for before in _RECONCILED)
        begin = max(first, self._client.settled_at())
        count = max(1, ceil(len(self._budget.subscribed) / _PORTION_SYMBOLS))
        step = max(0, last - begin) // count
        for number in range(count):
            due = begin + number * step
            self._queue.add(
                BackfillRequest(self._session.pre_open, due, portion=(number, count), is_precaution=True)
            )

    def _with_margin(self, instant: Instant) -> Instant:
        return max(self._session.pre_open, instant - _MARGIN)
