"""Which symbols a feed is asked for, where it cannot be asked for all that are wanted."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice
from threading import RLock

from symscan.model.events.feed import SubscriptionLimited
from symscan.sources.ports import Feed
from symscan.sources.streaming.connection import EventQueue


class SubscriptionBudget:
    """Decides who is subscribed, and asks the feed for it; may be used from any thread.

    Places go to the preferred symbols first, then to the others in the order they came. How many there
    are is the smaller of the configuration's limit and the one that the feed reports. Every change
    returns the symbols that had no place so far and have one now.

    Parameters
    ----------
    limit
        The configuration's; None for none.
    """

    def __init__(self, feed: Feed, limit: int | None, news: EventQueue) -> None:
        self._feed = feed
        self._news = news
        self._configured = limit
        self._reported: int | None = None
        self._wanted: dict[str, None] = {}
        self._preferred: tuple[str, ...] = ()
        self._placed: frozenset[str] = frozenset()
        self._left_out: frozenset[str] = frozenset()
        self._lock = RLock()

    @property
    def limit(self) -> int | None:
        """How many places there are; None for as many as are wanted."""
        return min((one for one in (self._configured, self._reported) if one is not None), default=None)

    @property
    def placed(self) -> frozenset[str]:
        """The symbols that have a place; another object after each change."""
        return self._placed

    def want(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Subscribe these, too."""
        with self._lock:
            self._wanted.update(dict.fromkeys(symbols))
            return self._assign()

    def forget(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Subscribe these no longer."""
        with self._lock:
            for symbol in symbols:
                self._wanted.pop(symbol, None)
            return self._assign()

    def prefer(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Give these their places first; replaces what was preferred before."""
        with self._lock:
            self._preferred = tuple(symbols)
            return self._assign()

    def restrict(self, limit: int, missing: Collection[str]) -> tuple[str, ...]:
        """Keep to the limit that the feed reports; the missing are those it could not subscribe for it."""
        with self._lock:
            self._reported = limit
            regained = self._assign()
            return tuple(dict.fromkeys([*regained, *(one for one in missing if one in self._placed)]))

    def _assign(self) -> tuple[str, ...]:
        """Give out the places anew, and ask the feed for what changed."""
        preferred = (symbol for symbol in self._preferred if symbol in self._wanted)
        chosen = list(islice(dict.fromkeys([*preferred, *self._wanted]), self.limit))
        before, self._placed = self._placed, frozenset(chosen)
        gained = [symbol for symbol in chosen if symbol not in before]
        if dropped := sorted(before - self._placed):  # first make room: the other side counts, too
            self._feed.unsubscribe(dropped)
        if gained:
            self._feed.subscribe(gained)
        regained = tuple(symbol for symbol in gained if symbol in self._left_out)
        self._publish(tuple(symbol for symbol in self._wanted if symbol not in self._placed))
        return regained

    def _publish(self, left_out: tuple[str, ...]) -> None:
        """Say who has no place, when these are others than before, also when there is nobody any more."""
        before, self._left_out = self._left_out, frozenset(left_out)
        if self._left_out != before and self.limit is not None:
            self._news.add(SubscriptionLimited(self._feed.now(), self.limit, left_out))
