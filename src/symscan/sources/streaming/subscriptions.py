"""Choose the subscribed symbols where a limit allows fewer than are requested."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice
from threading import RLock

from symscan.model.events.feed import SubscriptionLimited
from symscan.sources.ports import Feed
from symscan.sources.streaming.connection import EventQueue


class SubscriptionBudget:
    """Chooses the symbols to subscribe within the limit, and subscribes them; thread-safe.

    Preferred symbols come first, then the others in order of request. The limit is the smaller of the
    configured one and the one the feed reports. Every change returns the symbols that were beyond the limit
    so far and are subscribed now.

    Parameters
    ----------
    limit
        The configured limit; None for none.
    """

    def __init__(self, feed: Feed, limit: int | None, events: EventQueue) -> None:
        self._feed = feed
        self._events = events
        self._configured = limit
        self._reported: int | None = None
        self._requested: dict[str, None] = {}
        self._preferred: tuple[str, ...] = ()
        self._subscribed: frozenset[str] = frozenset()
        self._left_out: frozenset[str] = frozenset()
        self._lock = RLock()

    @property
    def limit(self) -> int | None:
        """The number of symbols that can be subscribed; None if unlimited."""
        return min((one for one in (self._configured, self._reported) if one is not None), default=None)

    @property
    def subscribed(self) -> frozenset[str]:
        """The subscribed symbols; another object after each change."""
        return self._subscribed

    def add(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Request symbols."""
        with self._lock:
            self._requested.update(dict.fromkeys(symbols))
            return self._assign()

    def remove(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Remove symbols."""
        with self._lock:
            for symbol in symbols:
                self._requested.pop(symbol, None)
            return self._assign()

    def prefer(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Prefer these symbols; replaces the earlier preference."""
        with self._lock:
            self._preferred = tuple(symbols)
            return self._assign()

    def restrict(self, limit: int, left_out: Collection[str]) -> tuple[str, ...]:
        """Apply the limit that the feed reports; it could not subscribe the symbols ``left_out``."""
        with self._lock:
            self._reported = limit
            regained = self._assign()
            return tuple(dict.fromkeys([*regained, *(one for one in left_out if one in self._subscribed)]))

    def _assign(self) -> tuple[str, ...]:
        """Recompute which symbols are subscribed, and subscribe the difference."""
        preferred = (symbol for symbol in self._preferred if symbol in self._requested)
        chosen = list(islice(dict.fromkeys([*preferred, *self._requested]), self.limit))
        before, self._subscribed = self._subscribed, frozenset(chosen)
        gained = [symbol for symbol in chosen if symbol not in before]
        if dropped := sorted(before - self._subscribed):  # first make room: the other side counts, too
            self._feed.unsubscribe(dropped)
        if gained:
            self._feed.subscribe(gained)
        regained = tuple(symbol for symbol in gained if symbol in self._left_out)
        self._publish(tuple(symbol for symbol in self._requested if symbol not in self._subscribed))
        return regained

    def _publish(self, left_out: tuple[str, ...]) -> None:
        """Publish the symbols beyond the limit whenever they change, also when none are left."""
        before, self._left_out = self._left_out, frozenset(left_out)
        if self._left_out != before and self.limit is not None:
            self._events.add(SubscriptionLimited(self._feed.now(), self.limit, left_out))
