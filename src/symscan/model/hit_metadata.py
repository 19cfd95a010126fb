"""Metadata of hits, columnar: thousands of hits a session must not become thousands of dicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

SYMBOL: Final = "symbol"
"""The frame's column of symbols."""


_MOST_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class StrayMetadata:
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


class FrameMetadata(Mapping[str, dict[str, Any]]):
    """Metadata of hits: a frame, made on first access, that reads as a mapping.

    Parameters
    ----------
    symbols
        The hits, best first.
    make
        Makes the frame: ``symbol`` and the values, one row per hit in the same order; null is unknown.
    """

    def __init__(self, symbols: Sequence[str], make: Callable[[], pl.DataFrame]) -> None:
        self._symbols = symbols
        self._make = make

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


def _of_frame(symbols: Sequence[str], frame: pl.DataFrame) -> FrameMetadata:
    """Restore pickled metadata."""
    return FrameMetadata(symbols, lambda: frame)
