"""Rows for symbols that have none, with what is known of them the evening before."""

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
    """Give rows and daily history to symbols that have none; returns those symbols."""
    new = data.add_rows(symbols)
    if not new:
        return new
    rows = data.symbols.rows(new)
    daily = history.daily(new, data.session)
    stored = history.symbols()  # afterwards: asking for a symbol's days may be what brings it into the store
    data.readings.previous_close[rows] = daily.previous_close
    data.mismatched[rows] = daily.mismatched
    data.daily_derived[rows] = False if daily.derived is None else daily.derived
    data.in_store[rows] = [symbol in stored for symbol in new]
    return new


@dataclass(frozen=True, slots=True)
class OutsiderLookup:
    """Puts symbols into a pinned copy of the session, for a scan that found them outside its universe.

    Runs on the scan's thread and touches nothing of the session's.

    Attributes
    ----------
    history, feed
        Where earlier bars and this session's come from.
    """

    history: HistorySource
    feed: Feed

    def place_on(self, data: SessionData, symbols: Sequence[str]) -> None:
        """Give the symbols rows in ``data``, and their bars up to its instant.

        Where they cannot be fetched, the symbols stay unknown.
        """
        new = [symbol for symbol in symbols if symbol not in data.symbols]
        try:
            self.history.daily(new, data.session)  # which may be what brings it into the store
            stored = self.history.symbols()
            new = [symbol for symbol in new if symbol in stored]
            new = allocate_rows(data, self.history, new)
            if new:
                arrivals = self.feed.bars(new, data.session.pre_open, data.now)
                grids = (data.premarket.grid, data.regular.grid)
                data.catch_up(new, *(_blocks(arrivals, new, grid.ends()) for grid in grids))
        except FeedError:
            return


def _blocks(arrivals: BarBatch, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
    """Bars as they came, as one block per end over the symbols."""
    blocks = {end: Block.blank(end, len(symbols)) for end in ends}
    column_of = number(symbols)
    for place, (symbol, end) in enumerate(zip(arrivals.symbols, arrivals.ends.tolist(), strict=True)):
        if end in blocks and symbol in column_of:
            fields = arrivals.fields[:, place : place + 1]
            blocks[end].put(np.array([column_of[symbol]]), np.ones(1, np.bool_), fields)
    return list(blocks.values())
