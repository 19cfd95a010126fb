"""Columns of a universe file, such as sectors: the same all session long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import polars as pl

Static = str | int | float | None
"""A value of a static column; None is unknown."""


class NamedColumns(Protocol):
    """Columns by name, as series over any symbols."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""

    def series(self, name: str, symbols: tuple[str, ...]) -> pl.Series:
        """Return the values of ``symbols``, null where unknown."""


class StaticColumns:
    """Static columns of some symbols, as series over any symbols.

    Parameters
    ----------
    symbols
        The symbols of the values.
    columns
        The values by name, each aligned with ``symbols``; those of one column are all int, all float or
        all str, None where unknown.
    """

    def __init__(self, symbols: Sequence[str], columns: Mapping[str, Sequence[Static]]) -> None:
        self._symbols = tuple(symbols)
        self._columns = columns
        self._series_symbols: tuple[str, ...] = ()
        self._series: dict[str, pl.Series] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._columns)

    def series(self, name: str, symbols: tuple[str, ...]) -> pl.Series:
        """Return the values of ``symbols``, null where unknown; cached until other symbols are read.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        if self._series_symbols != symbols:
            self._series_symbols, self._series = symbols, {}
        series = self._series.get(name)
        if series is None:
            series = self._series[name] = self._make(name, symbols)
        return series

    def _make(self, name: str, symbols: tuple[str, ...]) -> pl.Series:
        values = self._columns[name]
        if symbols != self._symbols:
            value_of = dict(zip(self._symbols, values, strict=True))
            values = [value_of.get(symbol) for symbol in symbols]
        return pl.Series(name, values, _dtype(self._columns[name]))


def _dtype(values: Sequence[Static]) -> type[pl.DataType]:
    kinds = {type(value) for value in values if value is not None}
    return {int: pl.Int64, float: pl.Float64}.get(next(iter(kinds), str), pl.String)
