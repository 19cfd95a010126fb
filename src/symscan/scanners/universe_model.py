"""A universe: the symbols a scanner judges, with their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from symscan.scanners.membership import Period

if TYPE_CHECKING:
    from symscan.session.static_columns import Static

STORE: Final = "store"
"""The name of the universe of all symbols that the session's bar store knows before the session."""


@dataclass(frozen=True, slots=True)
class Universe:
    """The symbols a scanner judges.

    Attributes
    ----------
    name
        The file's name without its suffix.
    symbols
        The symbols in the order of the file, each once.
    columns
        Static columns by name, each aligned with ``symbols``; None is unknown. The values of one
        column are all int, all float or all str.
    as_of
        The date the list was true, from a line ``# as_of: 2026-08-08``; None if it does not say. Of a
        file with columns ``from`` and ``to``, the date that was asked for.
    path
        The file it was read from.
    periods
        All rows of a file with columns ``from`` and ``to``; None of one without.
    is_partly_undated
        Whether a part of it has neither periods nor a place in the store: ``as_of`` is then that part's,
        whatever the date that was asked for.
    """

    name: str
    symbols: tuple[str, ...]
    columns: Mapping[str, tuple[Static, ...]]
    as_of: date | None
    path: Path
    periods: tuple[Period, ...] | None = None
    is_partly_undated: bool = False

    def of_symbols(self, symbols: Sequence[str]) -> Universe:
        """Return a universe of other symbols with the columns of this one, unknown where it has none."""
        place = {symbol: row for row, symbol in enumerate(self.symbols)}
        rows = [place.get(symbol) for symbol in symbols]
        columns = {
            name: tuple(None if row is None else values[row] for row in rows)
            for name, values in self.columns.items()
        }
        return replace(self, symbols=tuple(symbols), columns=columns)

    def renamed(self, others: Mapping[str, str]) -> Universe:
        """Return the same with other symbols for some; of two rows that are one symbol then, the first."""
        named = [others.get(symbol, symbol) for symbol in self.symbols]
        first = dict(zip(reversed(named), range(len(named) - 1, -1, -1), strict=True))
        rows = [row for row, symbol in enumerate(named) if first[symbol] == row]
        columns = {name: tuple(values[row] for row in rows) for name, values in self.columns.items()}
        return replace(self, symbols=tuple(named[row] for row in rows), columns=columns)


def store_universe(symbols: Sequence[str]) -> Universe:
    """The universe of the symbols a store knows before a session; it has no file."""
    return Universe(STORE, tuple(symbols), {}, None, Path(STORE))
