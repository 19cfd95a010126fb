"""Open the folder of a run: every check first, then lazy frames of the same types whatever the format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl
from polars.exceptions import PolarsError

from symscan.errors import DataError, InputError
from symscan.runs import hit_values, old_format
from symscan.runs.description import RunDescription, read_description, read_record
from symscan.runs.files.writing import is_being_written
from symscan.runs.hit_values import FILE_KEY, ValueColumn, ValueNotes
from symscan.runs.layout import (
    FORMAT_VERSION,
    HITS,
    HITS_CSV,
    JOURNAL,
    PARTS,
    RUN,
    SCANS,
    SUMMARY,
    TRADES,
    UNKNOWN,
    episodes_file,
    hits_file,
    values_file,
)
from symscan.runs.schemas import (
    EPISODES_SCHEMA,
    HITS_SCHEMA,
    SCANS_SCHEMA,
    TRADES_SCHEMA,
    UNKNOWN_SCHEMA,
    VALUES_KEYS,
    scan_table,
)

_OF_PRICES: Final = ("mfe_bp", "mae_bp", "held_net")
"""Columns of ``trades`` that an earlier version did not write."""

TABLES: Final = ("hits", "episodes", "scans", "unknown", "trades")
"""What :meth:`RunFiles.read` reads."""


@dataclass(frozen=True)
class RunFiles:
    """The files of a run that is over, whatever became of it.

    Attributes
    ----------
    folder
        The folder.
    format_version
        The version of its format; 1 has no ``run.json``.
    summary
        What ``summary.json`` holds.
    description
        What the run is of; None in format 1, which did not say.
    """

    folder: Path
    format_version: int
    summary: dict[str, Any]
    description: RunDescription | None = None

    @classmethod
    def open(cls, folder: Path) -> RunFiles:
        """Open the folder of a run.

        Parameters
        ----------
        folder
            What a run wrote: ``runs/NAME-START``, or what was given as ``--out``.

        Raises
        ------
        InputError
            If there is no run in it, or it is being written or was broken off.
        DataError
            If it is of a newer format, or a file of it is missing or damaged; the error names it.
        """
        _check_is_run(folder)
        description = read_description(folder) if (folder / RUN).exists() else None
        if not (folder / SUMMARY).exists():
            raise InputError(_not_over(folder))
        summary = read_record(folder / SUMMARY)
        version = summary.get("format_version", 1)
        opened = cls(folder, version, summary, description)
        opened._check()
        return opened

    @property
    def is_old(self) -> bool:
        """Whether the folder is of format 1, with ``hits.csv`` and no Parquet."""
        return self.format_version == 1

    @property
    def run_id(self) -> str | None:
        """The digest of what the run is of; None in format 1."""
        return self.summary.get("run_id")

    @property
    def mode(self) -> str:
        """``backtest`` or ``live``."""
        return str(self.summary.get("mode", "backtest"))

    @cached_property
    def sessions(self) -> list[date]:
        """The sessions that were begun, by date."""
        return sorted(map(date.fromisoformat, self.summary["sessions"]))

    @property
    def scanners(self) -> list[str]:
        """The names of the scanners that took part."""
        return list(self.summary["scanners"])

    def hits(self) -> pl.LazyFrame:
        """Every symbol at every scan: the columns of ``HITS_SCHEMA``."""
        if self.is_old:
            return old_format.hits(self.folder, self.mode)
        return _scan(self._session_files(hits_file), HITS_SCHEMA)

    def episodes(self) -> pl.LazyFrame:
        """Every stay of a symbol on a scanner's list: the columns of ``EPISODES_SCHEMA``."""
        if self.is_old:
            return old_format.episodes(self.folder, self.mode)
        return _scan(self._session_files(episodes_file), EPISODES_SCHEMA)

    def scans(self) -> pl.LazyFrame:
        """Every scan that was due: the columns of ``SCANS_SCHEMA``."""
        if self.is_old:
            return old_format.scans(self.folder, self.mode)
        return scan_table(self.folder / SCANS, SCANS_SCHEMA)

    def unknown(self) -> pl.LazyFrame:
        """Who could not be judged from when to when: the columns of ``UNKNOWN_SCHEMA``.

        An earlier version did not write ``phase``, and let a stretch go on over phases. In format 1 a row is
        of a session: from the first to the last such scan, gaps not known.
        """
        if self.is_old:
            return old_format.unknown(self.folder)
        return scan_table(self.folder / UNKNOWN, UNKNOWN_SCHEMA)

    def trades(self) -> pl.LazyFrame:
        """The trades on paper: the columns of ``TRADES_SCHEMA``; none in a run without strategies."""
        if not (self.folder / TRADES).exists():
            return pl.LazyFrame(schema=TRADES_SCHEMA)
        return scan_table(self.folder / TRADES, TRADES_SCHEMA)

    def values(self, scanner: str) -> pl.LazyFrame:
        """What a scanner said of its hits: the keys of ``hits``, and a column per name of its metadata.

        Where sessions have a name in different types, all of it is JSON text.

        Raises
        ------
        InputError
            If the run has no such scanner.
        """
        self.check_scanner(scanner)
        if self.is_old:
            return old_format.values(self.folder, scanner)
        files = self._value_files(scanner)
        if not files:
            return pl.LazyFrame(schema=VALUES_KEYS)
        return pl.concat(list(_reconciled(files)), how="diagonal")

    def value_notes(self, scanner: str, day: date) -> ValueNotes | None:
        """Return how a session's values of a scanner are stored; None where it has none.

        Raises
        ------
        InputError
            If the run has no such scanner.
        """
        self.check_scanner(scanner)
        path = values_file(self.folder, scanner, day)
        return _notes(path) if not self.is_old and path.exists() else None

    def read(self, what: str) -> pl.DataFrame:
        """Read a table whole: ``hits``, ``episodes``, ``scans``, ``unknown`` or ``trades``.

        Raises
        ------
        InputError
            If there is no such table.
        DataError
            If a file is damaged.
        """
        if what not in TABLES:
            raise InputError(f"there is no table '{what}' in a run; there are {', '.join(TABLES)}")
        lazy: Callable[[], pl.LazyFrame] = getattr(self, what)
        with self._damage_named():
            return lazy().collect()  # of format 1 the files are read by the first call

    def collect(self, frame: pl.LazyFrame) -> pl.DataFrame:
        """Collect a frame of this run.

        Raises
        ------
        DataError
            If a file is damaged; the error names it.
        """
        with self._damage_named():
            return frame.collect()

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        """Raise what polars says of damaged files as our error, which names one that cannot be read."""
        try:
            yield
        except (OSError, PolarsError) as error:
            for path in self._all_files():
                _check_readable(path)
            reason = str(error).partition("\n")[0]
            raise DataError(f"{self.folder}: it cannot be read ({reason}); run it anew") from None

    def check_hits(self, days: Iterable[date]) -> None:
        """Check that the hits of sessions can be read to their end: for what is made of other files alone.

        Raises
        ------
        DataError
            If a file is damaged; the error names it.
        """
        for day in () if self.is_old else days:
            _check_readable(hits_file(self.folder, day))

    def _check(self) -> None:
        """Check that the files that belong to the run are there and begin as they must."""
        if not isinstance(self.format_version, int) or self.format_version > FORMAT_VERSION:
            raise DataError(
                f"{self.folder}: the run has format version {self.format_version}, this symscan reads up to "
                f"{FORMAT_VERSION}; use the symscan that wrote it, or a newer one"
            )
        keys = [key for key in ("status", "sessions", "scanners") if key not in self.summary]
        if keys:
            raise DataError(f"{self.folder / SUMMARY}: it is damaged (it has no '{keys[0]}'); run it anew")
        for path in self._needed_files():
            if not path.is_file():
                raise DataError(f"{path}: the file is missing; run it anew")
            if path.suffix == ".parquet":
                _check_columns(path, HITS_SCHEMA if path.parent.name == HITS else EPISODES_SCHEMA)
        if not self.is_old:
            _check_header(self.folder / SCANS, SCANS_SCHEMA)
            _check_header(self.folder / UNKNOWN, UNKNOWN_SCHEMA, added={"phase"})
            if (self.folder / TRADES).exists():
                _check_header(self.folder / TRADES, TRADES_SCHEMA, added=_OF_PRICES)

    def _needed_files(self) -> Iterator[Path]:
        texts = (SCANS, UNKNOWN, JOURNAL, *((HITS_CSV,) if self.is_old else ()))
        yield from (self.folder / name for name in texts)
        if not self.is_old:
            for day in self.sessions:
                yield hits_file(self.folder, day)
                yield episodes_file(self.folder, day)

    def _all_files(self) -> Iterator[Path]:
        yield from self._needed_files()
        for scanner in self.scanners:
            yield from (path for path in self._value_files(scanner))

    def check_scanner(self, scanner: str) -> None:
        """Check that a scanner took part.

        Raises
        ------
        InputError
            If the run has no such scanner.
        """
        if scanner not in self.scanners:
            known = ", ".join(self.scanners) or "none"
            close = get_close_matches(scanner, self.scanners, n=1)
            guess = f"; did you mean '{close[0]}'?" if close else ""
            raise InputError(
                f"{self.folder}: there is no scanner '{scanner}' in the run{guess} (there are: {known})"
            )

    def _session_files(self, of: Callable[[Path, date], Path]) -> list[Path]:
        return [of(self.folder, day) for day in self.sessions]

    def _value_files(self, scanner: str) -> list[Path]:
        paths = [values_file(self.folder, scanner, day) for day in self.sessions]
        return [path for path in paths if path.exists()]


