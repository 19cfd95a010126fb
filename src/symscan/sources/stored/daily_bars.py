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
_KEPT: Final = 3
"""How many sessions more than the last history had are kept cut down."""

_FEW: Final = 1000
"""Stores of so few symbols are read whole: symbols that are added one by one then need no reading."""

_AHEAD: Final = 32
"""How many sessions are read at once: one by one they take ten times as long."""

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
    planned
        The sessions whose own bars will be read one after another; they are read ahead.
    """

    def __init__(self, store: BarStore, cache: BlockCache, planned: Sequence[Session] = ()) -> None:
        self._store = store
        self._cache = cache
        self._planned = tuple(planned)
        self._ahead: dict[Session, Block] = {}
        self._chosen = _Chosen((), np.zeros(0, np.intp))

    def has(self, session: Session) -> bool:
        """Whether there are daily bars of a session."""
        return session.date in self._store.files(ONE_DAY)

    def load(self, symbols: tuple[str, ...], sessions: Sequence[Session]) -> list[Block]:
        """The bars of sessions that have some, over ``symbols``."""
        if len(self._all_symbols) > max(_FEW, _SHARE * len(symbols)):
            return self._cached(symbols, symbols, sessions)
        if not self._planned:
            columns = self._columns(symbols)
            return [_select_columns(block, columns) for block in self._of_all(sessions)]
        if symbols != self._chosen.symbols:
            self._chosen = _Chosen(symbols, self._columns(symbols))
        lacking = self._chosen.lacking(sessions)
        self._chosen.add(lacking, self._of_all(lacking))
        return self._chosen.blocks(sessions)

    def _of_all(self, sessions: Sequence[Session]) -> list[Block]:
        return self._cached(self._all_symbols, _ALL_SYMBOLS, sessions)

    def _cached(
        self, symbols: tuple[str, ...], key: str | tuple[str, ...], sessions: Sequence[Session]
    ) -> list[Block]:
        missing = [session for session in sessions if self._key(session, key) not in self._cache]
        # Read at once: one by one they take ten times as long.
        is_ahead = bool(self._planned) and symbols is self._all_symbols
        read = self._read_with_planned(missing) if is_ahead else self._read(symbols, missing)
        for session, block in zip(missing, read, strict=True):
            self._cache.put(self._key(session, key), [block])
        return [
            self._cache.get_or_make(self._key(session, key), lambda: self._read(symbols, [session]))[0]  # noqa: B023
            for session in sessions
        ]

    def _read_with_planned(self, sessions: Sequence[Session]) -> list[Block]:
        """Read the bars of all symbols of sessions, and of planned ones that follow."""
        unread = [session for session in sessions if session not in self._ahead]
        if unread and unread[-1] in self._planned:
            place = self._planned.index(unread[-1])
            following = self._planned[place + 1 : place + _AHEAD]
            unread += [one for one in following if one not in self._ahead and self.has(one)]
        self._ahead |= dict(zip(unread, self._read(self._all_symbols, unread), strict=True))
        return [self._ahead.pop(session) for session in sessions]

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


class _Chosen:
    """The newest blocks cut down to some symbols: the history of one session is mostly that of the next."""

    def __init__(self, symbols: tuple[str, ...], columns: Rows) -> None:
        self.symbols = symbols
        self._columns = columns
        self._blocks: dict[Session, Block] = {}

    def lacking(self, sessions: Sequence[Session]) -> list[Session]:
        """Return the sessions of which there is no block yet."""
        return [session for session in sessions if session not in self._blocks]

    def add(self, sessions: Sequence[Session], blocks: Sequence[Block]) -> None:
        """Cut the blocks of sessions, and keep them."""
        for session, block in zip(sessions, blocks, strict=True):
            self._blocks[session] = _select_columns(block, self._columns)

    def blocks(self, sessions: Sequence[Session]) -> list[Block]:
        """Return the blocks of sessions; of those before them, few are kept."""
        chosen = [self._blocks[session] for session in sessions]
        if len(self._blocks) > 2 * len(sessions) + _KEPT and len(sessions) > 1:
            for session in sorted(self._blocks, key=_date)[: -len(sessions) - _KEPT]:
                del self._blocks[session]
        return chosen


def _date(session: Session) -> date:
    return session.date


def _select_columns(block: Block, columns: Rows) -> Block:
    """Return the block's columns, blank where the number is -1."""
    if columns.min(initial=0) >= 0:
        return block.cut(columns)
    chosen = Block.blank(block.end, len(columns))
    known = np.flatnonzero(columns >= 0)
    chosen.put(known, block.present[columns[known]], block.fields[:, columns[known]])
    return chosen


def _by_day(frame: pl.DataFrame) -> list[tuple[date, pl.DataFrame]]:
    parts = frame.partition_by("session", maintain_order=True)
    return [(part["session"][0], part) for part in parts]
