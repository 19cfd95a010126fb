"""The folder of a run: ``hits.csv``, ``scans.csv``, ``unknown.csv``, ``journal.jsonl``, ``summary.json``.

Tables are written session by session, the journal line by line, so that a run that ends early
leaves whole records of everything up to its end.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import polars as pl

from symscan.errors import InputError
from symscan.model.events import Event, ScanFinished, ScannerDone, SessionClosed
from symscan.model.session import Session
from symscan.observers import tables
from symscan.observers.journal import Journal
from symscan.observers.summary import RunSummary
from symscan.observers.trades import TRADES_FILE, TradesFile

_SCHEMAS: Final = {
    "hits.csv": tables.HITS_SCHEMA,
    "scans.csv": tables.SCANS_SCHEMA,
    "unknown.csv": tables.UNKNOWN_SCHEMA,
}
_FILES: Final = (*_SCHEMAS, TRADES_FILE, "journal.jsonl", "summary.json")
_RECORD: Final = "session.sqlite"
"""What a live session leaves beside its results; SQLite's own files beside it begin with its name."""


class RunFolder:
    """Writes a run's results as they come.

    Parameters
    ----------
    path
        An existing, empty folder; make it with :func:`run_folder`.
    journal
        Where events go.
    """

    def __init__(self, path: Path, journal: Journal) -> None:
        self.path = path
        self.summary = RunSummary()
        self._home = path.absolute()  # a scanner may change the current folder
        self._trades = TradesFile(self._home)
        self._journal = journal
        self._session: Session | None = None
        self._scans: list[ScanFinished] = []
        self._done: list[ScannerDone] = []
        for name, schema in _SCHEMAS.items():
            pl.DataFrame(schema=schema).write_csv(self._home / name)

    def observe(self, session: Session, event: Event) -> None:
        """Take note of an event; tables are written at the session's close."""
        self._session = session
        self._journal.observe(session, event)
        self.summary.observe(session, event)
        self._trades.observe(session, event)
        if isinstance(event, ScanFinished):
            self._scans.append(event)
        elif isinstance(event, ScannerDone):
            self._done.append(event)
        elif isinstance(event, SessionClosed):
            self.write_session()

    def write_session(self) -> None:
        """Append what is known of the session to the tables."""
        if self._session is None:
            return
        self._trades.write_session(self._session)
        self._append("hits.csv", tables.hits_frame(self._session, self._scans))
        self._append("scans.csv", tables.scans_frame(self._session, self._scans))
        self._append("unknown.csv", tables.unknown_frame(self._session, self._done))
        self._session, self._scans, self._done = None, [], []

    def write_summary(self, **more: Any) -> None:
        """Write ``summary.json``: the figures, and what else there is to say of the run."""
        record = {**more, **self.summary.as_record()}
        (self._home / "summary.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")

    def _append(self, name: str, frame: pl.DataFrame) -> None:
        with (self._home / name).open("ab") as file:
            frame.write_csv(file, include_header=False)


@contextmanager
def run_folder(
    path: Path, *, force: bool, facts: Callable[[], dict[str, Any]], resume: bool = False
) -> Iterator[RunFolder]:
    """Make a run's folder, and finish its files whatever happens inside.

    Parameters
    ----------
    path
        Where; it must not exist, unless ``force``.
    force
        Replace the folder of an earlier run.
    facts
        What else ``summary.json`` says of the run.
    resume
        Go on in the folder of a live session: its record is kept, all else is written anew from it.

    Raises
    ------
    InputError
        If the folder exists, or cannot be made; or with ``force`` or ``resume``, if it holds anything
        but a run, or the run goes on.
    """
    _make(path, force, resume)
    with (path / "journal.jsonl").open("w", encoding="utf-8", newline="\n") as file:
        folder = RunFolder(path, Journal(file))
        status = "failed"
        try:
            yield folder
            status = "complete"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            folder.write_session()
            folder.write_summary(status=status, **facts())


def check_folder(path: Path, *, force: bool, resume: bool) -> None:
    """Check that a run's folder may be made, before anything is.

    Raises
    ------
    InputError
        As :func:`run_folder`.
    """
    if not path.exists():
        return
    here = [one.name for one in path.iterdir()] if path.is_dir() else [path.name]
    if not force and not resume:
        go_on = ", or go on with --resume" if _RECORD in here else ""
        raise InputError(f"{path} exists; choose another --out, or replace it with --force{go_on}")
    strange = [name for name in here if not (path.is_dir() and _is_ours(name))]
    if strange:
        raise InputError(f"{path} is not the folder of a run (it holds {strange[0]}); it is left alone")
    if _RECORD in here:
        _check_is_over(path / _RECORD)


def _make(path: Path, force: bool, resume: bool) -> None:
    try:
        check_folder(path, force=force, resume=resume)
        if path.exists():
            _clear(path, resume)
        path.mkdir(parents=True, exist_ok=resume)
    except OSError as error:
        raise InputError(f"{path}: the run's folder cannot be made ({error.strerror})") from None


def _clear(path: Path, resume: bool) -> None:
    if not resume:
        shutil.rmtree(path)
        return
    for name in _FILES:
        (path / name).unlink(missing_ok=True)


def _is_ours(name: str) -> bool:
    return name in _FILES or name.startswith(_RECORD)


def _check_is_over(record: Path) -> None:
    """Nothing is taken from under a session that still runs."""
    # A backtest need not wait for SQLite.
    from symscan.observers.record_lock import RecordLock

    RecordLock(record).release()
