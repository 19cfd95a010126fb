"""Admit symbols to a live session: fetch their earlier bars, and keep those that arrive meanwhile."""

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
from symscan.sources.streaming.validation import select_bars


class PendingBars:
    """Buffer of bars of symbols that have no column yet; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._pending: dict[str, bool] = {}  # whether the earlier bars of each have been fetched
        self._admitted: set[str] = set()
        self._chunks: list[tuple[BarPriority, BarBatch]] = []

    def begin(self, symbols: Iterable[str]) -> None:
        """Begin to buffer bars of these symbols, except of those already admitted.

        Another thread may have prepared the same symbol first.
        """
        with self._lock:
            for symbol in symbols:
                if symbol not in self._admitted:
                    self._pending.setdefault(symbol, False)

    def add(self, batch: BarBatch, priority: BarPriority) -> None:
        """Buffer the bars of symbols that are being prepared."""
        with self._lock:
            kept = _bars_of(batch, self._pending) if self._pending else None
            if kept is not None:
                self._chunks.append((priority, kept))

    def mark_prepared(self, symbols: Iterable[str]) -> None:
        """Mark that the earlier bars of these symbols have been fetched."""
        with self._lock:
            self._pending.update((symbol, True) for symbol in symbols if symbol in self._pending)

    def is_prepared(self, symbol: str) -> bool:
        """Whether the earlier bars of a symbol have been fetched."""
        with self._lock:
            return self._pending.get(symbol, False)

    def release(self, symbols: Iterable[str]) -> list[tuple[BarPriority, BarBatch]]:
        """Remove and return the buffered bars of symbols that are admitted now, in order of arrival."""
        with self._lock:
            self._admitted.update(symbols)
            return self._take(symbols)

    def discard(self, symbols: Iterable[str]) -> None:
        """Discard all state of these symbols, admitted or not."""
        with self._lock:
            self._admitted.difference_update(symbols)
            self._take(symbols)

    def _take(self, symbols: Iterable[str]) -> list[tuple[BarPriority, BarBatch]]:
        gone = {symbol for symbol in symbols if self._pending.pop(symbol, None) is not None}
        if not gone:
            return []
        taken = [
            (priority, some) for priority, one in self._chunks if (some := _bars_of(one, gone)) is not None
        ]
        self._chunks = [
            (priority, rest)
            for priority, one in self._chunks
            if (rest := _bars_of(one, self._pending)) is not None
        ]
        return taken


def _bars_of(batch: BarBatch, symbols: Collection[str]) -> BarBatch | None:
    mask = np.array([symbol in symbols for symbol in batch.symbols], np.bool_)
    if not mask.any():
        return None
    return batch if mask.all() else select_bars(batch, mask)


class SymbolAdmission:
    """Admits symbols to the session.

    A symbol is first prepared, by any thread: bars that arrive from then on are buffered, earlier ones are
    fetched. When it is admitted it has a column: bars of closed minutes become its catch-up, the others go
    into the open minutes.
    """

    def __init__(
        self,
        session: Session,
        bars: MinuteBuffer,
        budget: SubscriptionBudget,
        client: BackfillClient,
        backfill: Backfill,
    ) -> None:
        self._session = session
        self._bars = bars
        self._budget = budget
        self._client = client
        self._backfill = backfill
        self._pending = PendingBars()
        self._unprepared: set[str] = set()
        self._early_bars: list[LateBars] = []

    def add(self, batch: BarBatch, priority: BarPriority) -> None:
        """Buffer the bars of symbols that are being prepared."""
        self._pending.add(batch, priority)

    def prepare(self, symbols: Sequence[str]) -> None:
        """Buffer new bars of symbols and fetch their earlier ones; waits until these are there."""
        self._pending.begin(symbols)
        self.backfill_regained(self._budget.add(symbols))
        request = BackfillRequest(self._session.pre_open, self._client.settled_at())
        while self._client.wait_until(request.due):
            batch = self._client.fetch(self._budget.subscribed.intersection(symbols), request.after)
            if batch is not None:
                self._pending.add(batch, BarPriority.FETCHED)
                self._pending.mark_prepared(symbols)
                return
            request = request.retry(self._client.now())

    def admit(self, rows: Mapping[str, int], capacity: int, is_connected: bool) -> None:
        """Assign symbols their columns, and process their buffered bars."""
        self._bars.subscribe(rows, capacity)
        if not rows:
            return
        unprepared = [symbol for symbol in rows if not self._pending.is_prepared(symbol)]
        self.backfill_regained(self._budget.add(rows))
        for priority, batch in self._pending.release(rows):
            self._early_bars += self._bars.add(batch, priority, self._client.now()).late
        self._unprepared.update(unprepared)
        if unprepared and is_connected:  # a bar may be under way while the feed is asked for more
            self._backfill.request(self._bars.closed, unprepared)

    def remove(self, symbols: Sequence[str]) -> None:
        """Remove symbols and their bars."""
        self._bars.unsubscribe(symbols)
        self._early_bars.clear()  # its columns may go to others
        self._pending.discard(symbols)
        self._unprepared.difference_update(symbols)
        self.backfill_regained(self._budget.remove(symbols))

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """Return the earlier bars of symbols that were just admitted, over these symbols.

        Bars of symbols that were not prepared are fetched now; if that fails they are requested again later.
        """
        subscribed = self._budget.subscribed
        missing = [symbol for symbol in symbols if symbol in self._unprepared and symbol in subscribed]
        self._unprepared.difference_update(symbols)
        batch = self._client.fetch(missing, self._session.pre_open)
        if batch is None:
            self._backfill.request(self._session.pre_open, missing)
        else:
            self._early_bars += self._bars.add(batch, BarPriority.FETCHED, self._client.now()).late
        columns = [self._bars.columns[symbol] for symbol in symbols]
        early = self._early_bars
        self._early_bars = [one for one in early if not np.isin(one.rows, columns).all()]
        return blocks_over(early, columns, ends)

    def backfill_regained(self, symbols: Iterable[str]) -> None:
        """Request the earlier bars of symbols that were beyond the subscription limit so far."""
        regained = list(symbols)
        if regained:
            self._backfill.request(self._session.pre_open, regained)
