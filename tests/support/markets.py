"""A market in memory: both ports of a session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from support.builders import MINUTE, NAN, Day, make_block, weekdays_before
from symscan.bars.aggregator import combine, derive
from symscan.model.bar import BarSlice, Block
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.interval import ONE_DAY, ONE_MINUTE, Interval
from symscan.model.session import Session
from symscan.sources.ports import DailyHistory


class MemoryMarket:
    """Both ports of a session over minute bars in memory.

    Parameters
    ----------
    session
        The session played.
    today
        Its bars by symbol.
    earlier
        Bars of earlier sessions by date, then symbol.
    mismatched
        Symbols whose daily history is on another price basis.

    Attributes
    ----------
    loads, prepared, preferred, removed
        What it was called with.
    """

    base = ONE_MINUTE

    def __init__(
        self,
        session: Session,
        today: Mapping[str, Day],
        earlier: Mapping[date, Mapping[str, Day]] | None = None,
        mismatched: Sequence[str] = (),
    ) -> None:
        self.session = session
        self.today = dict(today)
        self.earlier = dict(earlier or {})
        self.mismatched = mismatched
        self.columns: dict[str, int] = {}
        self.capacity = 0
        self.now = session.pre_open
        self.loads: list[tuple[tuple[str, ...], Interval, int]] = []
        self.prepared: list[tuple[str, ...]] = []
        self.preferred: list[tuple[str, ...]] = []
        self.removed: list[str] = []

    # -- the history ---------------------------------------------------------------------------

    def symbols(self) -> frozenset[str]:
        return frozenset(self.today).union(*self.earlier.values())

    def load(
        self, symbols: Sequence[str], interval: Interval, session: Session, days: int
    ) -> Iterator[Block]:
        self.loads.append((tuple(symbols), interval, days))
        for earlier in weekdays_before(session, days):
            blocks = self._regular(earlier, self.earlier.get(earlier.date, {}), symbols)
            if interval == ONE_DAY:
                yield combine(blocks, earlier.close)
            else:
                yield from derive(interval, earlier, blocks)

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        (block,) = self.load(symbols, ONE_DAY, session, 1)
        mismatched = np.array([symbol in self.mismatched for symbol in symbols], np.bool_)
        return DailyHistory(np.where(mismatched, NAN, block.close), mismatched)

    # -- the session itself --------------------------------------------------------------------

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        self.columns.update(rows)
        self.capacity = capacity

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        self.removed += symbols
        for symbol in symbols:
            self.columns.pop(symbol, None)

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        return [self._block(self.session, self.today, end, symbols) for end in ends if end <= self.now]

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """There is nothing to wait for."""
        self.prepared.append(tuple(symbols))

    def prefer(self, symbols: Sequence[str]) -> None:
        """There is room for every symbol."""
        self.preferred.append(tuple(symbols))

    def drain_events(self) -> list[Event]:
        return []

    def slices(self) -> Iterator[BarSlice]:
        for end in range(self.session.pre_open + MINUTE, self.session.close + 1, MINUTE):
            self.now = end
            block = Block.blank(end, self.capacity)
            bars = self._block(self.session, self.today, end, tuple(self.columns))
            block.put(np.array(list(self.columns.values()), np.intp), bars.present, bars.fields)
            yield BarSlice(end, block)

    def _regular(self, session: Session, day: Mapping[str, Day], symbols: Sequence[str]) -> list[Block]:
        ends = range(session.open + MINUTE, session.close + 1, MINUTE)
        return [self._block(session, day, end, symbols) for end in ends]

    def _block(self, session: Session, day: Mapping[str, Day], end: Instant, symbols: Sequence[str]) -> Block:
        start = (end - session.open) // MINUTE - 1
        return make_block(end, *(day.get(symbol, {}).get(start) for symbol in symbols))
