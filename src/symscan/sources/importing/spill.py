"""Rows on their way from files to sessions: sorted by session in runs on disk once they are many."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Final
from uuid import uuid4

import polars as pl

_RUN_ROWS: Final = 4_000_000
_BATCH_ROWS: Final = 100_000
"""Reading a session back reads whole batches."""


class SpillFile:
    """Rows to be read back one session at a time, in the order they came.

    Memory holds one run at most; a year of a whole market takes a few dozen.

    Parameters
    ----------
    folder
        Where runs are written; they are removed at the end of the ``with`` block.
    run_rows
        How many rows make a run.
    """

    def __init__(self, folder: Path, run_rows: int = _RUN_ROWS) -> None:
        self._folder = folder
        self._run_rows = run_rows
        self._open: list[pl.DataFrame] = []
        self._open_rows = 0
        self._runs: list[pl.LazyFrame] = []
        self._places: list[dict[date, tuple[int, int]]] = []
        self._paths: list[Path] = []

    def __enter__(self) -> SpillFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runs.clear()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows of any sessions; all have the same columns, ``session`` among them."""
        if rows.is_empty():
            return
        self._open.append(rows)
        self._open_rows += rows.height
        if self._open_rows >= self._run_rows:
            self._close(to_disk=True)

    def finish(self) -> list[date]:
        """No more rows come: the sessions there are, ascending."""
        self._close(to_disk=False)
        return sorted(set().union(*self._places))

    def take(self, session: date) -> pl.DataFrame:
        """The rows of a session."""
        parts = [
            run.slice(*places[session])
            for run, places in zip(self._runs, self._places, strict=True)
            if session in places
        ]
        return pl.concat(parts).collect()

    def _close(self, *, to_disk: bool) -> None:
        if not self._open:
            return
        run = pl.concat(self._open).sort("session", maintain_order=True)
        self._open.clear()
        self._open_rows = 0
        ends = run.select(pl.col("session").rle()).unnest("session")
        offsets = ends["len"].cum_sum() - ends["len"]
        lengths = zip(offsets.to_list(), ends["len"].to_list(), strict=True)
        self._places.append(dict(zip(ends["value"].to_list(), lengths, strict=True)))
        self._runs.append(self._spill(run) if to_disk else run.lazy())

    def _spill(self, run: pl.DataFrame) -> pl.LazyFrame:
        path = self._folder / f"spill-{uuid4().hex}"
        self._paths.append(path)
        run.write_ipc(path, record_batch_size=_BATCH_ROWS)
        return pl.scan_ipc(path)
