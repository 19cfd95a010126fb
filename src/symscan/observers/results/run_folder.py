"""The folder of a run: ``hits.csv``, ``scans.csv``, ``unknown.csv``, ``journal.jsonl``, ``summary.json``.

Tables are written session by session, the journal line by line, under temporary names; they are renamed
when the run ends, however it ends. So existing results are complete, and those of an earlier run stay
until they are replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVarTuple

import polars as pl

from symscan.errors import InputError
from symscan.model.events.session import Event, ScanFinished, ScannerDone, SessionClosed
from symscan.model.session import Session
from symscan.observers.journal import Journal
from symscan.observers.results import tables
from symscan.observers.results.result_files import (
    JOURNAL,
    PROGRESS,
    SUMMARY,
    ResultFiles,
    exclusive_folder,
    is_result,
    write_error,
)
from symscan.observers.results.run_progress import RunProgress, read_progress
from symscan.observers.results.summary import RunSummary
from symscan.observers.results.trades import TRADES_FILE, TradesFile
from symscan.recording import RECORD_NAME
from symscan.recording.ownership import FOLDER_MODE, lock_record

_Arguments = TypeVarTuple("_Arguments")

_SCHEMAS: Final = {
    "hits.csv": tables.HITS_SCHEMA,
    "scans.csv": tables.SCANS_SCHEMA,
    "unknown.csv": tables.UNKNOWN_SCHEMA,
}


class RunFolder:
    """Writes the results of a run.

    Parameters
    ----------
    path
        An existing folder; make it with :func:`run_folder`.
    files
        Where the results are written.
    journal
        The journal.
    progress
        The progress, saved whenever a session is complete; None for a live session.
    keeps_previous
        Whether existing results stay until :meth:`catch_up` is called.
    """

    def __init__(
        self,
        path: Path,
        files: ResultFiles,
        journal: Journal,
        progress: RunProgress | None = None,
        *,
        keeps_previous: bool = False,
    ) -> None:
        self.path = path
        self.summary = RunSummary()
        self.keeps_previous = keeps_previous
        self._home = path.absolute()  # a scanner may change the current folder
        self._files = files
        self._journal_path, self._trades_path = files.path(JOURNAL), files.path(TRADES_FILE)
        self._trades = TradesFile(self._trades_path)
        self._journal = journal
        self._progress = progress
        self._is_incomplete = False
        self._session: Session | None = None
        self._scans: list[ScanFinished] = []
        self._done: list[ScannerDone] = []

    def begin(self, sessions: Sequence[Session] = ()) -> None:
        """Write the headers of the tables, or restore the figures of completed sessions."""
        progress = self._progress
        if progress is not None and progress.finished:
            self.summary.restore(progress.summary, {session.date: session for session in sessions})
            return
        for name, schema in _SCHEMAS.items():
            self._append(name, pl.DataFrame(schema=schema).write_csv())
        self._note_progress()

    @property
    def finished(self) -> frozenset[date]:
        """The sessions completed before, which are not run again."""
        return frozenset() if self._progress is None else self._progress.dates

    def catch_up(self) -> None:
        """Mark the run as having reached the existing results: from now on these are replaced."""
        self.keeps_previous = False

    def observe(self, session: Session, event: Event) -> None:
        """Handle an event; tables are written at the session's close."""
        self._session = session
        self._write(self._journal_path, self._journal.observe, session, event)
        self.summary.observe(session, event)
        if isinstance(event, ScanFinished):
            self._scans.append(event)
        elif isinstance(event, ScannerDone):
            self._done.append(event)
        elif isinstance(event, SessionClosed):
            self.write_session()
            self._finish(session)
        else:
            self._write(self._trades_path, self._trades.observe, session, event)

    def write_session(self) -> None:
        """Append the session's rows to the tables."""
        session, scans, done = self._session, self._scans, self._done
        self._session, self._scans, self._done = None, [], []
        if session is None:
            return
        self._write(self._trades_path, self._trades.write_session, session)
        for name, frame in (
            ("hits.csv", tables.hits_frame(session, scans)),
            ("scans.csv", tables.scans_frame(session, scans)),
            ("unknown.csv", tables.unknown_frame(session, done)),
        ):
            self._append(name, frame.write_csv(include_header=False))

    def write_summary(self, **more: Any) -> None:
        """Write ``summary.json``: the figures, and further facts of the run."""
        record = {**more, **self.summary.as_record()}
        text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
        path = self._files.path(SUMMARY)
        self._write(path, partial(path.write_text, text, encoding="utf-8"))

    def end(self, status: str, facts: Mapping[str, Any]) -> None:
        """Finish the files, and publish them unless the existing ones are more complete.

        Where a file could not be written all keep their temporary names: existing results stay complete.
        """
        if self._is_incomplete:
            return
        if self.keeps_previous and status != "complete":
            self._files.discard()
            return
        self.write_session()
        self.write_summary(status=status, **facts)
        self._write(self._journal_path, self._journal.flush)
        self._files.publish_files()
        if status == "complete" or self._progress is None:
            (self._home / PROGRESS).unlink(missing_ok=True)

    def _finish(self, session: Session) -> None:
        """Save the progress after a completed session: the run can be resumed from here."""
        if self._progress is not None:
            self._write(self._journal_path, self._journal.flush)
            self._progress.finished.append(session.date.isoformat())
            self._note_progress()

    def _note_progress(self) -> None:
        if self._progress is not None:
            self._progress.sizes = self._files.sizes()
            self._progress.summary = self.summary.as_state()
            path = self._home / PROGRESS
            self._write(path, self._progress.save, path)

    def _append(self, name: str, text: str) -> None:
        path = self._files.path(name)
        self._write(path, _append_text, path, text)

    def _write(self, path: Path, write: Callable[[*_Arguments], object], *arguments: *_Arguments) -> None:
        """Call what writes a file, several times a scan; where it fails, the results stay incomplete."""
        try:
            write(*arguments)
        except OSError as error:
            self._is_incomplete = True
            raise write_error(path, error) from None


