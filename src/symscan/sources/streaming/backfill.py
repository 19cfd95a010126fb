"""Fetching what a stream did not bring: what is wanted, when it can be had, and asking for it."""

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
from symscan.sources.streaming.subscriptions import SubscriptionBudget
from symscan.sources.streaming.validation import BatchValidator

_POLL_SECONDS: Final = 0.01

_LONGEST_PAUSE: Final = 60 * SECOND


@dataclass(frozen=True, slots=True)
class BackfillRequest:
    """Bars to be fetched.

    Attributes
    ----------
    after
        Bars that ended later are wanted.
    due
        When they can be had, on the market's clock: a bar just complete may take a moment.
    symbols
        Whose; None for all that are subscribed.
    pause
        How long to wait after a failure, microseconds; longer each time.
    portion
        Which of how many parts of the symbols; None for all of them at once.
    until
        What is missing of them ended by then; None for the close.
    is_announced
        Whether to say when they have been fetched.
    is_precaution
        Whether nothing says that any of them are still missing.
    """

    after: Instant
    due: Instant
    symbols: tuple[str, ...] | None = None
    pause: int = SECOND
    portion: tuple[int, int] | None = None
    until: Instant | None = None
    is_announced: bool = False
    is_precaution: bool = False

    def again(self, now: Instant) -> BackfillRequest:
        """The next attempt."""
        return replace(self, due=now + self.pause, pause=min(2 * self.pause, _LONGEST_PAUSE))

    def by(self, due: Instant) -> BackfillRequest:
        """The same, due then at the latest, and often again."""
        return replace(self, due=min(self.due, due), pause=SECOND)

    def among(self, symbols: frozenset[str]) -> frozenset[str]:
        """Whose bars they are, of the symbols that are subscribed."""
        mine = symbols if self.symbols is None else symbols.intersection(self.symbols)
        if self.portion is None:
            return mine
        number, count = self.portion
        return frozenset(symbol for symbol in mine if crc32(symbol.encode()) % count == number)


class BackfillQueue:
    """Bars to be fetched beside the stream; may be added to from any thread."""

    def __init__(self) -> None:
        self._wanted: list[BackfillRequest] = []
        self._lock = Lock()

    def add(self, wanted: BackfillRequest) -> None:
        """One more; with one like it that is due then, too, it makes one question."""
        with self._lock:
            self._wanted = _joined([*self._wanted, wanted])

    def due(self, now: Instant) -> list[BackfillRequest]:
        """Take out those that can be had."""
        with self._lock:
            ready = [one for one in self._wanted if one.due <= now]
            self._wanted = [one for one in self._wanted if one.due > now]
        return ready

    def hasten(self, due: Instant) -> None:
        """Have all of them due by then: what failed may have been put off for long."""
        with self._lock:
            self._wanted = [one.by(due) for one in self._wanted]

    def pending(self) -> list[BackfillRequest]:
        """Those that have not been taken out."""
        with self._lock:
            return list(self._wanted)

    def next_due(self) -> Instant | None:
        """When the next one can be had."""
        with self._lock:
            return min((one.due for one in self._wanted), default=None)


class BackfillClient:
    """Asks a feed for bars; any thread may.

    Parameters
    ----------
    grace
        How long after its end a bar can be had at the latest, microseconds.
    stopping
        Set when nothing is to be waited for any more.
    """

    def __init__(
        self, feed: Feed, checks: BatchValidator, news: EventQueue, grace: int, stopping: Event
    ) -> None:
        self.grace = grace
        self._feed = feed
        self._checks = checks
        self._news = news
        self._stopping = stopping

    def now(self) -> Instant:
        """The market's clock."""
        return self._feed.now()

    def settled(self) -> Instant:
        """When all can be had that the stream misses, if it is asked for now and heeds it a little later."""
        return minute_of(self.now() + self.grace) + self.grace

    def fetch(self, symbols: Collection[str], after: Instant) -> BarBatch | None:
        """The sound bars that ended after an instant; None if the feed cannot be asked, which is told."""
        if not symbols:
            return BarBatch([], np.zeros(0, np.int64), np.zeros((len(FIELDS), 0)))
        try:
            return self._checks.sound(self._feed.bars(sorted(symbols), after, self.now()))
        except FeedError as error:
            self._news.add(FeedNotice(self.now(), f"bars could not be fetched, tried again: {error}"))
            return None

    def wait_until(self, due: Instant) -> bool:
        """Wait for the market's clock, unless it waits for us; False if it is not worth while any more."""
        while not self._stopping.is_set() and not self._feed.waits_for_session and self.now() < due:
            self._stopping.wait(_POLL_SECONDS)
        return not self._stopping.is_set()


def minute_of(instant: Instant) -> Instant:
    """The last whole minute."""
    return instant - instant % MINUTE


