"""Bars of earlier sessions from the bar store, on the price basis of the session they are loaded for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import numpy as np
import polars as pl

from symscan.bars.aggregator import combine
from symscan.bars.arrays import ArrayPool
from symscan.bars.dense import BAR_COLUMNS, DenseBars, Slots, number, scaled
from symscan.clock.session_calendar import SessionCalendar
from symscan.model.bar import BASIS_TOLERANCE, CLOSE, Block, Floats, Mask, Rows
from symscan.model.interval import ONE_DAY, Interval
from symscan.model.session import Session
from symscan.sources.ports import DailyHistory
from symscan.sources.store.bar_store import SPLITS_SCHEMA, BarStore
from symscan.sources.store.catalogue import catalogue_state
from symscan.sources.stored.block_cache import BlockCache
from symscan.sources.stored.daily_bars import DailyBars
from symscan.sources.stored.played_days import PlayedDays
from symscan.sources.stored.split_factors import SplitFactors

_BASIS_SESSIONS = 20
"""How many sessions back daily and intraday closes are compared where the last one lacks a daily bar."""


class StoreHistory:
    """History from a bar store.

    Per session and interval, the stored bars are used if there are any of that interval for that
    date (a symbol absent there has none), else they are derived from the finest stored ones. A daily
    bar is derived for each symbol that has none stored.

    Parameters
    ----------
    store
        Where the bars are.
    calendar
        The exchange's sessions.
    cache
        Where dense bars are kept between sessions of one run; they depend on their files alone.
    symbols
        Symbols known besides those that the store has bars of.
    played
        The days the run has played, whose bars need not be read again.
    daily_bars
        The stored daily bars, where a run shares them between its sessions.
    """

    def __init__(
        self,
        store: BarStore,
        calendar: SessionCalendar,
        cache: BlockCache | None = None,
        symbols: Collection[str] = (),
        played: PlayedDays | None = None,
        daily_bars: DailyBars | None = None,
    ) -> None:
        self._store = store
        self._played = played or PlayedDays()
        self._calendar = calendar
        self._cache = BlockCache() if cache is None else cache
        self._daily_bars = DailyBars(store, self._cache) if daily_bars is None else daily_bars
        self._known = frozenset(symbols)
        self._arrays = ArrayPool()
        nothing = pl.DataFrame(schema=SPLITS_SCHEMA)
        self._factors = nothing, SplitFactors(nothing)

    def __reduce__(self) -> tuple[Callable[..., StoreHistory], tuple[str, str, frozenset[str]]]:
        """Pickle as store and exchange: a copy in another process opens the store as it is by then."""
        return reopened_history, (str(self._store.root), self._calendar.exchange, self._known)

    def symbols(self) -> frozenset[str]:
        """Every symbol the store has bars of, and those known besides."""
        return self._store.symbols() | self._known if self._known else self._store.symbols()

    def load(
        self, symbols: Sequence[str], interval: Interval, session: Session, days: int
    ) -> Iterator[Block]:
        """The bars of the ``days`` sessions before ``session``, oldest first, over ``symbols``."""
        try:
            yield from self._bars(tuple(symbols), interval, session, days)
        finally:
            self._arrays = ArrayPool()  # the days of one call use it in turn

    def daily(self, symbols: Sequence[str], session: Session) -> DailyHistory:
        """Return the daily values as of the evening before ``session``."""
        symbols = tuple(symbols)
        (previous,) = self._calendar.previous(session.date, 1)
        (block,) = self._days(symbols, session, [previous])
        derived = self._derived(block, symbols, previous)
        mismatched = self._mismatched(symbols, derived, session)
        return DailyHistory(np.where(mismatched, np.nan, block.close), mismatched, derived)

    def stored_day(self, symbols: Sequence[str], session: Session) -> Block:
        """Return the daily bars of a session that are stored, as they were traded."""
        if not self._daily_bars.has(session):
            return Block.blank(session.close, len(symbols))
        return self._daily_bars.load(tuple(symbols), [session])[0]

    def _bars(
        self, symbols: tuple[str, ...], interval: Interval, session: Session, days: int
    ) -> Iterator[Block]:
        sessions = self._calendar.previous(session.date, days) if days else []
        if interval == ONE_DAY:
            yield from self._days(symbols, session, sessions)
        elif interval.is_premarket:
            yield from self._premarkets(symbols, session, sessions)
        elif not interval.is_intraday:
            yield from self._periods(interval, symbols, session, sessions)
        else:
            for earlier in sessions:
                factor = self._factor(symbols, earlier.date, session.date)
                for block in self._intraday(symbols, interval, earlier):
                    yield block if factor is None else scaled(block, factor)

    def _premarkets(
        self, symbols: tuple[str, ...], session: Session, sessions: Sequence[Session]
    ) -> Iterator[Block]:
        """Yield the finest bars before the open of some sessions; see ``HistorySource.load``."""
        for earlier in sessions:
            finest = self._store.finest(earlier.date)
            if finest is None:
                continue
            bars = DenseBars(Slots.premarket(earlier, finest), len(symbols), self._arrays)
            bars.put(self._store.load(finest, [earlier.date], symbols, BAR_COLUMNS), number(symbols))
            factor = self._factor(symbols, earlier.date, session.date)
            for block in bars.blocks():
                yield block if factor is None else scaled(block, factor)

    def _days(
        self, symbols: tuple[str, ...], session: Session, sessions: Sequence[Session]
    ) -> Iterator[Block]:
        stored = [earlier for earlier in sessions if self._daily_bars.has(earlier)]
        block_of = dict(zip(stored, self._daily_bars.load(symbols, stored), strict=True))
        for earlier in sessions:
            if earlier in block_of:
                block = self._with_derived(block_of[earlier], symbols, earlier)
            else:
                block = self._derived_day(symbols, earlier)
            factor = self._factor(symbols, earlier.date, session.date)
            yield block if factor is None else scaled(block, factor)

    def _periods(
        self, interval: Interval, symbols: tuple[str, ...], session: Session, sessions: Sequence[Session]
    ) -> Iterator[Block]:
        """Yield bars of whole weeks or months; one that ``sessions`` cover in part, or not over, has none."""
        days = zip(sessions, self._days(symbols, session, sessions), strict=True)
        for first, period in groupby(days, key=lambda day: interval.first_date(day[0].date)):
            blocks = [block for _, block in period]
            whole = self._calendar.sessions(first, interval.last_date(first))
            if len(blocks) == len(whole):
                yield combine(blocks, whole[-1].close)

    def _intraday(self, symbols: tuple[str, ...], interval: Interval, session: Session) -> Sequence[Block]:
        """Bars of one earlier session as they were traded."""
        stored = [one for one in self._store.intervals(session.date) if one.is_intraday]
        if not stored:
            return []
        if interval in stored:
            return self._stored(symbols, interval, session).blocks()
        finest = min(stored)
        if interval < finest or interval.minutes % finest.minutes:
            return []
        return self._cache.get_or_make(
            (self._store.path(finest, session.date), str(interval), symbols),
            lambda: self._combined(symbols, finest, session, interval.minutes // finest.minutes),
        )

    def _combined(
        self, symbols: tuple[str, ...], finest: Interval, session: Session, size: int | None = None
    ) -> list[Block]:
        """The bars of one earlier session, so many combined into one; None: all of them."""
        bars = self._stored(symbols, finest, session)
        return bars.combined(len(bars.slots) if size is None else size).blocks()

    def _stored(self, symbols: tuple[str, ...], interval: Interval, session: Session) -> DenseBars:
        played = self._played.find(self._store.path(interval, session.date))
        found = None if played is None else played.bars_of(symbols)
        if found is not None:
            return found
        bars = DenseBars(Slots.regular(session, interval), len(symbols), self._arrays)
        bars.put(self._store.load(interval, [session.date], symbols, BAR_COLUMNS), number(symbols))
        return bars

    def _derived_day(self, symbols: tuple[str, ...], session: Session) -> Block:
        """The daily bars of a session that has intraday ones only."""
        finest = self._store.finest(session.date)
        if finest is None:
            return Block.blank(session.close, len(symbols))
        (block,) = self._cache.get_or_make(
            (self._store.path(finest, session.date), "1d", symbols),
            lambda: self._combined(symbols, finest, session),
        )
        return block

    def _factor(self, symbols: Sequence[str], earlier: date, day: date) -> Floats | None:
        """Return the divisors of an earlier date's prices for ``day``'s basis; None if nothing split."""
        splits = self._store.splits()
        if splits.is_empty():  # a fast path: called for every session and every added symbol
            return None
        known, factors = self._factors
        if known is not splits:
            factors = SplitFactors(splits)
            self._factors = splits, factors
        return factors.between(symbols, earlier, day)

    def _with_derived(self, block: Block, symbols: tuple[str, ...], session: Session) -> Block:
        """Return stored daily bars, with one derived from regular minutes for each symbol that lacks one."""
        missing = self._with_minutes(symbols, block.absent, session)
        if not len(missing):
            return block
        derived = self._derived_day(_select(symbols, missing), session)
        whole = Block(block.end, block.fields.copy(), block.present.copy())
        whole.put(missing, derived.present, derived.fields)
        return whole

    def _with_minutes(self, symbols: Sequence[str], places: Rows, session: Session) -> Rows:
        """Return the places whose symbols have intraday bars of a session; reads no bars."""
        finest = self._store.finest(session.date) if len(places) else None
        if finest is None:
            return places[:0]
        return places[self._store.has_bars(finest, session.date, _select(symbols, places))]

    def _with_both(self, symbols: Sequence[str], places: Rows, session: Session) -> Rows:
        """Return the places whose symbols have daily and intraday bars of a session; reads no bars."""
        if not self._daily_bars.has(session):
            return places[:0]
        places = self._with_minutes(symbols, places, session)
        return places[self._store.has_bars(ONE_DAY, session.date, _select(symbols, places))]

    def _derived(self, block: Block, symbols: tuple[str, ...], session: Session) -> Mask:
        """Return where a session's daily bars are derived although the store has daily bars."""
        if not self._store.files(ONE_DAY) or self._store.finest(session.date) is None:
            return np.zeros(len(symbols), np.bool_)
        return block.present & ~self._store.has_bars(ONE_DAY, session.date, symbols)

    def _mismatched(self, symbols: tuple[str, ...], derived: Mask, session: Session) -> Mask:
        """Return where daily and intraday closes of the last session differ.

        For a symbol whose daily bar is derived, those of the last session with both are compared.
        """
        previous, *earlier = self._calendar.previous(session.date, _BASIS_SESSIONS)[::-1]
        mismatched = self._contradicted(symbols, previous)
        unsettled = np.flatnonzero(derived)
        for one in earlier:
            if not len(unsettled):
                break
            both = self._with_both(symbols, unsettled, one)
            if len(both):
                mismatched[both] = self._contradicted(_select(symbols, both), one)
                unsettled = np.setdiff1d(unsettled, both)
        return mismatched

    def _contradicted(self, symbols: tuple[str, ...], session: Session) -> Mask:
        """Return where the daily close and the last regular intraday close of a session differ."""
        stored = self._store.intervals(session.date)
        if not symbols or ONE_DAY not in stored or stored[0] == ONE_DAY:
            return np.zeros(len(symbols), np.bool_)
        daily = self._daily_bars.load(symbols, [session])[0].close
        (intraday,) = self._cache.get_or_make(
            (self._store.path(stored[0], session.date), "last", symbols),
            lambda: [self._last_closes(symbols, stored[0], session)],
        )
        differs: Mask = np.abs(intraday.close / daily - 1.0) > BASIS_TOLERANCE
        return differs

    def _last_closes(self, symbols: tuple[str, ...], interval: Interval, session: Session) -> Block:
        block = Block.blank(session.close, len(symbols))
        played = self._played.find(self._store.path(interval, session.date))
        bars = None if played is None else played.bars_of(symbols)
        if bars is not None:
            block.fields[CLOSE] = bars.last_closes()
            return block
        frame = self._store.load(interval, [session.date], symbols, ["symbol", "start", "close"])
        start = pl.col("start").to_physical()
        last = (
            frame.lazy()
            .filter((start >= session.open) & (start < session.close))
            .group_by("symbol")
            .agg(pl.col("close").last())
            .collect()
        )
        column_of = number(symbols)
        for symbol, close in last.iter_rows():
            block.fields[CLOSE, column_of[symbol]] = close
        return block


def reopened_history(root: str, exchange: str, symbols: frozenset[str] = frozenset()) -> StoreHistory:
    """The history of a store as it is now; copies of one process share it until the store changes."""
    return _opened(root, exchange, symbols, catalogue_state(Path(root)))


@lru_cache(maxsize=4)
def _opened(root: str, exchange: str, symbols: frozenset[str], _state: object) -> StoreHistory:
    return StoreHistory(BarStore(Path(root)), _calendar(exchange), symbols=symbols)


@lru_cache(maxsize=4)
def _calendar(exchange: str) -> SessionCalendar:
    return SessionCalendar(exchange)


def _select(symbols: Sequence[str], places: Rows) -> tuple[str, ...]:
    return tuple(symbols[place] for place in places.tolist())
