"""Fetching what a stream did not bring: what is wanted, when it can be had, and asking for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import Final
from zlib import crc32

import numpy as np

from symscan.errors import FeedError
from symscan.model.bar import FIELDS
from symscan.model.events.feed import FeedNotice
from symscan.model.instant import MINUTE, SECOND, Instant
from symscan.sources.feed import Arrivals, Feed
from symscan.sources.live_checks import Checks
from symscan.sources.live_link import News

_POLL_SECONDS: Final = 0.01

_LONGEST_PAUSE: Final = 60 * SECOND


@dataclass(frozen=True, slots=True)
class Wanted:
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

    def again(self, now: Instant) -> Wanted:
        """The next attempt."""
        return replace(self, due=now + self.pause, pause=min(2 * self.pause, _LONGEST_PAUSE))

    def by(self, due: Instant) -> Wanted:
        """The same, due then at the latest, and often again."""
        return replace(self, due=min(self.due, due), pause=SECOND)

    def among(self, symbols: frozenset[str]) -> frozenset[str]:
        """Whose bars they are, of the symbols that are subscribed."""
        mine = symbols if self.symbols is None else symbols.intersection(self.symbols)
        if self.portion is None:
            return mine
        number, count = self.portion
        return frozenset(symbol for symbol in mine if crc32(symbol.encode()) % count == number)


class Repairs:
    """Bars to be fetched beside the stream; may be added to from any thread."""

    def __init__(self) -> None:
        self._wanted: list[Wanted] = []
        self._lock = Lock()

    def add(self, wanted: Wanted) -> None:
        """One more; with one like it that is due then, too, it makes one question."""
        with self._lock:
            self._wanted = _joined([*self._wanted, wanted])

    def due(self, now: Instant) -> list[Wanted]:
        """Take out those that can be had."""
        with self._lock:
            ready = [one for one in self._wanted if one.due <= now]
            self._wanted = [one for one in self._wanted if one.due > now]
        return ready

    def hasten(self, due: Instant) -> None:
        """Have all of them due by then: what failed may have been put off for long."""
        with self._lock:
            self._wanted = [one.by(due) for one in self._wanted]

    def pending(self) -> list[Wanted]:
        """Those that have not been taken out."""
        with self._lock:
            return list(self._wanted)

    def next_due(self) -> Instant | None:
        """When the next one can be had."""
        with self._lock:
            return min((one.due for one in self._wanted), default=None)


class Fetcher:
    """Asks a feed for bars; any thread may.

    Parameters
    ----------
    grace
        How long after its end a bar can be had at the latest, microseconds.
    stopping
        Set when nothing is to be waited for any more.
    """

    def __init__(self, feed: Feed, checks: Checks, news: News, grace: int, stopping: Event) -> None:
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

    def fetch(self, symbols: Collection[str], after: Instant) -> Arrivals | None:
        """The sound bars that ended after an instant; None if the feed cannot be asked, which is told."""
        if not symbols:
            return Arrivals([], np.zeros(0, np.int64), np.zeros((len(FIELDS), 0)))
        try:
            return self._checks.sound(self._feed.bars(sorted(symbols), after, self.now()))
        except FeedError as error:
            self._news.add(FeedNotice(self.now(), f"bars could not be fetched, tried again: {error}"))
            return None

    def wait_until(self, due: Instant) -> bool:
        """Wait for the market's clock, unless it waits for us; False if it is not worth while any more."""
        while not self._stopping.is_set() and not self._feed.is_patient and self.now() < due:
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


def _joined(wanted: Sequence[Wanted]) -> list[Wanted]:
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
