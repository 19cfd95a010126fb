"""Metadata of hits, columnar: thousands of hits a session must not become thousands of dicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from msgspec import Struct

from symscan.model.bar import Floats, Rows

SYMBOL: Final = "symbol"
"""The frame's column of symbols."""


_MOST_EXAMPLES: Final = 5


class StrayMetadata(Struct, frozen=True):
    """Metadata of symbols that a scan did not return: not kept, but counted.

    Attributes
    ----------
    count
        Of how many symbols.
    examples
        The first of them.
    """

    count: int
    examples: tuple[str, ...]

    @staticmethod
    def of(metadata: Iterable[object], symbols: Collection[str]) -> StrayMetadata | None:
        """Count the metadata of symbols that were not returned; None where there are none."""
        returned = frozenset(symbols)
        stray = [str(key) for key in metadata if key not in returned]
        return StrayMetadata(len(stray), tuple(stray[:_MOST_EXAMPLES])) if stray else None


class HitColumns(Struct, frozen=True, eq=False):
    """The values of a scan's hits as arrays, until somebody reads them.

    Attributes
    ----------
    make
        Makes the frame of ``values`` and ``rows``; the same function for all scans of a scanner.
    values
        The values by name, each of shape ``(hits,)``.
    rows
        Which of the scanner's symbols they are.
    """

    make: Callable[[Mapping[str, Floats], Rows], pl.DataFrame]
    values: Mapping[str, Floats]
    rows: Rows

    def frame(self) -> pl.DataFrame:
        """Make the frame of this scan alone."""
        return self.make(self.values, self.rows)


class FrameMetadata(Mapping[str, dict[str, Any]]):
    """Metadata of hits: a frame, made on first access, that reads as a mapping.

    Parameters
    ----------
    symbols
        The hits, best first.
    make
        Makes the frame: ``symbol`` and the values, one row per hit in the same order; null is unknown.
    columns
        What the frame is made of; None where there is nothing but ``make``.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        make: Callable[[], pl.DataFrame],
        columns: HitColumns | None = None,
    ) -> None:
        self._symbols = symbols
        self._make = make
        self.columns = columns

    @classmethod
    def of_columns(cls, symbols: Sequence[str], columns: HitColumns) -> FrameMetadata:
        """Return metadata whose frame is made of columns, alone or with that of other scans."""
        return cls(symbols, columns.frame, columns)

    @cached_property
    def frame(self) -> pl.DataFrame:
        """``symbol`` and the values, one row per hit, best first; null is unknown."""
        return self._make()

    def __reduce__(self) -> tuple[Callable[..., FrameMetadata], tuple[Sequence[str], pl.DataFrame]]:
        return _of_frame, (self._symbols, self.frame)  # what makes it may not be picklable

    def __getitem__(self, symbol: str) -> dict[str, Any]:
        values = self.frame.row(self._rows[symbol], named=True)
        del values[SYMBOL]
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)

    def __repr__(self) -> str:
        return f"FrameMetadata({dict(self)!r})"

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {symbol: row for row, symbol in enumerate(self._symbols)}


def joined_frame(scans: Sequence[FrameMetadata]) -> pl.DataFrame:
    """Return the frames of several scans one after another: made at once, where one function makes all."""
    columns = [one.columns for one in scans]
    first = columns[0]
    known = [one for one in columns if one is not None and first is not None and one.make == first.make]
    if first is None or len(known) < len(columns):
        return pl.concat([one.frame for one in scans], how="diagonal_relaxed")
    values = {name: np.concatenate([one.values[name] for one in known]) for name in first.values}
    return first.make(values, np.concatenate([one.rows for one in known]))


def _of_frame(symbols: Sequence[str], frame: pl.DataFrame) -> FrameMetadata:
    """Restore pickled metadata."""
    return FrameMetadata(symbols, lambda: frame)
