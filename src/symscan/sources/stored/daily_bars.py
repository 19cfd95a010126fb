"""Stored daily bars, cached between symbols that are added one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from symscan.bars.dense import number
from symscan.model.bar import FIELDS, Block, Rows
from symscan.model.interval import ONE_DAY
from symscan.model.session import Session
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.block_cache import BlockCache

_ALL_SYMBOLS: Final = "everybody"
_COLUMN: Final = "column"
_FEW: Final = 1000
"""Stores of so few symbols are read whole: symbols that are added one by one then need no reading."""

_SHARE: Final = 4
"""So is a store of which more than a fourth is requested."""


class DailyBars:
    """The daily bars of a store as they were traded, one block per session.

    Parameters
    ----------
    store
        Where they are.
    cache
        Where blocks are kept between the sessions of a run.
    """

    def __init__(self, store: BarStore, cache: BlockCache) -> None:
        self._store = store
        self._cache = cache

    def has(self, session: Session) -> bool:
        """Whether there are daily bars of a session."""
        return session.date in self._store.files(ONE_DAY)

    def load(self, symbols: tuple[str, ...], sessions: Sequence[Session]) -> list[Block]:
        """The bars of sessions that have some, over ``symbols``."""
        reads_all = len(self._all_symbols) <= max(_FEW, _SHARE * len(symbols))
        names, key = (self._all_symbols, _ALL_SYMBOLS) if reads_all else (symbols, symbols)
        missing = [session for session in sessions if self._key(session, key) not in self._cache]
        read = self._read(names, missing)  # all at once: one by one they take ten times as long
        for session, block in zip(missing, read, strict=True):
            self._cache.put(self._key(session, key), [block])
        blocks = [
            self._cache.get_or_make(self._key(session, key), lambda: self._read(names, [session]))[0]  # noqa: B023
            for session in sessions
        ]
        if not reads_all:
            return blocks
        columns = self._columns(symbols)
        return [_select_columns(block, columns) for block in blocks]

    def _key(self, session: Session, names: str | tuple[str, ...]) -> tuple[object, ...]:
        return (self._store.path(ONE_DAY, session.date), "1d", names)

    @cached_property
    def _all_symbols(self) -> tuple[str, ...]:
        return tuple(sorted(self._store.symbols(ONE_DAY)))

    @cached_property
    def _column_of(self) -> dict[str, int]:
        return number(self._all_symbols)

    def _columns(self, symbols: Sequence[str]) -> Rows:
        """Return the symbols' columns among all symbols, -1 for those without daily bars."""
        return np.array([self._column_of.get(symbol, -1) for symbol in symbols], np.intp)

    def _read(self, symbols: tuple[str, ...], sessions: Sequence[Session]) -> list[Block]:
        blocks = [Block.blank(session.close, len(symbols)) for session in sessions]
        if not sessions or not symbols:  # a frame of no symbols has no type to be joined by
            return blocks
        frame = self._store.load(ONE_DAY, [session.date for session in sessions], symbols)
        slot_of = {session.date: slot for slot, session in enumerate(sessions)}
        places = pl.DataFrame({"symbol": symbols, _COLUMN: np.arange(len(symbols))})
        for day, rows in _by_day(frame.join(places, on="symbol", maintain_order="left")):
            fields = np.stack([rows[name].to_numpy() for name in FIELDS])
            blocks[slot_of[day]].put(rows[_COLUMN].to_numpy(), np.ones(len(rows), np.bool_), fields)
        return blocks


def _select_columns(block: Block, columns: Rows) -> Block:
    """Return the block's columns, blank where the number is -1."""
    chosen = Block.blank(block.end, len(columns))
    known = np.flatnonzero(columns >= 0)
    chosen.put(known, block.present[columns[known]], block.fields[:, columns[known]])
    return chosen


def _by_day(frame: pl.DataFrame) -> list[tuple[date, pl.DataFrame]]:
    parts = frame.partition_by("session", maintain_order=True)
    return [(part["session"][0], part) for part in parts]