def united(spans: Sequence[tuple[Instant, Instant]]) -> list[tuple[Instant, Instant]]:
    """The same times in order, those that touch each other as one."""
    found: list[tuple[Instant, Instant]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            begin, end = found[-1][0], max(found.pop()[1], end)
        found.append((begin, end))
    return found


def _joined(wanted: Sequence[BackfillRequest]) -> list[BackfillRequest]:
    """Those for the same symbols, or from the same instant on, as one."""
    *others, new = wanted
    for index, one in enumerate(others):
        if replace(one, symbols=None) == replace(new, symbols=None):
            symbols = (
                None
                if one.symbols is None or new.symbols is None
                else tuple(dict.fromkeys((*one.symbols, *new.symbols)))
            )
            return [*others[:index], replace(one, symbols=symbols), *others[index + 1 :]]
    return list(wanted)


_MARGIN: Final = 2 * MINUTE
"""How far before a gap bars are fetched again: late ones and corrections were lost with it."""

_RECONCILED: Final = (5 * MINUTE, MINUTE)
"""Between these times before the close a session that lost bars is fetched once more, as a whole: in time for
its last scans."""

_PORTION_SYMBOLS: Final = 100
"""About four answers of Alpaca's for a whole session: as long as the stream may be kept waiting."""


class Backfill:
    """What the stream missed.

    Minutes missed while the feed was away are fetched before any other is closed; what may have been
    missed otherwise is fetched beside the stream.

    Parameters
    ----------
    keep
        Puts fetched bars where they belong; returns how many were not known.
    """

    def __init__(
        self,
        session: Session,
        fetcher: BackfillClient,
        symbols: SubscriptionBudget,
        news: EventQueue,
        keep: Callable[[BarBatch], int],
    ) -> None:
        self.recovered_to = session.pre_open
        """Up to here nothing is missing: these minutes can be closed."""
        self._session = session
        self._fetcher = fetcher
        self._symbols = symbols
        self._news = news
        self._keep = keep
        self._since = session.pre_open
        self._unfilled: Instant | None = None
        self._recovery: BackfillRequest | None = None
        self._repairs = BackfillQueue()
        self._has_dropped = False

    @property
    def is_recovering(self) -> bool:
        """Whether missed minutes are still to be fetched."""
        return self._recovery is not None

    def recover(self, closed: Instant, heard: Instant) -> None:
        """The feed delivers again: fetch what may be missing.

        Parameters
        ----------
        closed
            The last minute that is closed.
        heard
            When the last bar came: bars of closed minutes may be missing from there on.
        """
        after = self._before(heard)
        self._since = closed
        self._unfilled = after if self._unfilled is None else min(after, self._unfilled)
        self._recovery = BackfillRequest(self._unfilled, self._fetcher.settled())

    def lose(self) -> None:
        """The feed is away again: what is missing will be fetched when it is back."""
        self._recovery = None

    def fill(self, since: Instant, symbols: Sequence[str] | None = None) -> None:
        """Fetch, beside the stream, what may be missing since an instant; of all symbols, or of some."""
        who = None if symbols is None else tuple(symbols)
        due = self._fetcher.settled()
        self._repairs.add(BackfillRequest(self._before(since), due, who, until=due))

    def drop(self, since: Instant) -> Instant:
        """Bars were lost after an instant: fetch them, and all of the session once more before its close.

        Returns
        -------
        From when on they are fetched.
        """
        after, due = self._before(since), self._fetcher.settled()
        self._repairs.add(BackfillRequest(after, due, until=due, is_announced=True))
        if not self._has_dropped:
            self._has_dropped = True
            self._reconcile()
        return after

    def look_again(self, end: Instant, heard: Instant) -> None:
        """When the last minute is over, fetch what may be missing of it, and since the last bar came."""
        due = end + self._fetcher.grace
        if self._has_dropped:
            heard = min(heard, end - _RECONCILED[0])
        self._repairs.hasten(due)
        self._repairs.add(BackfillRequest(self._before(heard), due, is_precaution=True))

    def give_up(self) -> None:
        """The session is over: say what was missing and could not be fetched."""
        now, why = self._fetcher.now(), "the feed did not deliver them, and they could not be fetched"
        spans: dict[tuple[str, ...], list[tuple[Instant, Instant]]] = {}
        for one in self._repairs.pending():
            if not one.is_precaution:
                until = min(one.until or self._session.close, self._session.close)
                spans.setdefault(one.symbols or (), []).append((one.after, until))
        for symbols, of_symbols in spans.items():
            for since, until in united(of_symbols):
                self._news.add(BarsLost(now, since, minute_of(until), symbols, why))

    def next_due(self, can_repair: bool) -> Instant | None:
        """When there is something to fetch, None if there is not."""
        if self._recovery is not None:
            return self._recovery.due
        return self._repairs.next_due() if can_repair else None

    def fetch_due(self, can_repair: bool) -> None:
        """Fetch what can be had now."""
        now = self._fetcher.now()
        if self._recovery is not None and self._recovery.due <= now:
            self._recover(self._recovery, now)
        elif self._recovery is None and can_repair:
            for wanted in self._repairs.due(now):
                self._repair(wanted, now)

    def _recover(self, wanted: BackfillRequest, now: Instant) -> None:
        arrivals = self._fetcher.fetch(self._symbols.placed, wanted.after)
        if arrivals is None:
            self._recovery = wanted.again(now)
            return
        self._recovery = self._unfilled = None
        self.recovered_to = minute_of(now - self._fetcher.grace)
        self._news.add(FeedRecovered(now, self._since, self._keep(arrivals)))

    def _repair(self, wanted: BackfillRequest, now: Instant) -> None:
        arrivals = self._fetcher.fetch(wanted.among(self._symbols.placed), wanted.after)
        if arrivals is None:
            self._repairs.add(wanted.again(now))
            return
        bars = self._keep(arrivals)
        if wanted.is_announced:
            self._news.add(FeedRecovered(now, wanted.after, bars))

    def _reconcile(self) -> None:
        """Have all minutes fetched, a portion of the symbols at a time: the stream must not wait for long."""
        first, last = (self._session.close - before for before in _RECONCILED)
        begin = max(first, self._fetcher.settled())
        count = max(1, ceil(len(self._symbols.placed) / _PORTION_SYMBOLS))
        step = max(0, last - begin) // count
        for number in range(count):
            due = begin + number * step
            self._repairs.add(
                BackfillRequest(self._session.pre_open, due, portion=(number, count), is_precaution=True)
            )

    def _before(self, instant: Instant) -> Instant:
        return max(self._session.pre_open, instant - _MARGIN)
