"""The state of a running session: one owner of every bar, reading and indicator value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Protocol

import numpy as np

from symscan.bars.aggregator import derive
from symscan.bars.grid import Grid
from symscan.indicators.manager import IndicatorManager
from symscan.model.bar import Block, Floats, Mask, Rows
from symscan.model.instant import Instant
from symscan.model.interval import ONE_MINUTE, Interval
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec
from symscan.model.symbols import SymbolTable
from symscan.session.bar_history import HistoryCache
from symscan.session.candidates import Candidates
from symscan.session.holders import CONFIG, MEMBERS, Holders
from symscan.session.readings import PhaseBars, SessionReadings
from symscan.session.requested import Requested
from symscan.session.shared_columns import SharedColumns

_SPARE_ROWS = 64


class _Growing(Protocol):
    def grow(self, rows: int) -> None: ...


class SessionData:
    """The data of a session at the current instant, one row per symbol.

    Parameters
    ----------
    session
        The trading day.
    symbols
        The symbols known from the start; later ones take spare rows.
    base
        The finest interval: that of the slices the session is fed.
    keeps_checkpoints
        Whether bars of today may come late or be corrected: what that takes is kept.

    Attributes
    ----------
    premarket, regular
        The finest bars of the two phases.
    derived
        Grids of the coarser intraday intervals that were requested.
    completed
        Today's bars of intervals of days, once the day is complete.
    coming
        Symbols that become members as soon as their data is loaded; requests for them wait until then.
    requested
        What each holder has requested so far, loaded by now or not.
    in_store, mismatched, daily_derived
        Which rows the bar store has bars of; which have their 1d history on another price basis; which
        have a last daily bar that is made of minutes, since none is stored.
    """

    def __init__(
        self,
        session: Session,
        symbols: Sequence[str] = (),
        base: Interval = ONE_MINUTE,
        *,
        keeps_checkpoints: bool = False,
    ) -> None:
        self.session = session
        self.base = base
        self.symbols = SymbolTable(symbols)
        self.capacity = self.symbols.height + _SPARE_ROWS
        self.premarket = PhaseBars(self.capacity)
        self.regular = PhaseBars(self.capacity)
        self.derived: dict[Interval, Grid] = {}
        self.completed: dict[Interval, Grid] = {}
        self.readings = SessionReadings(
            self.premarket, self.regular, session.open, has_minutes=base.is_intraday
        )
        opens_at = session.open if keeps_checkpoints else None
        self.indicators = IndicatorManager(self.capacity, opens_at, session.open, session.pre_open)
        self.history = HistoryCache()
        self.holders = Holders()
        self.requested = Requested()
        self.coming: frozenset[str] = frozenset()
        self.in_store: Mask = np.zeros(self.capacity, np.bool_)
        self.mismatched: Mask = np.zeros(self.capacity, np.bool_)
        self.daily_derived: Mask = np.zeros(self.capacity, np.bool_)
        self.now: Instant = session.pre_open
        self.is_active = False
        self._candidates: dict[str, Candidates] = {}
        self._shared: dict[tuple[str, ...], SharedColumns] = {}
        self._intervals: dict[str, dict[Interval, None]] = {}

    def pinned(self) -> SessionData:
        """Return a copy that stays as the session is now, for concurrent readers; it can be pickled.

        Blocks are shared, since they never change once they are visible; what changes in place is
        copied, once for all readers at this instant.
        """
        pinned = copy(self)
        pinned.symbols, pinned.holders = self.symbols.pinned(), self.holders.pinned()
        pinned.premarket, pinned.regular = self.premarket.pinned(), self.regular.pinned()
        pinned.derived = {interval: grid.pinned() for interval, grid in self.derived.items()}
        pinned.completed = {interval: grid.pinned() for interval, grid in self.completed.items()}
        pinned.readings = self.readings.pinned(pinned.premarket, pinned.regular)
        pinned.indicators = self.indicators.pinned()
        pinned.history, pinned.requested = self.history.pinned(), self.requested.pinned()
        pinned.in_store, pinned.mismatched = self.in_store.copy(), self.mismatched.copy()
        pinned.daily_derived = self.daily_derived.copy()
        pinned._intervals = {holder: dict(wanted) for holder, wanted in self._intervals.items()}
        return pinned

    def empty_copy(self) -> SessionData:
        """Return a session without symbols at the same instant, for evaluating symbols outside this one."""
        empty = SessionData(self.session, base=self.base)
        phases = ((self.premarket, empty.premarket), (self.regular, empty.regular))
        for mine, theirs in phases:
            for end in mine.grid.ends():
                theirs.grid.append(Block.blank(end, empty.capacity))
        empty.advance_to(self.now)
        return empty

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the cached candidates."""
        return {**self.__dict__, "_candidates": {}, "_shared": {}}

    def advance_to(self, now: Instant) -> None:
        """Read as of this instant from now on."""
        self.now = now
        self.readings.advance_to(now)

    def activate_session(self) -> bool:
        """Open the session for strategies; False if it was open already."""
        was_active, self.is_active = self.is_active, True
        return not was_active

    def grid(self, interval: Interval) -> Grid | None:
        """Return today's bars of an interval, None if they were not requested."""
        if interval == self.base and interval.is_intraday:
            return self.readings.phase_bars.grid
        return self.regular_grid(interval)

    def regular_grid(self, interval: Interval) -> Grid | None:
        """Return today's regular-hours bars of an interval, None if they were not requested.

        Of an interval of days: None until the day is complete. Of ``PREMARKET``: those before the open.
        """
        if interval.is_premarket:
            return self.premarket.grid
        if not interval.is_intraday:
            return self.completed.get(interval)
        return self.regular.grid if interval == self.base else self.derived.get(interval)

    def complete(self, interval: Interval, block: Block) -> None:
        """Keep today's bars of an interval of days; the day is complete."""
        grid = self.completed[interval] = Grid(self.capacity)
        grid.append(block)

    def may_read(self, interval: Interval, *holders: str) -> bool:
        """Whether bars of an interval are kept for one of the holders; those of the finest are for all."""
        return interval == self.base or any(interval in self._intervals.get(one, ()) for one in holders)

    def supports_interval(self, interval: Interval) -> bool:
        """Whether the session's finest bars add up to bars of an interval."""
        if not interval.is_intraday or interval.is_premarket:
            return True
        return self.base.is_intraday and interval.minutes % self.base.minutes == 0

    def add_interval(self, interval: Interval, holder: str) -> None:
        """Keep bars of a coarser interval for a holder, those of this session so far included.

        An interval that the finest bars do not add up to has none: seven minutes are not made of fives.
        """
        self._intervals.setdefault(holder, {})[interval] = None
        if interval <= self.base or interval in self.derived or not interval.is_intraday:
            return
        if not self.supports_interval(interval):
            return
        grid = Grid(self.capacity)
        for block in derive(interval, self.session, self.regular.grid.blocks):
            grid.append(block)
        self.derived[interval] = grid

    def release_intervals(self, holder: str) -> None:
        """Release a holder's intervals, and drop the bars of those without any holder left."""
        self._intervals.pop(holder, None)
        wanted = {interval for intervals in self._intervals.values() for interval in intervals}
        self.derived = {interval: grid for interval, grid in self.derived.items() if interval in wanted}
        self.drop_candidates()

    def add_rows(self, symbols: Iterable[str]) -> list[str]:
        """Allocate rows to symbols that have none; return those symbols."""
        new = [symbol for symbol in dict.fromkeys(symbols) if symbol not in self.symbols]
        rows = self.symbols.add_all(new)
        if self.symbols.height > self.capacity:
            self._grow(self.symbols.height + max(_SPARE_ROWS, self.capacity // 4))
        if len(rows):
            self._empty(rows)
        return new

    def dismiss(self, symbols: Sequence[str], holder: str) -> None:
        """Remove symbols from the members and from a holder's candidates; other holders keep their data."""
        rows = self.symbols.rows(symbols)
        for one in (holder, CONFIG):
            self.indicators.release(one, rows)
        self.history.drop(symbols, (holder, MEMBERS))
        self.holders.dismiss(symbols, holder)
        self.drop_candidates()

    def free_rows(self, symbols: Sequence[str]) -> None:
        """Remove symbols with all their data, and free their rows."""
        self.indicators.forget(self.symbols.rows(symbols))
        for symbol in symbols:
            self.symbols.free(symbol)
        self.history.drop(symbols)
        self.holders.remove(symbols)
        self.drop_candidates()

    def catch_up(self, symbols: Sequence[str], premarket: Sequence[Block], regular: Sequence[Block]) -> None:
        """Write the bars of late symbols into the slots so far; blocks are over ``symbols``, one per slot."""
        rows = self.symbols.rows(symbols)
        for phase, blocks in ((self.premarket, premarket), (self.regular, regular)):
            _fill(phase.grid, rows, blocks)
            phase.recompute(rows)
        for interval, grid in self.derived.items():
            _fill(grid, rows, derive(interval, self.session, self.regular.grid.columns(rows)))

    def invalidate_cache(self) -> None:
        """Drop the columns read at this instant: bars have been corrected since."""
        for shared in self._shared.values():
            shared.invalidate_cache()

    def drop_candidates(self) -> None:
        """Drop what is kept of candidates: rows or requests have changed, or the session is over."""
        self._candidates.clear()
        self._shared.clear()

    def add_candidates(self, holder: str, symbols: Iterable[str]) -> None:
        """Add candidates of a holder; they must have rows."""
        self.holders.add_candidates(holder, symbols)
        self._candidates.pop(holder, None)
        self.invalidate_cache()

    def candidates(self, holder: str) -> Candidates:
        """Return a holder's candidates."""
        candidates = self._candidates.get(holder)
        if candidates is None:
            candidates = Candidates(self, holder, self._shared_columns(self.holders.candidates(holder)))
            self._candidates[holder] = candidates
        return candidates

    def candidates_of(self, symbols: tuple[str, ...], holder: str) -> Candidates:
        """Return symbols with rows as a holder would see them, were they its candidates."""
        return Candidates(self, holder, SharedColumns(symbols, self.symbols.rows(symbols)))

    def _shared_columns(self, symbols: tuple[str, ...]) -> SharedColumns:
        """Return what all holders of the same candidates share."""
        shared = self._shared.get(symbols)
        if shared is None:
            shared = self._shared[symbols] = SharedColumns(symbols, self.symbols.rows(symbols))
        return shared

    def request_indicator(self, spec: IndicatorSpec, holder: str, rows: Rows) -> Rows:
        """Request an indicator, and the bars it reads, for some rows; return those that need a warm-up."""
        if spec.interval.is_intraday:
            self.add_interval(spec.interval, holder)
        self.drop_candidates()
        self.requested.add(holder, spec)
        return self.indicators.request(spec, holder, rows)

    def requested_rows(self, spec: IndicatorSpec, holder: str) -> Mask:
        """Return which rows a holder may read a spec of: those it or the configuration requested."""
        return self.indicators.requested_rows(spec, holder) | self.indicators.requested_rows(spec, CONFIG)

    def indicator(self, spec: IndicatorSpec, output: str = "value") -> Floats:
        """An indicator's values over all rows, NaN where unknown; not to be changed.

        An intraday indicator is unknown until its interval has completed a bar today: nothing
        crosses the night. So is one of days of a symbol without a bar today, once the day is complete.
        """
        values = self.indicators.column(spec, output)
        grid = self.regular_grid(spec.interval)
        if grid is None:
            return np.full(self.capacity, np.nan) if spec.interval.is_intraday else values
        return np.where(grid.seen, values, np.nan)

    def _grow(self, capacity: int) -> None:
        parts: list[_Growing] = [self.premarket, self.regular, self.readings, self.indicators]
        for part in (*parts, *self.derived.values(), *self.completed.values()):
            part.grow(capacity)
        more = np.zeros(capacity - self.capacity, np.bool_)
        self.in_store = np.concatenate([self.in_store, more])
        self.mismatched = np.concatenate([self.mismatched, more])
        self.daily_derived = np.concatenate([self.daily_derived, more])
        self.capacity = capacity

    def _empty(self, rows: Rows) -> None:
        for phase in (self.premarket, self.regular):
            phase.grid.clear(rows)
            phase.recompute(rows)
        for grid in (*self.derived.values(), *self.completed.values()):
            grid.clear(rows)
        self.drop_candidates()
        self.readings.previous_close[rows] = np.nan
        self.in_store[rows] = False
        self.mismatched[rows] = False
        self.daily_derived[rows] = False


def _fill(grid: Grid, rows: Rows, blocks: Sequence[Block]) -> None:
    for slot, block in enumerate(blocks):
        grid.fill(slot, rows, block.present, block.fields)
