"""An external sort of imported rows by session: runs are spilled to disk once they are large."""

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
    """Rows that are read back one session at a time, in the order they were added.

    Memory holds one run at most; a year of a whole market takes a few dozen runs.

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
        self._buffer: list[pl.DataFrame] = []
        self._buffer_rows = 0
        self._runs: list[pl.LazyFrame] = []
        self._slices: list[dict[date, tuple[int, int]]] = []
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
        """Add rows of any sessions; all have the same columns, ``session`` among them."""
        if rows.is_empty():
            return
        self._buffer.append(rows)
        self._buffer_rows += rows.height
        if self._buffer_rows >= self._run_rows:
            self._close_run(to_disk=True)

    def finish(self) -> list[date]:
        """Close the last run; return the sessions, ascending."""
        self._close_run(to_disk=False)
        return sorted(set().union(*self._slices))

    def load(self, session: date) -> pl.DataFrame:
        """Load the rows of a session."""
        parts = [
            run.slice(*slices[session])
            for run, slices in zip(self._runs, self._slices, strict=True)
            if session in slices
        ]
        return pl.concat(parts).collect()

    def _close_run(self, *, to_disk: bool) -> None:
        if not self._buffer:
            return
        run = pl.concat(self._buffer).sort("session", maintain_order=True)
        self._buffer.clear()
        self._buffer_rows = 0
        ends = run.select(pl.col("session").rle()).unnest("session")
        offsets = ends["len"].cum_sum() - ends["len"]
        lengths = zip(offsets.to_list(), ends["len"].to_list(), strict=True)
        self._slices.append(dict(zip(ends["value"].to_list(), lengths, strict=True)))
        self._runs.append(self._spill(run) if to_disk else run.lazy())

    def _spill(self, run: pl.DataFrame) -> pl.LazyFrame:
        path = self._folder / f"spill-{uuid4().hex}"
        self._paths.append(path)
        run.write_ipc(path, record_batch_size=_BATCH_ROWS)
        return pl.scan_ipc(path)