def _check_is_run(folder: Path) -> None:
    if not folder.is_dir():
        what = "it is no folder" if folder.exists() else "there is no such folder"
        raise InputError(f"{folder}: {what}; give the folder that a run wrote, runs/NAME-DATE")
    if not any((folder / name).exists() for name in (RUN, SUMMARY, PARTS)):
        raise InputError(
            f"{folder}: it is not the folder of a run (it has no {RUN}); give one that 'symscan run' or "
            "'symscan live' wrote"
        )


def _not_over(folder: Path) -> str:
    if is_being_written(folder):
        return f"{folder}: the run is still being written; wait for its end"
    return f"{folder}: the run was broken off before its end; go on with it by --resume"


def _scan(files: Sequence[Path], schema: pl.Schema) -> pl.LazyFrame:
    if not files:
        return pl.LazyFrame(schema=schema)
    return pl.scan_parquet(list(files), glob=False, hive_partitioning=False).select(schema.names())


def _reconciled(files: Sequence[Path]) -> Iterator[pl.LazyFrame]:
    """Yield the values of each session; a column that is JSON in one of them is JSON in all."""
    noted = [_notes(path) for path in files]
    kinds: dict[str, set[pl.DataType]] = {}
    for path in files:
        for name, kind in pl.read_parquet_schema(path).items():
            kinds.setdefault(name, set()).add(kind)
    mixed = {name for name, found in kinds.items() if len(found) > 1}
    for notes in noted:
        mixed |= {name for name, one in notes.columns.items() if one.kind == "json"}
    for path, notes in zip(files, noted, strict=True):
        frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        changed = [(name, one) for name, one in notes.columns.items() if name in mixed and one.kind != "json"]
        yield frame.with_columns(_as_json(name, one) for name, one in changed)


