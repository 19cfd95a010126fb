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
        self._trades = TradesFile(path)
        self._journal = journal
        self._session: Session | None = None
        self._scans: list[ScanFinished] = []
        self._done: list[ScannerDone] = []
        for name, schema in _SCHEMAS.items():
            pl.DataFrame(schema=schema).write_csv(path / name)

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
        (self.path / "summary.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")

    def _append(self, name: str, frame: pl.DataFrame) -> None:
        with (self.path / name).open("ab") as file:
            frame.write_csv(file, include_header=False)


@contextmanager
def run_folder(path: Path, *, force: bool, facts: Callable[[], dict[str, Any]]) -> Iterator[RunFolder]:
    """Make a run's folder, and finish its files whatever happens inside.

    Parameters
    ----------
    path
        Where; it must not exist, unless ``force``.
    force
        Replace the folder of an earlier run.
    facts
        What else ``summary.json`` says of the run.

    Raises
    ------
    InputError
        If the folder exists, or cannot be made; or with ``force``, if it holds anything but a run.
    """
    _make(path, force)
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


def _make(path: Path, force: bool) -> None:
    try:
        if path.exists():
            _clear(path, force)
        path.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{path}: the run's folder cannot be made ({error.strerror})") from None


def _clear(path: Path, force: bool) -> None:
    if not force:
        raise InputError(f"{path} exists; choose another --out, or replace it with --force")
    strange = [one.name for one in path.iterdir() if one.name not in _FILES] if path.is_dir() else [path.name]
    if strange:
        raise InputError(f"{path} is not the folder of a run (it holds {strange[0]}); it is left alone")
    shutil.rmtree(path)
