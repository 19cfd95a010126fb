"""Symbols on their way into a live session: no bar of them is missing or doubled at the seam."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from symscan.model.bar import Block, LateBars
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.sources.feed import Arrivals
from symscan.sources.live_bars import LiveBars, Trust, blocks_over
from symscan.sources.live_fetches import Fetcher, Wanted
from symscan.sources.live_gaps import Gaps
from symscan.sources.live_joining import Joining
from symscan.sources.subscription_budget import SubscriptionBudget


class Entry:
    """Brings symbols in.

    A symbol is first prepared, by any thread: from then on what comes of it is kept, and what came
    before is fetched. Once it has a column all of that goes where it belongs: what ended before as its
    catch-up, the rest into the minutes that are open.
    """

    def __init__(
        self, session: Session, bars: LiveBars, symbols: SubscriptionBudget, fetcher: Fetcher, gaps: Gaps
    ) -> None:
        self._session = session
        self._bars = bars
        self._symbols = symbols
        self._fetcher = fetcher
        self._gaps = gaps
        self._joining = Joining()
        self._unprepared: set[str] = set()
        self._caught: list[LateBars] = []

    def keep(self, arrivals: Arrivals, trust: Trust) -> None:
        """Keep what came of symbols that are being prepared."""
        self._joining.keep(arrivals, trust)

    def prepare(self, symbols: Sequence[str]) -> None:
        """Fetch what there is of symbols, and keep what comes from now on; waits until that is done."""
        self._joining.begin(symbols)
        self.fill_regained(self._symbols.want(symbols))
        wanted = Wanted(self._session.pre_open, self._fetcher.settled())
        while self._fetcher.wait_until(wanted.due):
            arrivals = self._fetcher.fetch(self._symbols.placed.intersection(symbols), wanted.after)
            if arrivals is not None:
                self._joining.keep(arrivals, Trust.FETCHED)
                self._joining.prepared(symbols)
                return
            wanted = wanted.again(self._fetcher.now())

    def join(self, rows: Mapping[str, int], capacity: int, is_connected: bool) -> None:
        """Give symbols their columns."""
        self._bars.subscribe(rows, capacity)
        if not rows:
            return
        unprepared = [symbol for symbol in rows if not self._joining.is_prepared(symbol)]
        self.fill_regained(self._symbols.want(rows))
        for trust, arrivals in self._joining.join(rows):
            self._caught += self._bars.take(arrivals, trust, self._fetcher.now()).late
        self._unprepared.update(unprepared)
        if unprepared and is_connected:  # a bar may be under way while the feed is asked for more
            self._gaps.fill(self._bars.closed, unprepared)

    def leave(self, symbols: Sequence[str]) -> None:
        """Forget symbols."""
        self._bars.unsubscribe(symbols)
        self._caught.clear()  # its columns may go to others
        self._joining.leave(symbols)
        self._unprepared.difference_update(symbols)
        self.fill_regained(self._symbols.forget(symbols))

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """The bars of symbols that have just joined, over these symbols.

        Those that nobody prepared are fetched on the spot; what cannot be had is fetched again later.
        """
        placed = self._symbols.placed
        missing = [symbol for symbol in symbols if symbol in self._unprepared and symbol in placed]
        self._unprepared.difference_update(symbols)
        arrivals = self._fetcher.fetch(missing, self._session.pre_open)
        if arrivals is None:
            self._gaps.fill(self._session.pre_open, missing)
        else:
            self._caught += self._bars.take(arrivals, Trust.FETCHED, self._fetcher.now()).late
        columns = [self._bars.columns[symbol] for symbol in symbols]
        caught = self._caught
        self._caught = [one for one in caught if not np.isin(one.rows, columns).all()]
        return blocks_over(caught, columns, ends)

    def fill_regained(self, symbols: Iterable[str]) -> None:
        """Fetch the bars of symbols that there was no room for so far."""
        regained = list(symbols)
        if regained:
            self._gaps.fill(self._session.pre_open, regained)