def _as_json(name: str, column: ValueColumn) -> pl.Expr:
    return pl.col(name).map_batches(
        lambda series: hit_values.as_json(series, column.kind), return_dtype=pl.String
    )


def _notes(path: Path) -> ValueNotes:
    try:
        return ValueNotes.of_text(pl.read_parquet_metadata(path)[FILE_KEY])
    except (OSError, PolarsError, KeyError, ValueError, TypeError) as error:
        raise _damaged(path, error) from None


def _check_columns(path: Path, schema: pl.Schema) -> None:
    try:
        found = pl.read_parquet_schema(path)
    except (OSError, PolarsError) as error:
        raise _damaged(path, error) from None
    lacking = [name for name in schema.names() if name not in found]
    if lacking:
        raise DataError(f"{path}: the file is damaged (it has no column '{lacking[0]}'); run it anew")


def _check_header(path: Path, schema: pl.Schema, added: Collection[str] = ()) -> None:
    """Check the columns of a table; ``added`` are those that an earlier version did not write."""
    with path.open("rb") as lines:
        header = lines.readline().rstrip(b"\r\n")
    before = [name for name in schema.names() if name not in added]
    if header not in [",".join(names).encode() for names in (schema.names(), before)]:
        raise DataError(f"{path}: the file is damaged (its first line names other columns); run it anew")


def _check_readable(path: Path) -> None:
    try:
        if path.suffix == ".parquet":
            pl.read_parquet(path, glob=False, hive_partitioning=False)
        elif path.suffix == ".csv":
            pl.read_csv(path, infer_schema=False, glob=False)
    except (OSError, PolarsError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> DataError:
    reason = str(error).partition("\n")[0]
    return DataError(f"{path}: the file is damaged ({reason}); run it anew")
