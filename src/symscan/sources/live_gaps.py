"""Gaps in a stream: noticed, and filled by fetching."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from typing import Final

from symscan.model.events.feed import BarsLost, FeedRecovered
from symscan.model.instant import MINUTE, Instant
from symscan.model.session import Session
from symscan.sources.feed import Arrivals
from symscan.sources.live_fetches import Fetcher, Repairs, Wanted, minute_of, united
from symscan.sources.live_link import News
from symscan.sources.subscription_budget import SubscriptionBudget

_MARGIN: Final = 2 * MINUTE
"""How far before a gap bars are fetched again: late ones and corrections were lost with it."""

_RECONCILED: Final = (5 * MINUTE, MINUTE)
"""Between these times before the close a session that lost bars is fetched once more, as a whole: in time for
its last scans."""

_PORTION_SYMBOLS: Final = 100
"""About four answers of Alpaca's for a whole session: as long as the stream may be kept waiting."""


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
        self._recovery = Wanted(self._unfilled, self._fetcher.settled())

    def lose(self) -> None:
        """The feed is away again: what is missing will be fetched when it is back."""
        self._recovery = None

    def fill(self, since: Instant, symbols: Sequence[str] | None = None) -> None:
        """Fetch, beside the stream, what may be missing since an instant; of all symbols, or of some."""
        who = None if symbols is None else tuple(symbols)
        due = self._fetcher.settled()
        self._repairs.add(Wanted(self._before(since), due, who, until=due))

    def drop(self, since: Instant) -> Instant:
        """Bars were lost after an instant: fetch them, and all of the session once more before its close.

        Returns
        -------
        From when on they are fetched.
        """
        after, due = self._before(since), self._fetcher.settled()
        self._repairs.add(Wanted(after, due, until=due, is_announced=True))
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
        self._repairs.add(Wanted(self._before(heard), due, is_precaution=True))

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

    def _recover(self, wanted: Wanted, now: Instant) -> None:
        arrivals = self._fetcher.fetch(self._symbols.placed, wanted.after)
        if arrivals is None:
            self._recovery = wanted.again(now)
            return
        self._recovery = self._unfilled = None
        self.recovered_to = minute_of(now - self._fetcher.grace)
        self._news.add(FeedRecovered(now, self._since, self._keep(arrivals)))

    def _repair(self, wanted: Wanted, now: Instant) -> None:
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
                Wanted(self._session.pre_open, due, portion=(number, count), is_precaution=True)
            )

    def _before(self, instant: Instant) -> Instant:
        return max(self._session.pre_open, instant - _MARGIN)
