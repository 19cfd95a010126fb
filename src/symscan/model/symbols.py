"""The symbol table: which row of every vector belongs to which symbol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Rows


class SymbolTable:
    """Symbols and their row numbers; a freed row is allocated to the next new symbol."""

    def __init__(self, symbols: Iterable[str] = ()) -> None:
        self._row_of: dict[str, int] = {}
        self._names: list[str | None] = []
        self._free: list[int] = []
        self._names_array: NDArray[np.object_] | None = None
        self._is_shared = False
        for symbol in symbols:
            self.add(symbol)

    def __len__(self) -> int:
        """How many symbols have a row."""
        return len(self._row_of)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._row_of

    def pinned(self) -> SymbolTable:
        """Return a table that stays as this one is now; nothing is copied until one of them changes."""
        self._is_shared = True
        return copy(self)

    @property
    def height(self) -> int:
        """How many rows are in use or free: every row number is below it."""
        return len(self._names)

    def add(self, symbol: str) -> int:
        """Return the symbol's row; allocate one if it has none."""
        row = self._row_of.get(symbol)
        if row is None:
            self._own()
            row = self._take_row(symbol)
            self._row_of[symbol] = row
            self._names_array = None
        return row

    def add_all(self, symbols: Sequence[str]) -> Rows:
        """Allocate a row to each of some symbols that have none; return the rows, in their order."""
        if self._free:
            return np.array([self.add(symbol) for symbol in symbols], np.intp)
        self._own()
        rows = range(len(self._names), len(self._names) + len(symbols))
        self._row_of.update(zip(symbols, rows, strict=True))
        self._names += symbols
        self._names_array = None
        return np.arange(rows.start, rows.stop, dtype=np.intp)

    def free(self, symbol: str) -> int:
        """Free the symbol's row and return its number.

        Raises
        ------
        KeyError
            If the symbol has no row.
        """
        self._own()
        row = self._row_of.pop(symbol)
        self._names[row] = None
        self._free.append(row)
        self._names_array = None
        return row

    def row(self, symbol: str) -> int | None:
        """The symbol's row, None if it has none."""
        return self._row_of.get(symbol)

    def has_all(self, symbols: Sequence[str]) -> bool:
        """Whether every one of the symbols has a row."""
        return all(map(self._row_of.__contains__, symbols))

    def rows(self, symbols: Sequence[str]) -> Rows:
        """The rows of symbols that all have one, shape ``(len(symbols),)``.

        Raises
        ------
        KeyError
            If one of them has none.
        """
        return np.fromiter(map(self._row_of.__getitem__, symbols), np.intp, len(symbols))

    def rows_or_none(self, symbols: Sequence[str]) -> Rows:
        """The rows of symbols, -1 for those that have none, shape ``(len(symbols),)``."""
        return np.fromiter(map(self._row_of.get, symbols, repeat(-1)), np.intp, len(symbols))

    @property
    def in_use(self) -> Rows:
        """The rows of all symbols."""
        return np.fromiter(self._row_of.values(), np.intp, len(self._row_of))

    def names(self, rows: Rows) -> list[str]:
        """The symbols of rows in use."""
        if self._names_array is None:
            self._names_array = np.array(self._names, dtype=np.object_)
        names: list[str] = self._names_array[rows].tolist()
        return names

    def _own(self) -> None:
        """Copy what is shared, before a change."""
        if self._is_shared:
            self._row_of, self._names = self._row_of.copy(), self._names.copy()
            self._free, self._is_shared = self._free.copy(), False

    def _take_row(self, symbol: str) -> int:
        if self._free:
            row = self._free.pop()
            self._names[row] = symbol
            return row
        self._names.append(symbol)
        return len(self._names) - 1
