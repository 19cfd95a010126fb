"""Why symbols were found, columnar: thousands of hits a session must not become thousands of dicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

SYMBOL: Final = "symbol"
"""The frame's column of symbols."""


class FrameMetadata(Mapping[str, dict[str, Any]]):
    """Why symbols were found: a frame that reads as a mapping from symbol to its values.

    Parameters
    ----------
    frame
        ``symbol`` and the values, one row per hit, best first; null is unknown.
    """

    __slots__ = ("_rows", "frame")

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._rows: dict[str, int] | None = None

    def __getitem__(self, symbol: str) -> dict[str, Any]:
        if self._rows is None:
            self._rows = {each: row for row, each in enumerate(self.frame[SYMBOL])}
        values = self.frame.row(self._rows[symbol], named=True)
        del values[SYMBOL]
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self.frame[SYMBOL])

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        return f"FrameMetadata({dict(self)!r})"
