"""A holder's candidates as rows, and the columns it may read of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from symscan.bars.grid import Grid
from symscan.errors import SpecError
from symscan.indicators.manager import IndicatorManager
from symscan.indicators.registry import definition, spec_of
from symscan.model.bar import Floats, Mask, Rows
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.readings import SESSION_READINGS
from symscan.model.specs import IndicatorSpec
from symscan.model.symbols import SymbolTable
from symscan.session.holders import Holders
from symscan.session.readings import SessionReadings
from symscan.session.requested import Requested


class CandidateData(Protocol):
    """What candidates read of the session."""

    @property
    def now(self) -> Instant: ...
    @property
    def symbols(self) -> SymbolTable: ...
    @property
    def holders(self) -> Holders: ...
    @property
    def requested(self) -> Requested: ...
    @property
    def readings(self) -> SessionReadings: ...
    @property
    def indicators(self) -> IndicatorManager: ...
    def requested_rows(self, spec: IndicatorSpec, holder: str) -> Mask: ...
    def regular_grid(self, interval: Interval) -> Grid | None: ...


class Candidates:
    """The candidates of one holder; rebuilt whenever rows or requests change.

    Parameters
    ----------
    data, holder
        The session, and the holder that reads it.
    symbols
        Other symbols than the holder's candidates; they must have rows.

    Attributes
    ----------
    symbols
        In the order they were requested.
    rows
        Their rows, shape ``(len(symbols),)``.
    chosen
        The same as an index; a slice where they follow one another.
    checked
        The columns that the holder is known to have requested.
    """

    def __init__(self, data: CandidateData, holder: str, symbols: tuple[str, ...] | None = None) -> None:
        self.symbols = data.holders.candidates(holder) if symbols is None else symbols
        self.rows: Rows = data.symbols.rows(self.symbols)
        self._data = data
        self._holder = holder
        self.chosen = _as_slice(self.rows)
        self.checked: set[str] = set()
        self._barless: dict[Interval, _BarlessCandidates] = {}
        self._readers: dict[str, _Reader] = {}
        self._columns_by_key: dict[str, Column] = {}
        self._columns: dict[str, Floats] = {}
        self._read_at: Instant = -1

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each symbol."""
        return dict(zip(self.symbols, self.rows.tolist(), strict=True))

    def named(self, key: str) -> Floats:
        """Return the column of a name, as :meth:`column` does."""
        column = self._columns_by_key.get(key)
        if column is None:
            column = self._columns_by_key[key] = parse_column(key)
        return self.column(column)

    def column(self, column: Column) -> Floats:
        """Return a reading or an indicator as of now, NaN where unknown; not to be changed.

        Shape ``(len(symbols),)``. An indicator is unknown where this holder has not requested it. An
        intraday one is unknown until its interval has completed a bar today: nothing crosses the night.
        """
        if self._read_at != self._data.now:
            self._read_at, self._columns = self._data.now, {}
        values = self._columns.get(column.name)
        if values is None:
            reader = self._readers.get(column.name) or self._keep_reader(column)
            values = self._columns[column.name] = reader(self)
            values.flags.writeable = False
        return values

    def is_available(self, spec: IndicatorSpec) -> bool:
        """Whether a requested spec is loaded for any of the symbols."""
        return bool(self._data.requested_rows(spec, self._holder)[self.chosen].any())

    def is_missing(self, spec: IndicatorSpec | None) -> bool:
        """Whether an indicator was never requested, and is loaded for none of the symbols."""
        if spec is None or self._data.requested.has(spec, self._holder):
            return False
        return not self.is_available(spec)

    def invalidate_cache(self) -> None:
        """Drop the columns read at this instant: bars have been corrected since."""
        self._read_at = -1
        for barless in self._barless.values():
            barless.invalidate_cache()

    def _keep_reader(self, column: Column) -> _Reader:
        """Make and keep a column's reader: what cannot change until the next request is resolved here."""
        if column.spec is None:
            reader = _reading(column.name)
        else:
            reader = _indicator(column.spec, column.output, *self._unknown_positions(column.spec))
        self._readers[column.name] = reader
        return reader

    def _unknown_positions(self, spec: IndicatorSpec) -> tuple[Rows, _BarlessCandidates | None]:
        """Return the candidates without a readable request for a spec, and those without a bar."""
        not_requested = np.flatnonzero(~self._data.requested_rows(spec, self._holder)[self.chosen])
        grid = self._data.regular_grid(spec.interval) if spec.interval.is_intraday else None
        if grid is None:
            return not_requested, None
        return not_requested, self._barless.setdefault(spec.interval, _BarlessCandidates(grid, self.chosen))

    def specs(self) -> list[IndicatorSpec]:
        """Return the specs the holder requested, for any of its candidates."""
        indicators = self._data.indicators
        return [spec for spec in indicators.specs() if indicators.requested_rows(spec, self._holder).any()]


class _BarlessCandidates:
    """Tracks which candidates have had no bar of an interval today."""

    def __init__(self, grid: Grid, chosen: Rows | slice) -> None:
        self._grid = grid
        self._chosen = chosen
        self._slots = -1
        self._positions: Rows = np.zeros(1, np.intp)

    def invalidate_cache(self) -> None:
        """Drop the cached positions: a late bar may have come."""
        self._slots = -1

    def positions(self) -> Rows:
        """Return their positions among the candidates."""
        if len(self._positions) and self._slots != len(self._grid.blocks):
            self._slots = len(self._grid.blocks)
            self._positions = (self._grid.last[self._chosen] < 0).nonzero()[0]
        return self._positions


_Reader = Callable[[Candidates], Floats]
"""Reads one column of the candidates it is given: one that held them would keep the session's arrays."""


def _reading(name: str) -> _Reader:
    return lambda seen: _own(seen._data.readings.column(name, seen.chosen))


def _indicator(
    spec: IndicatorSpec, output: str, not_requested: Rows, barless: _BarlessCandidates | None
) -> _Reader:
    def read(seen: Candidates) -> Floats:
        values = _own(seen._data.indicators.column(spec, output)[seen.chosen])
        if len(not_requested):
            values[not_requested] = np.nan
        if barless is not None and len(positions := barless.positions()):
            values[positions] = np.nan
        return values

    return read


def _as_slice(rows: Rows) -> Rows | slice:
    """Rows that follow one another as a slice: reading them costs a fifth."""
    first = int(rows[0]) if len(rows) else 0
    follow = np.array_equal(rows, np.arange(first, first + len(rows)))
    return slice(first, first + len(rows)) if follow else rows


def _own(values: Floats) -> Floats:
    """Return the values, copied where they are a view of an array that will change."""
    return values if values.base is None else values.copy()


@dataclass(frozen=True, slots=True)
class Column:
    """A parsed column name: ``spec`` is None for a session reading."""

    name: str
    spec: IndicatorSpec | None = None
    output: str = "value"


@lru_cache(maxsize=4096)
def parse_column(name: str) -> Column:
    """Parse a column name: ``close``, ``rsi_14_5m``, ``bbands_20_2_5m.upper``.

    An indicator with several outputs, named without one, means its first.

    Raises
    ------
    SpecError
        If the name is neither a reading nor an indicator, or the output does not exist.
    """
    if name in SESSION_READINGS:
        return Column(name)
    key, _, output = name.partition(".")
    spec = spec_of(key)
    outputs = definition(spec.name).outputs
    if output and output not in outputs:
        raise SpecError(f"'{key}' has no output '{output}'; it has {', '.join(outputs)}")
    return Column(name, spec, output or outputs[0])
