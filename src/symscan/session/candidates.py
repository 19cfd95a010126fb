"""A holder's candidates as rows, and what it may read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from symscan.model.bar import Floats, Rows
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec
from symscan.session.columns import Column

if TYPE_CHECKING:
    from symscan.session.session_data import SessionData


class Candidates:
    """The candidates of one holder; made anew whenever rows or what is asked for changes.

    Parameters
    ----------
    data, holder
        The session, and who reads it.
    symbols
        Other symbols than the holder's candidates; they must have rows.

    Attributes
    ----------
    symbols
        In the order they were asked for.
    rows
        Their rows, shape ``(len(symbols),)``.
    chosen
        The same as an index; a slice where they follow one another.
    """

    def __init__(self, data: SessionData, holder: str, symbols: tuple[str, ...] | None = None) -> None:
        self.symbols = data.holders.candidates(holder) if symbols is None else symbols
        self.rows: Rows = data.symbols.rows(self.symbols)
        self._data = data
        self._holder = holder
        self.chosen = _as_slice(self.rows)
        self._unasked: dict[IndicatorSpec, Rows] = {}
        self._unseen: dict[Interval, tuple[int, Rows]] = {}
        self._columns: dict[str, Floats] = {}
        self._read_at: Instant = -1

    def column(self, column: Column) -> Floats:
        """A reading or an indicator as of now, NaN where unknown; not to be changed.

        Shape ``(len(symbols),)``. An indicator is unknown where this holder has not asked for it. An
        intraday one is unknown until its interval has completed a bar today: nothing crosses the night.
        """
        if self._read_at != self._data.now:
            self._read_at, self._columns = self._data.now, {}
        values = self._columns.get(column.name)
        if values is None:
            spec = column.spec
            values = self._reading(column.name) if spec is None else self._indicator(spec, column.output)
            values.flags.writeable = False
            self._columns[column.name] = values
        return values

    def _reading(self, name: str) -> Floats:
        return _own(self._data.readings.column(name, self.chosen))

    def _indicator(self, spec: IndicatorSpec, output: str) -> Floats:
        values = _own(self._data.indicators.column(spec, output)[self.chosen])
        unasked = self._places_unasked(spec)
        if len(unasked):
            values[unasked] = np.nan
        if spec.interval.is_intraday:
            unseen = self._places_unseen(spec.interval)
            if len(unseen):
                values[unseen] = np.nan
        return values

    def specs(self) -> list[IndicatorSpec]:
        """What the holder asked for, for any of its candidates."""
        indicators = self._data.indicators
        return [spec for spec in indicators.specs() if indicators.asked(spec, self._holder).any()]

    def _places_unasked(self, spec: IndicatorSpec) -> Rows:
        """Candidates for which neither the holder nor the configuration asked for a spec."""
        places = self._unasked.get(spec)
        if places is None:
            places = self._unasked[spec] = np.flatnonzero(~self._data.asked(spec, self._holder)[self.chosen])
        return places

    def _places_unseen(self, interval: Interval) -> Rows:
        """Candidates that have had no bar of an interval today."""
        grid = self._data.regular_grid(interval)
        if grid is None:
            return np.arange(len(self.rows))
        slots, unseen = self._unseen.get(interval, (-1, None))
        if unseen is None or slots != len(grid.blocks):
            unseen = np.flatnonzero(grid.last[self.chosen] < 0)
            self._unseen[interval] = (len(grid.blocks), unseen)
        return unseen


def _as_slice(rows: Rows) -> Rows | slice:
    """Rows that follow one another as a slice: reading them costs a fifth."""
    first = int(rows[0]) if len(rows) else 0
    follow = np.array_equal(rows, np.arange(first, first + len(rows)))
    return slice(first, first + len(rows)) if follow else rows


def _own(values: Floats) -> Floats:
    """The values, copied where they look into an array that will change."""
    return values if values.base is None else values.copy()
