"""A holder's candidates as rows, and the columns it may read of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
from msgspec import Struct

from symscan.bars.grid import Grid
from symscan.errors import SpecError
from symscan.indicators.manager import IndicatorManager
from symscan.indicators.registry import definition, spec_of
from symscan.model.bar import Floats, Mask, Rows
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.readings import HAVE_PRIOR, SESSION_READINGS
from symscan.model.specs import IndicatorSpec, prior_name, split_prior
from symscan.session.readings import SessionReadings
from symscan.session.requested import Requested
from symscan.session.shared_columns import BarlessCandidates, Computed, SharedColumns


class CandidateData(Protocol):
    """What candidates read of the session."""

    @property
    def now(self) -> Instant: ...
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
    shared
        The symbols, with what all holders read of them.

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

    def __init__(self, data: CandidateData, holder: str, shared: SharedColumns) -> None:
        self.symbols, self.rows, self.chosen = shared.symbols, shared.rows, shared.chosen
        self.checked: set[str] = set()
        self._data = data
        self._holder = holder
        self._shared = shared
        self._readers: dict[str, tuple[str, _Reader]] = {}

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each symbol."""
        return dict(zip(self.symbols, self.rows.tolist(), strict=True))

    def named(self, name: str) -> Floats:
        """Return a reading or an indicator as of now, NaN where unknown; not to be changed.

        Shape ``(len(symbols),)``. An indicator is unknown where this holder has not requested it. An
        intraday one is unknown until its interval has completed a bar today: nothing crosses the night. So is
        one of days, weeks or months once the day, the week or the month is complete.
        """
        key, read = self._readers.get(name) or self._add_reader(parse_column(name))
        columns = self._shared.columns(self._data.now)
        values = columns.get(key)
        if values is None:
            values = columns[key] = read(self)
            values.flags.writeable = False
        return values

    def all_named(self, names: Sequence[str]) -> dict[str, Floats]:
        """Return columns by name, each as :meth:`named` does: as many as a screen reads at every scan."""
        columns, readers, read = self._shared.columns(self._data.now), self._readers, {}
        for name in names:
            reader = readers.get(name)
            values = None if reader is None else columns.get(reader[0])
            read[name] = self.named(name) if values is None else values
        return read

    def column(self, column: Column) -> Floats:
        """Return the column of a parsed name, as :meth:`named` does."""
        return self.named(column.name)

    def computed(self) -> Computed:
        """Return what was computed of columns as of now, to be added to."""
        return self._shared.computed(self._data.now)

    def is_available(self, spec: IndicatorSpec) -> bool:
        """Whether a requested spec is loaded for any of the symbols."""
        return bool(self._data.requested_rows(spec, self._holder)[self.chosen].any())

    def is_missing(self, spec: IndicatorSpec | None) -> bool:
        """Whether an indicator was never requested, and is loaded for none of the symbols."""
        if spec is None or self._data.requested.has(spec, self._holder):
            return False
        return not self.is_available(spec)

    def specs(self) -> list[IndicatorSpec]:
        """Return the specs the holder requested, for any of its candidates."""
        indicators = self._data.indicators
        return [spec for spec in indicators.specs() if indicators.requested_rows(spec, self._holder).any()]

    def _add_reader(self, column: Column) -> tuple[str, _Reader]:
        """Add a column's reader: what cannot change until the next request is resolved here."""
        key, spec = column.name, column.spec
        if spec is None:
            reader = _reading(column.reading, column.back)
        else:
            not_requested = np.flatnonzero(~self._data.requested_rows(spec, self._holder)[self.chosen])
            if len(not_requested):
                key = f"{key} of {self._holder}"  # others may have requested it of other symbols
            reader = _indicator(spec, column.output, not_requested, self._barless(spec))
        self._readers[column.name] = key, reader
        return key, reader

    def _barless(self, spec: IndicatorSpec) -> BarlessCandidates | None:
        """Return what tracks the candidates without a bar of the spec's interval today.

        Of an interval of days there are bars once the day is complete: who then has none has left, or is
        halted, and values of long ago are not today's.
        """
        grid = self._data.regular_grid(spec.interval)
        return None if grid is None else self._shared.barless(spec.interval, grid)


_Reader = Callable[[Candidates], Floats]
"""Reads one column of the candidates it is given: one that held them would keep the session's arrays."""


def _reading(name: str, back: int) -> _Reader:
    if back:
        return lambda seen: _own(seen._data.readings.prior(name, back, seen.chosen))
    return lambda seen: _own(seen._data.readings.column(name, seen.chosen))


def _indicator(
    spec: IndicatorSpec, output: str, not_requested: Rows, barless: BarlessCandidates | None
) -> _Reader:
    def read(seen: Candidates) -> Floats:
        values = _own(seen._data.indicators.column(spec, output)[seen.chosen])
        if len(not_requested):
            values[not_requested] = np.nan
        if barless is not None and len(positions := barless.positions()):
            values[positions] = np.nan
        return values

    return read


def _own(values: Floats) -> Floats:
    """Return the values, copied where they are a view of an array that will change."""
    return values if values.base is None else values.copy()


class Column(Struct, frozen=True):
    """A parsed column name: ``spec`` is None for a session reading, ``back`` bars earlier."""

    name: str
    spec: IndicatorSpec | None = None
    output: str = "value"
    back: int = 0

    @property
    def reading(self) -> str:
        """The name of the session reading, whenever it is read."""
        return split_prior(self.name)[1]


@lru_cache(maxsize=4096)
def parse_column(name: str) -> Column:
    """Parse a column name: ``close``, ``rsi_14_5m``, ``bbands_20_2_5m.upper``, ``prior(3).close``.

    An indicator with several outputs, named without one, means its first.

    Raises
    ------
    SpecError
        If the name is neither a reading nor an indicator, the output does not exist, or there is no
        earlier value.
    """
    back, current = split_prior(name)
    if current in SESSION_READINGS:
        if back and current not in HAVE_PRIOR:
            raise SpecError(no_prior(current))
        return Column(prior_name(current, back), back=back)
    key, _, output = current.partition(".")
    spec = spec_of(prior_name(key, back))
    outputs = definition(spec.name).outputs
    if output and output not in outputs:
        raise SpecError(f"'{key}' has no output '{output}'; it has {', '.join(outputs)}")
    return Column(name, spec, output or outputs[0])


def no_prior(name: str) -> str:
    """Say that a reading has no earlier value."""
    return f"'{name}' has no value a bar earlier; prior reads indicators and {', '.join(HAVE_PRIOR)}"
