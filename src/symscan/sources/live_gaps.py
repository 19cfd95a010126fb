"""Gaps in a stream: noticed, and filled by fetching."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from symscan.model.instant import MINUTE, Instant
from symscan.model.live_events import FeedRecovered
from symscan.model.session import Session
from symscan.sources.feed import Arrivals
from symscan.sources.live_fetches import Fetcher, Repairs, Wanted, minute_of
from symscan.sources.live_link import News
from symscan.sources.subscription_budget import SubscriptionBudget

_MARGIN: Final = 2 * MINUTE
"""How far before a gap bars are fetched again: late ones and corrections were lost with it."""


class Gaps:
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
        fetcher: Fetcher,
        symbols: SubscriptionBudget,
        news: News,
        keep: Callable[[Arrivals], int],
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
        self._recovery: Wanted | None = None
        self._repairs = Repairs()

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
        self._recovery = Wanted(self._unfilled, self._fetcher.settled())

    def lose(self) -> None:
        """The feed is away again: what is missing will be fetched when it is back."""
        self._recovery = None

    def fill(self, since: Instant, symbols: Sequence[str] | None = None) -> None:
        """Fetch, beside the stream, what may be missing since an instant; of all symbols, or of some."""
        who = None if symbols is None else tuple(symbols)
        self._repairs.add(Wanted(self._before(since), self._fetcher.settled(), who))

    def look_again(self, end: Instant, heard: Instant) -> None:
        """When the last minute is over, fetch what may be missing of it, and since the last bar came."""
        self._repairs.add(Wanted(self._before(heard), end + self._fetcher.grace))

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

    def _recover(self, wanted: Wanted, now: Instant) -> None:
        arrivals = self._fetcher.fetch(self._symbols.placed, wanted.after)
        if arrivals is None:
            self._recovery = wanted.again(now)
            return
        self._recovery = self._unfilled = None
        self.recovered_to = minute_of(now - self._fetcher.grace)
        self._news.add(FeedRecovered(now, self._since, self._keep(arrivals)))

    def _repair(self, wanted: Wanted, now: Instant) -> None:
        placed = self._symbols.placed
        symbols: Collection[str] = placed if wanted.symbols is None else placed.intersection(wanted.symbols)
        arrivals = self._fetcher.fetch(symbols, wanted.after)
        if arrivals is None:
            self._repairs.add(wanted.again(now))
        else:
            self._keep(arrivals)

    def _before(self, instant: Instant) -> Instant:
        return max(self._session.pre_open, instant - _MARGIN)