def _append_text(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


@contextmanager
def run_folder(
    path: Path,
    *,
    force: bool,
    facts: Callable[[], dict[str, Any]],
    resume: bool = False,
    about: Mapping[str, Any] | None = None,
    sessions: Sequence[Session] = (),
) -> Iterator[RunFolder]:
    """Make a run's folder, and finish its files however the body ends.

    Parameters
    ----------
    path
        Where; it must not exist, unless ``force``.
    force
        Replace the folder of an earlier run.
    facts
        What else ``summary.json`` says of the run.
    resume
        Go on in the folder: with what is whole of a run that is ``about`` the same; without ``about``, in
        that of a live session, whose record is kept and everything else written anew from it.
    about
        What a run that can go on is of, as JSON can hold it; None for a live session, which has a record.
    sessions
        Those of the run.

    Raises
    ------
    InputError
        If the folder exists, or cannot be made; or with ``force`` or ``resume``, if it holds anything
        but a run, or the run goes on, or is of something else.
    RunError
        If the results cannot be written.
    """
    if resume:
        _check_resumable(path, is_live=about is None)
    _make(path, force, resume)
    with exclusive_folder(path):
        files = ResultFiles(path)
        progress = _progress(path, about, resume)
        had_results = (path / SUMMARY).exists()
        if force:
            files.move_record_aside()
        files.begin(progress.sizes if progress is not None and progress.finished else {})
        with _journal(files.path(JOURNAL)) as file:
            folder = RunFolder(
                path, files, Journal(file), progress, keeps_previous=had_results and about is None
            )
            yield from _written(folder, facts, sessions)


def _written(
    folder: RunFolder, facts: Callable[[], dict[str, Any]], sessions: Sequence[Session]
) -> Iterator[RunFolder]:
    """Yield the folder, and end it as the run ends."""
    status = "failed"
    try:
        folder.begin(sessions)
        yield folder
        status = "complete"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        folder.end(status, facts())


@contextmanager
def _journal(path: Path) -> Iterator[Any]:
    file = path.open("a", encoding="utf-8", newline="\n")
    try:
        yield file
    finally:
        try:
            file.close()
        except OSError as error:
            raise write_error(path, error) from None


def check_folder(path: Path, *, force: bool, resume: bool) -> None:
    """Check that a run's folder may be made.

    Raises
    ------
    InputError
        As :func:`run_folder`.
    """
    if not path.exists():
        return
    here = [one.name for one in path.iterdir()] if path.is_dir() else [path.name]
    if not force and not resume:
        go_on = ", or go on with --resume" if {RECORD_NAME, PROGRESS} & set(here) else ""
        raise InputError(f"{path} exists; choose another --out, or replace it with --force{go_on}")
    strange = [name for name in here if not (path.is_dir() and is_result(name))]
    if strange:
        raise InputError(f"{path} is not the folder of a run (it holds {strange[0]}); it is left alone")
    if RECORD_NAME in here:
        _check_is_over(path / RECORD_NAME)


def _check_resumable(path: Path, is_live: bool) -> None:
    """Check that a run can be resumed: a live session from its record, a backtest from its progress."""
    if not (path / SUMMARY).exists():
        return
    if is_live and not (path / RECORD_NAME).exists():
        raise InputError(f"{path} holds a run over stored bars, not a live session; choose another --out")
    if not is_live and (path / RECORD_NAME).exists():
        raise InputError(f"{path} holds a live session; 'symscan live --resume' goes on with it")
    if not is_live and not (path / PROGRESS).exists():
        raise InputError(
            f"{path} holds no run to go on with; replace it with --force, or choose another --out"
        )


def _make(path: Path, force: bool, resume: bool) -> None:
    try:
        check_folder(path, force=force, resume=resume)
        path.mkdir(FOLDER_MODE, parents=True, exist_ok=resume or force)
    except OSError as error:
        raise InputError(f"{path}: the run's folder cannot be made ({error.strerror})") from None


def _progress(path: Path, about: Mapping[str, Any] | None, resume: bool) -> RunProgress | None:
    if about is None:
        return None
    noted = path / PROGRESS
    return read_progress(noted, about) if resume and noted.exists() else RunProgress(about)


def _check_is_over(record: Path) -> None:
    """Refuse the folder of a session that still runs."""
    lock_record(record).release()
