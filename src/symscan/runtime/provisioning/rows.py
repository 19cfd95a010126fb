"""Allocate rows for symbols, with their daily history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from symscan.bars.dense import number
from symscan.errors import FeedError
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


@dataclass(frozen=True, slots=True)
class OutsiderLookup:
    """Adds symbols that a scan found outside its universe to a pinned copy of the session.

    Runs on the scan's thread and does not touch the session itself.

    Attributes
    ----------
    history, feed
        Where earlier bars and this session's come from.
    """

    history: HistorySource
    feed: Feed

    def add_to(self, data: SessionData, symbols: Sequence[str]) -> None:
        """Allocate the symbols' rows in ``data``, and load their bars up to its instant.

        Where they cannot be fetched, the symbols stay unknown.
        """
        new = [symbol for symbol in symbols if symbol not in data.symbols]
        try:
            self.history.daily(new, data.session)  # which may add them to the store
            stored = self.history.symbols()
            new = [symbol for symbol in new if symbol in stored]
            new = allocate_rows(data, self.history, new)
            if new:
                batch = self.feed.bars(new, data.session.pre_open, data.now)
                grids = (data.premarket.grid, data.regular.grid)
                data.catch_up(new, *(_blocks(batch, new, grid.ends()) for grid in grids))
        except FeedError:
            return


def _blocks(batch: BarBatch, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
    """Convert a batch to one block per end over the symbols."""
    blocks = {end: Block.blank(end, len(symbols)) for end in ends}
    column_of = number(symbols)
    for column, (symbol, end) in enumerate(zip(batch.symbols, batch.ends.tolist(), strict=True)):
        if end in blocks and symbol in column_of:
            fields = batch.fields[:, column : column + 1]
            blocks[end].put(np.array([column_of[symbol]]), np.ones(1, np.bool_), fields)
    return list(blocks.values())
