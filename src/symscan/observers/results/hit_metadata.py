"""The metadata of one scanner's hits in a session, in the order of its scans."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import polars as pl

from symscan.model.events.session import Hits
from symscan.model.hit_metadata import SYMBOL, FrameMetadata, joined_frame
from symscan.runs import hit_values
from symscan.runs.hit_values import ValueNotes

_ISO: Final = "%Y-%m-%dT%H:%M:%SZ"


class ScannerMetadata:
    """What one scanner said of its hits.

    Parameters
    ----------
    scans
        The hits of its scans; none of them empty.
    """

    def __init__(self, scans: Sequence[Hits]) -> None:
        self._scans = scans

    def is_empty(self) -> bool:
        """Return whether it said nothing of any hit."""
        return not self._rows if self._frame is None else not self._frame.width

    @cached_property
    def stored(self) -> tuple[pl.DataFrame, ValueNotes]:
        """The values as typed columns, one row per hit."""
        if self._frame is not None:
            return hit_values.of_frame(self._frame)
        frame, notes = hit_values.of_mappings(self._rows)
        if self._is_mixed:
            notes = hit_values.with_exact(notes, frame, self.texts(_numbers(frame.height)).to_list())
        return frame, notes

    def texts(self, hits: pl.Series) -> pl.Series:
        """Return the metadata of some of the hits, by their numbers, as JSON."""
        if self._is_mixed:
            parts = [(ScannerMetadata([scan]), len(scan.symbols)) for scan in self._scans]
            return pl.concat([one.texts(_numbers(count)) for one, count in parts]).gather(hits)
        if self._frame is None:
            rows = [self._rows[number] if self._rows else {} for number in hits.to_list()]
            return pl.Series([json.dumps(row, ensure_ascii=False) for row in rows], dtype=pl.String)
        if not self._frame.width:
            return pl.repeat("{}", len(hits), dtype=pl.String, eager=True)
        values = self._frame[hits]
        written = [_written(name, kind) for name, kind in values.schema.items()]
        return values.select(pl.struct(written).struct.json_encode()).to_series()

    def plain_texts(self, hits: pl.Series) -> pl.Series:
        """Return the metadata of some of the hits, by their numbers, as people read it."""
        if self.is_empty():
            return pl.Series([None] * len(hits), dtype=pl.String)
        frame, notes = self.stored
        return hit_values.plain_texts(frame[hits], notes)

    @cached_property
    def _frames(self) -> list[FrameMetadata]:
        return [one.metadata for one in self._scans if isinstance(one.metadata, FrameMetadata)]

    @property
    def _is_mixed(self) -> bool:
        """Whether the scanner gives columns at some scans and mappings at others."""
        return 0 < len(self._frames) < len(self._scans)

    @cached_property
    def _frame(self) -> pl.DataFrame | None:
        """The values where the scanner gives columns; None where it gives mappings."""
        if len(self._frames) < len(self._scans):
            return None
        return _without_symbol(joined_frame(self._frames))

    @cached_property
    def _rows(self) -> list[Mapping[str, Any]]:
        """The values where the scanner gives mappings, one per hit; none if all are empty."""
        if not any(one.metadata for one in self._scans):
            return []
        rows = [row for one in self._scans for row in _mappings(one)]
        return rows if any(rows) else []


def _mappings(scan: Hits) -> Sequence[Mapping[str, Any]]:
    """Return the values of each hit of a scan."""
    if isinstance(scan.metadata, FrameMetadata):
        return scan.metadata.frame.select(pl.exclude(SYMBOL)).with_columns(_utc_texts()).to_dicts()
    return [scan.metadata.get(symbol) or {} for symbol in scan.symbols]


def _without_symbol(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame([one for one in frame if one.name != SYMBOL])


def _written(name: str, kind: pl.DataType) -> pl.Expr:
    """Return a column as JSON is to have it."""
    column = pl.col(name)
    return column.dt.strftime(_ISO) if isinstance(kind, pl.Datetime) else column


def _numbers(count: int) -> pl.Series:
    return pl.Series(range(count), dtype=pl.UInt32)


def _utc_texts() -> pl.Expr:
    """Write instants as in all files; polars would write +00:00."""
    return pl.selectors.datetime().dt.strftime(_ISO)
