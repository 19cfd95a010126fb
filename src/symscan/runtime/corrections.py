"""Apply late and corrected bars, and recompute what is derived from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from symscan.bars.aggregator import combine
from symscan.bars.grid import Grid
from symscan.model.bar import Floats, LateBars, Rows
from symscan.model.events.feed import BarsCorrected
from symscan.model.instant import Instant
from symscan.model.interval import PREMARKET, Interval
from symscan.session.readings import PhaseBars
from symscan.session.session_data import SessionData


class _Change(Struct, frozen=True, eq=False):
    """Rows whose bar of one end changed."""

    end: Instant
    rows: Rows


class BarCorrector:
    """Applies late and corrected bars; afterwards the session is as if they had come in time.

    Parameters
    ----------
    data
        The session; it keeps checkpoints.
    """

    def __init__(self, data: SessionData) -> None:
        self._data = data

    def correct(self, late: Sequence[LateBars], arrived_at: Instant) -> list[BarsCorrected]:
        """Apply the bars in order; see ``DataProcessor.correct``."""
        events: list[BarsCorrected] = []
        before_open: list[_Change] = []
        since_open: list[_Change] = []
        for bars in late:
            is_premarket = bars.end <= self._data.session.open
            change = self._store(self._data.premarket if is_premarket else self._data.regular, bars)
            if change is not None:
                (before_open if is_premarket else since_open).append(change)
                names = tuple(self._data.symbols.names(change.rows))
                events.append(BarsCorrected(self._data.now, bars.end, names, bars.kind, arrived_at))
        self._recompute(self._data.premarket, before_open)
        self._recompute(self._data.regular, since_open)
        self._update(PREMARKET, self._data.premarket.grid, before_open)
        self._update_derived(since_open)
        self._data.invalidate_cache()
        return events

    def _store(self, phase: PhaseBars, bars: LateBars) -> _Change | None:
        """Store the bars that change anything; returns None if none does."""
        slot = phase.grid.slot_of(bars.end)
        if slot is None:
            return None
        rows, fields = self._usable(bars)
        block = phase.grid.blocks[slot]
        is_changed = (block.fields.take(rows, axis=1) != fields).any(axis=0)  # NaN, no bar, differs from all
        if not is_changed.any():
            return None
        phase.grid.patch(slot, rows[is_changed], fields[:, is_changed])
        return _Change(bars.end, rows[is_changed])

    def _usable(self, bars: LateBars) -> tuple[Rows, Floats]:
        """Return the rows and fields of complete bars whose symbols still have rows."""
        is_known = (bars.rows >= 0) & (bars.rows < self._data.symbols.height)
        columns = np.flatnonzero(is_known & np.isfinite(bars.fields).all(axis=0))
        names = self._data.symbols.names(bars.rows[columns])
        is_in_use = np.array([name is not None for name in names], np.bool_)
        columns = columns[is_in_use]
        return bars.rows[columns], bars.fields[:, columns]

    def _recompute(self, phase: PhaseBars, changes: Sequence[_Change]) -> None:
        if changes:
            first = phase.grid.slot_covering(min(change.end for change in changes))
            phase.recompute(_rows(changes), first or 0)

    def _update_derived(self, changes: Sequence[_Change]) -> None:
        """Recompute coarser bars and indicators of the regular session."""
        if not changes:
            return
        self._update(self._data.base, self._data.regular.grid, changes)
        for interval, grid in self._data.derived.items():
            self._update(interval, grid, self._derive(grid, changes))

    def _derive(self, grid: Grid, changes: Sequence[_Change]) -> list[_Change]:
        """Rebuild the coarser bars of the changed rows; those still open are built later anyway."""
        by_slot: dict[int, list[_Change]] = {}
        for change in changes:
            slot = grid.slot_covering(change.end)
            if slot is not None:
                by_slot.setdefault(slot, []).append(change)
        return [self._combine(grid, slot, _rows(parts)) for slot, parts in by_slot.items()]

    def _combine(self, grid: Grid, slot: int, rows: Rows) -> _Change:
        begin = grid.blocks[slot - 1].end if slot else self._data.session.open
        end = grid.blocks[slot].end
        finest = [block.cut(rows) for block in self._data.regular.grid.blocks if begin < block.end <= end]
        grid.patch(slot, rows, combine(finest, end).fields)
        return _Change(end, rows)

    def _update(self, interval: Interval, grid: Grid, changes: Sequence[_Change]) -> None:
        if not changes or not interval.is_intraday:  # daily indicators read completed sessions only
            return
        since = np.full(self._data.capacity, np.iinfo(np.int64).max)
        for change in changes:
            since[change.rows] = np.minimum(since[change.rows], change.end)
        rows = _rows(changes)
        self._data.indicators.correct(interval, rows, since[rows], grid.blocks)


def _rows(changes: Sequence[_Change]) -> Rows:
    return np.unique(np.concatenate([change.rows for change in changes]))
