"""Allocate rows for symbols, with their daily history."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress

import numpy as np
from msgspec import Struct

from symscan.bars.dense import number
from symscan.errors import SymscanError
from symscan.model.bar import Block
from symscan.model.instant import Instant
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarBatch, Feed, HistorySource


def allocate_rows(data: SessionData, history: HistorySource, symbols: Iterable[str]) -> list[str]:
    """Allocate rows for symbols that have none and load their daily history; returns those symbols."""
    new = data.add_rows(symbols)
    if not new:
        return new
    rows = data.symbols.rows(new)
    daily = history.daily(new, data.session)
    stored = history.symbols()  # afterwards: reading a symbol's days may add it to the store
    data.readings.previous_close[rows] = daily.previous_close
    data.mismatched[rows] = daily.mismatched
    data.daily_derived[rows] = False if daily.derived is None else daily.derived
    data.in_store[rows] = [symbol in stored for symbol in new]
    return new


class OutsiderLookup(Struct, frozen=True):
    """Finds symbols that a concurrent scan found outside its universe.

    Runs on the scan's thread; it touches neither the session nor the scan's own copy of it.

    Attributes
    ----------
    history, feed
        Where earlier bars and this session's come from.
    """

    history: HistorySource
    feed: Feed

    def stored(self) -> Collection[str]:
        """Return the symbols that have bars."""
        return self.history.symbols()

    def session_with(self, data: SessionData, symbols: Sequence[str]) -> SessionData:
        """Return an otherwise empty session at the same instant with the symbols' bars up to it.

        Where they cannot be fetched, the symbols stay unknown: no reason to lose the scan.
        """
        empty = data.empty_copy()
        with suppress(SymscanError):
            self._add(empty, symbols)
        return empty

    def _add(self, data: SessionData, symbols: Sequence[str]) -> None:
        self.history.daily(symbols, data.session)  # which may add them to the store
        stored = self.history.symbols()
        new = allocate_rows(data, self.history, [symbol for symbol in symbols if symbol in stored])
        if new:
            batch = self.feed.bars(new, data.session.pre_open, data.now)
            grids = (data.premarket.grid, data.regular.grid)
            data.catch_up(new, *(_blocks(batch, new, grid.ends()) for grid in grids))


def _blocks(batch: BarBatch, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
    """Convert a batch to one block per end over the symbols."""
    blocks = {end: Block.blank(end, len(symbols)) for end in ends}
    column_of = number(symbols)
    for column, (symbol, end) in enumerate(zip(batch.symbols, batch.ends.tolist(), strict=True)):
        if end in blocks and symbol in column_of:
            fields = batch.fields[:, column : column + 1]
            blocks[end].put(np.array([column_of[symbol]]), np.ones(1, np.bool_), fields)
    return list(blocks.values())
