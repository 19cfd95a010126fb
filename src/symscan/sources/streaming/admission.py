"""Bars of symbols that are about to join: what was fetched, and what has come since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Lock

import numpy as np

from symscan.model.bar import Block, LateBars
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.sources.ports import BarBatch
from symscan.sources.streaming.backfill import Backfill, BackfillClient, BackfillRequest
from symscan.sources.streaming.minute_buffer import BarPriority, MinuteBuffer, blocks_over
from symscan.sources.streaming.subscriptions import SubscriptionBudget
from symscan.sources.streaming.validation import chosen


class PendingBars:
    """Keeps bars of symbols that have no column yet; filled from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._symbols: set[str] = set()
        self._here: set[str] = set()
        self._prepared: set[str] = set()
        self._chunks: list[tuple[BarPriority, BarBatch]] = []

    def begin(self, symbols: Iterable[str]) -> None:
        """From now on keep what comes of these symbols; nothing of those that are here by now.

        Somebody else may have asked for them, too, and been first.
        """
        with self._lock:
            self._symbols.update(symbol for symbol in symbols if symbol not in self._here)

    def keep(self, arrivals: BarBatch, trust: BarPriority) -> None:
        """Keep those of the bars that are of symbols about to join."""
        with self._lock:
            kept = _of(arrivals, self._symbols) if self._symbols else None
            if kept is not None:
                self._chunks.append((trust, kept))

    def prepared(self, symbols: Iterable[str]) -> None:
        """All there was of these symbols before has been fetched."""
        with self._lock:
            self._prepared.update(self._symbols.intersection(symbols))

    def is_prepared(self, symbol: str) -> bool:
        """Whether nothing is missing of a symbol about to join."""
        with self._lock:
            return symbol in self._prepared

    def join(self, symbols: Iterable[str]) -> list[tuple[BarPriority, BarBatch]]:
        """Give out, in the order they came, the bars of symbols that join now."""
        with self._lock:
            self._here.update(symbols)
            return self._take(symbols)

    def leave(self, symbols: Iterable[str]) -> None:
        """Forget symbols, whether they joined or not."""
        with self._lock:
            self._here.difference_update(symbols)
            self._take(symbols)

    def _take(self, symbols: Iterable[str]) -> list[tuple[BarPriority, BarBatch]]:
        gone = self._symbols.intersection(symbols)
        if not gone:
            return []
        self._symbols -= gone
        self._prepared -= gone
        taken = [(trust, some) for trust, one in self._chunks if (some := _of(one, gone)) is not None]
        self._chunks = [
            (trust, rest) for trust, one in self._chunks if (rest := _of(one, self._symbols)) is not None
        ]
        return taken


def _of(arrivals: BarBatch, symbols: Collection[str]) -> BarBatch | None:
    mask = np.array([symbol in symbols for symbol in arrivals.symbols], np.bool_)
    if not mask.any():
        return None
    return arrivals if mask.all() else chosen(arrivals, mask)


class SymbolAdmission:
    """Brings symbols in.

    A symbol is first prepared, by any thread: from then on what comes of it is kept, and what came
    before is fetched. Once it has a column all of that goes where it belongs: what ended before as its
    catch-up, the rest into the minutes that are open.
    """

    def __init__(
        self,
        session: Session,
        bars: MinuteBuffer,
        symbols: SubscriptionBudget,
        fetcher: BackfillClient,
        gaps: Backfill,
    ) -> None:
        self._session = session
        self._bars = bars
        self._symbols = symbols
        self._fetcher = fetcher
        self._gaps = gaps
        self._joining = PendingBars()
        self._unprepared: set[str] = set()
        self._caught: list[LateBars] = []

    def keep(self, arrivals: BarBatch, trust: BarPriority) -> None:
        """Keep what came of symbols that are being prepared."""
        self._joining.keep(arrivals, trust)

    def prepare(self, symbols: Sequence[str]) -> None:
        """Fetch what there is of symbols, and keep what comes from now on; waits until that is done."""
        self._joining.begin(symbols)
        self.fill_regained(self._symbols.want(symbols))
        wanted = BackfillRequest(self._session.pre_open, self._fetcher.settled())
        while self._fetcher.wait_until(wanted.due):
            arrivals = self._fetcher.fetch(self._symbols.placed.intersection(symbols), wanted.after)
            if arrivals is not None:
                self._joining.keep(arrivals, BarPriority.FETCHED)
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
            self._caught += self._bars.take(arrivals, BarPriority.FETCHED, self._fetcher.now()).late
        columns = [self._bars.columns[symbol] for symbol in symbols]
        caught = self._caught
        self._caught = [one for one in caught if not np.isin(one.rows, columns).all()]
        return blocks_over(caught, columns, ends)

    def fill_regained(self, symbols: Iterable[str]) -> None:
        """Fetch the bars of symbols that there was no room for so far."""
        regained = list(symbols)
        if regained:
            self._gaps.fill(self._session.pre_open, regained)
