"""Import bars from files into the store: all of them, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from symscan.errors import DataError
from symscan.sources.importing.files import find_files
from symscan.sources.importing.merging import FILE, Merger
from symscan.sources.importing.options import ImportOptions
from symscan.sources.importing.refused_rows import RefusedRows
from symscan.sources.importing.rows import BarReader
from symscan.sources.importing.sessions import SessionAssigner
from symscan.sources.importing.spill import SpillFile
from symscan.sources.importing.time_check import Confirm, TimeCheck
from symscan.sources.importing.validation import valid_rows
from symscan.sources.ports import Calendar
from symscan.sources.progress import Progress, silent
from symscan.sources.store.bar_store import BarStore
from symscan.sources.store.update import StoreUpdate

_COUNTED: Final = (
    *("rows", "bars", "duplicates", "conflicts", "zero_volume", "bad_rows"),
    *("outside", "prints_merged", "prints_dropped", "outside_hours"),
)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import.

    Attributes
    ----------
    files, rows
        Files and rows read.
    bars
        Bars they made.
    symbols
        Symbols these are of, ascending.
    sessions, changed
        Dates they are of, and the dates whose stored bars changed thereby, both ascending.
    duplicates
        Rows dropped because they agree with an earlier or stored one.
    conflicts
        Rows that contradicted another one, settled as the options say.
    zero_volume, bad_rows, outside
        Rows dropped: without volume, that cannot be a bar, on a day without a session.
    prints_merged, prints_dropped
        Opening prints.
    outside_hours
        Bars kept that lie before the pre-market or after the post-market.
    ignored_columns
        Columns that mean nothing here.
    """

    files: int
    rows: int
    bars: int
    symbols: tuple[str, ...]
    sessions: tuple[date, ...]
    changed: tuple[date, ...]
    duplicates: int
    conflicts: int
    zero_volume: int
    bad_rows: int
    outside: int
    prints_merged: int
    prints_dropped: int
    outside_hours: int
    ignored_columns: tuple[str, ...]


def import_bars(
    store: BarStore,
    paths: Sequence[str | Path],
    options: ImportOptions,
    calendar: Calendar,
    progress: Progress = silent,
    confirm: Confirm | None = None,
) -> ImportReport:
    """Import the bars of files, folders and globs.

    The store is as it was until everything is read, checked and written; then the catalogue is
    swapped.

    Parameters
    ----------
    confirm
        Asked, once at most, if the times are improbable; where nobody can be asked they are refused.

    Raises
    ------
    DataError
        If a file, a row or the store cannot be used, or the times are improbable and not confirmed; nothing
        is changed then.
    """
    readers = [BarReader.open(path, options) for path in find_files(paths)]
    with store.updating() as update, SpillFile(store.root) as spill_file:
        update.set_origin(None)
        job = _Import(store, readers, options, progress, TimeCheck(options, calendar, confirm))
        job.read(spill_file, SessionAssigner(options, calendar))
        job.write(spill_file, update)
        return job.report()


class _Import:
    """The state of one import."""

    def __init__(
        self,
        store: BarStore,
        readers: Sequence[BarReader],
        options: ImportOptions,
        progress: Progress,
        times: TimeCheck,
    ) -> None:
        self._store = store
        self._readers = readers
        self._options = options
        self._progress = progress
        self._times = times
        self._counts: Counter[str] = Counter()
        self._symbols: set[str] = set()
        self._sessions: list[date] = []
        self._changed: list[date] = []

    def read(self, spill_file: SpillFile, assigner: SessionAssigner) -> None:
        """Read, validate and assign every row."""
        for number, reader in enumerate(self._readers):
            self._progress("reading", number, len(self._readers))
            chunks = reader.chunks()
            for cells in chunks:
                try:
                    assigned = self._read_rows(reader, cells, assigner)
                except RefusedRows as refused:
                    is_last = number == len(self._readers) - 1 and _is_exhausted(chunks)
                    raise refused.exact() if is_last else refused from None
                spill_file.add(assigned.with_columns(pl.lit(number, pl.UInt32).alias(FILE)))

    def _read_rows(self, reader: BarReader, cells: pl.DataFrame, assigner: SessionAssigner) -> pl.DataFrame:
        """Parse some cells to valid rows with their sessions."""
        rows = reader.read(cells)
        self._counts["rows"] += rows.frame.height
        valid = valid_rows(rows, self._options, self._counts)
        assigned = assigner.assign(rows.table, valid, self._counts)
        self._symbols.update(assigned["symbol"].unique())
        return assigned

    def write(self, spill_file: SpillFile, update: StoreUpdate) -> None:
        """Merge and write every session."""
        self._sessions = spill_file.finish()
        if not self._sessions:
            raise DataError(f"there is not one bar among {self._counts['rows']:,} rows; nothing was imported")
        merger = Merger(self._options, [reader.table for reader in self._readers], self._counts)
        interval = self._options.interval
        for done, session in enumerate(self._sessions):
            self._progress("writing", done, len(self._sessions))
            rows = spill_file.load(session)
            self._times.check(session, rows)
            try:
                bars = merger.merge(rows, self._store.load(interval, [session]))
            except RefusedRows as refused:
                raise refused.exact() if session == self._sessions[-1] else refused from None
            if update.put(interval, session, bars):
                self._changed.append(session)
        self._progress("writing", len(self._sessions), len(self._sessions))

    def report(self) -> ImportReport:
        """Return the result."""
        ignored = dict.fromkeys(name for reader in self._readers for name in reader.ignored)
        return ImportReport(
            files=len(self._readers),
            symbols=tuple(sorted(self._symbols)),
            sessions=tuple(self._sessions),
            changed=tuple(self._changed),
            ignored_columns=tuple(ignored),
            **{name: self._counts[name] for name in _COUNTED},
        )


def _is_exhausted(chunks: Iterator[pl.DataFrame]) -> bool:
    """Whether a file has no more rows; one with a read error may have some."""
    try:
        return next(chunks, None) is None
    except DataError:
        return False
