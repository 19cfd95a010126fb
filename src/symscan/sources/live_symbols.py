"""A feed's subscriptions: what is wanted, what there is room for, and what has just got a place."""

from __future__ import annotations

from collections.abc import Iterable
from threading import RLock

from symscan.model.live_events import SubscriptionLimited
from symscan.sources.feed import Feed
from symscan.sources.live_budget import Budget
from symscan.sources.live_link import News


class Subscriptions:
    """Keeps a feed's subscriptions to what fits; may be used from any thread.

    Every change returns the symbols that had been left out and now have a place.
    """

    def __init__(self, feed: Feed, limit: int | None, news: News) -> None:
        self._feed = feed
        self._news = news
        self._budget = Budget(limit)
        self._lock = RLock()

    @property
    def placed(self) -> frozenset[str]:
        """The symbols subscribed at the feed; another object after each change."""
        return self._budget.placed

    def want(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Subscribe these, too."""
        with self._lock:
            self._budget.want(symbols)
            return self._fit()

    def forget(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Subscribe these no longer."""
        with self._lock:
            self._budget.forget(symbols)
            return self._fit()

    def prefer(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Give these their places first."""
        with self._lock:
            self._budget.prefer(symbols)
            return self._fit()

    def _fit(self) -> tuple[str, ...]:
        fit = self._budget.fit()
        if fit.dropped:  # first make room: the other side counts, too
            self._feed.unsubscribe(fit.dropped)
        if fit.gained:
            self._feed.subscribe(fit.gained)
        if fit.left_out and self._budget.limit is not None:
            self._news.add(SubscriptionLimited(self._feed.now(), self._budget.limit, fit.left_out))
        return fit.regained
