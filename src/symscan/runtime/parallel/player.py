"""Play sessions of a run in a process of its own: their files go back as bytes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from msgspec import Struct

from symscan.clock.wall_clock import Stopwatch
from symscan.errors import SymscanError
from symscan.model.events.session import Event
from symscan.model.session import Session
from symscan.observers.base import Observer
from symscan.observers.event_log import EventLog
from symscan.observers.results.session_results import SessionResults
from symscan.runtime.assembly import Backtest
from symscan.runtime.building.kept_decisions import ledger_writer
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.parallel.given import GivenBacktest
from symscan.runtime.parallel.session_progress import SessionProgress
from symscan.runtime.runner import play_session
from symscan.runtime.session_bars import StoredSessionBars
from symscan.tasks.work import Report

MAKER: Final = "symscan.runtime.parallel.player:make_player"
"""Where other processes find :func:`make_player`."""

_BETWEEN_REPORTS_SECONDS: Final = 0.25
_PART: Final = "part"
_FOLDER: Final = "run"


class GivenRun(Struct, frozen=True):
    """A run whose sessions are to be played; ``csv``: hits are written as CSV, too."""

    backtest: GivenBacktest
    csv: bool = False


class PlayedSession(Struct, frozen=True):
    """The results of one session.

    Attributes
    ----------
    files
        Its files in the run's folder, by their paths there.
    part
        Its parts of the files of the whole run, by name.
    error
        Why it was broken off; None if it came to its close.
    """

    files: Mapping[str, bytes]
    part: Mapping[str, bytes]
    error: str | None = None


def make_player(given: GivenRun, scratch: Path) -> SessionPlayer:
    """Make what plays sessions in this process.

    Raises
    ------
    Mismatch
        If this process sees another store, modules or versions than the run was begun with.
    """
    return SessionPlayer(given.backtest.assembled(), scratch, csv=given.csv)


class SessionPlayer:
    """Plays sessions of a run, one after another; what one has loaded serves the next.

    Parameters
    ----------
    backtest
        The run.
    scratch
        A folder for files.
    csv
        Whether hits are written as CSV, too.
    """

    def __init__(self, backtest: Backtest, scratch: Path, *, csv: bool) -> None:
        self._backtest = backtest
        self._scratch = scratch
        self._csv = csv
        self._sessions = {session.date: session for session in backtest.sessions}
        self._bars = StoredSessionBars(backtest.store, backtest.played)

    def __call__(self, day: date, report: Report) -> PlayedSession:
        """Play the session of a date."""
        part, folder = self._scratch / _PART, self._scratch / _FOLDER
        for path in (part, folder):
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir()
        session, error = self._sessions[day], None
        results = SessionResults(session, part, self._bars, csv=self._csv)
        try:
            ledger = ledger_writer(self._backtest.config, folder)
            observers: list[Observer] = [*([ledger] if ledger else []), _Collected(results), EventLog()]
            play_session(self._backtest, session, observers, _Reports(report), verdicts=ledger)
        except SymscanError as fault:
            error = str(fault)
        results.write(folder)
        return PlayedSession(_files(folder), _files(part), error)


class _Collected:
    """Gives a session's events to its results."""

    def __init__(self, results: SessionResults) -> None:
        self._results = results

    def observe(self, _session: Session, event: Event) -> None:
        """Collect an event."""
        self._results.observe(event)


class _Reports:
    """Reports where a session is, now and then."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._watch = Stopwatch()

    def __call__(self, coordinator: SessionCoordinator) -> None:
        """Report it, unless that was done just before."""
        if self._watch.elapsed_seconds >= _BETWEEN_REPORTS_SECONDS:
            self._watch = Stopwatch()
            self._report(SessionProgress.of(coordinator))


def _files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
