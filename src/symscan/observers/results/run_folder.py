"""The folder of a run, written session by session.

Each session's results follow from its own events and are written at its close, whole, on a thread while the
next session plays; the files of the whole run are joined from them when it ends, however it ends. What an
earlier run left in the folder comes back unless this one has results of its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

from symscan.errors import RunError
from symscan.model.events.session import Event, SessionClosed
from symscan.model.session import Session
from symscan.observers.results.run_checks import as_begun, check_resumable, make_folder
from symscan.observers.results.run_progress import RunProgress
from symscan.observers.results.session_results import SessionResults
from symscan.observers.results.summary import RunSummary
from symscan.observers.results.trades import SessionBars
from symscan.observers.results.write_behind import WriteBehind
from symscan.runs.description import RunDescription, write_description
from symscan.runs.files.parts import RunParts
from symscan.runs.files.replaced import ReplacedResults
from symscan.runs.files.session_files import replacing
from symscan.runs.files.writing import exclusive_folder, writing
from symscan.runs.layout import (
    EPISODES_CSV,
    FIGURES,
    FORMAT_VERSION,
    HITS_CSV,
    JOURNAL,
    RUN,
    SCANS,
    SUMMARY,
    TRADES,
    UNKNOWN,
)
from symscan.runs.schemas import (
    EPISODES_SCHEMA,
    HITS_CSV_COLUMNS,
    SCANS_SCHEMA,
    TRADES_SCHEMA,
    UNKNOWN_SCHEMA,
    scan_table,
)
from symscan.runs.texts import csv_header
from symscan.runs.trading_figures import TradingFigures

_HEADERS: Final = {
    SCANS: csv_header(SCANS_SCHEMA.names()),
    UNKNOWN: csv_header(UNKNOWN_SCHEMA.names()),
    EPISODES_CSV: csv_header(EPISODES_SCHEMA.names()),
    TRADES: csv_header(TRADES_SCHEMA.names()),
    HITS_CSV: csv_header(HITS_CSV_COLUMNS),
    JOURNAL: "",
}


class RunFolder:
    """Writes the results of a run.

    Parameters
    ----------
    path
        An existing folder; make it with :func:`run_folder`.
    description
        What the run is of.
    bars
        Reads a session's bars for the prices of episodes.
    csv
        Whether hits are written as CSV, too.
    warnings
        Those of the run, not of one of its sessions.
    """

    def __init__(
        self,
        path: Path,
        description: RunDescription,
        bars: SessionBars | None = None,
        *,
        csv: bool = False,
        warnings: Sequence[str] = (),
    ) -> None:
        self.path = path
        self.progress = RunProgress()
        self.keeps_previous = True
        self._home = path.absolute()  # a scanner may change the current folder
        self._description = description
        self._bars = bars
        self._csv = csv
        self._warnings = tuple(warnings)
        self._parts = RunParts(self._home)
        self._replaced = ReplacedResults(self._home)
        self._figures: dict[date, RunSummary] = {}
        self._broken_off: dict[date, RunSummary] = {}
        self._open: dict[date, SessionResults] = {}
        self._is_incomplete = False
        self._sessions: Mapping[date, Session] = {}
        self._behind = WriteBehind()

    @property
    def summary(self) -> RunSummary:
        """The figures of all sessions so far, in the order of dates, after the warnings of the run."""
        begun = {day: one.figures for day, one in self._open.items()}
        played = {**self._figures, **self._broken_off, **begun}
        total = RunSummary()
        total.warnings.update(dict.fromkeys(self._warnings))
        for day in sorted(played):
            total.add(played[day])
        return total

    @property
    def finished(self) -> frozenset[date]:
        """The sessions completed before, which are not run again."""
        return frozenset(self._figures)

    @property
    def restores_previous(self) -> bool:
        """Whether the results of an earlier run come back if this one ends now."""
        return self.keeps_previous and self._replaced.exists()

    @property
    def run_id(self) -> str:
        """The digest of what the run is of."""
        return self._description.run_id

    def begin(self, sessions: Sequence[Session] = ()) -> None:
        """Write ``run.json``; restore the figures of sessions that were completed before."""
        if not self._description.is_live:  # whose earlier results stay until it has caught up
            with writing(self._home):
                self._parts.begin()
        self._sessions = {session.date: session for session in sessions}
        for day in self._parts.committed():
            self._add_finished(day, self._parts.figures(day).read_bytes())
        self.keeps_previous = not self._figures
        self._is_incomplete = True  # until there is a run.json
        with writing(self._home / RUN) as path, replacing(path) as temporary:
            write_description(temporary, self._description)
        self._is_incomplete = False

    def catch_up(self) -> None:
        """Mark the run as having reached the existing results: from now on these are replaced."""
        self.keeps_previous = False

    def observe(self, session: Session, event: Event) -> None:
        """Handle an event; a backtest's session is written at its close, and nothing after that is of it."""
        if session.date in self._figures or session.date == self._behind.day:
            return
        self.progress.count(event)
        try:
            results = self._open.get(session.date) or self._begin_session(session)
            results.observe(event)
            if self._description.is_live:
                results.process()  # its journal is followed
            elif isinstance(event, SessionClosed):
                self._commit_closed(session.date)
        except RunError:
            self._is_incomplete = True
            raise

    def finish_writing(self) -> None:
        """Wait until the session that is being written is whole.

        Raises
        ------
        RunError
            If it cannot be written.
        """
        try:
            self._wait()
        except RunError:
            self._is_incomplete = True
            raise

    def put_session(
        self, day: date, files: Mapping[str, bytes], part: Mapping[str, bytes], *, is_whole: bool
    ) -> None:
        """Write a session that another process has played.

        Parameters
        ----------
        files
            Its files in this folder, by their paths here.
        part
            Its parts of the files of the whole run, by name.
        is_whole
            Whether it came to its close.
        """
        try:
            with writing(self._home):
                self._parts.put(day, files, part)
                if is_whole:
                    self._parts.commit(day)
        except RunError:
            self._is_incomplete = True
            raise
        if is_whole:
            self._add_finished(day, part[FIGURES])
            self.keeps_previous = False
        else:
            self._broken_off[day] = self._restored(part[FIGURES])

    def end(self, status: str, facts: Mapping[str, Any]) -> None:
        """Write what is left, join the files of the run, and remove what they replace.

        Where a file could not be written, nothing more is: what is whole can be gone on with.
        """
        try:
            self.finish_writing()
        except RunError:
            self._end("failed", facts)
            raise
        self._end(status, facts)

    def _end(self, status: str, facts: Mapping[str, Any]) -> None:
        is_failing = self.keeps_previous and status != "complete"
        if self._is_incomplete or (is_failing and self._replaced.exists()):
            self._close()
            if is_failing:
                self._restore_previous()
            return
        self._write_open(is_complete=status == "complete")
        self._parts.join(_HEADERS, optional={TRADES} if self._csv else {TRADES, HITS_CSV})
        self._write_summary(status, facts)
        self._replaced.remove()
        if status == "complete" or self._description.is_live:
            self._parts.remove()

    def _add_finished(self, day: date, state: bytes) -> None:
        self._figures[day] = self._restored(state)
        self.progress.add(self._figures[day])

    def _restored(self, state: bytes) -> RunSummary:
        return RunSummary.of_state(json.loads(state), self._sessions)

    def _begin_session(self, session: Session) -> SessionResults:
        with writing(self._home / JOURNAL):
            part = self._parts.start(session.date)
        self._sessions = {**self._sessions, session.date: session}
        results = SessionResults(session, part, self._bars, csv=self._csv)
        self._open[session.date] = results
        return results

    def _commit_closed(self, day: date) -> None:
        """Write a session, on a thread if another one is played after it."""
        self._wait()
        if day >= max(self._sessions):
            self._commit(day)
        else:
            self._open[day].prepare()
            self._behind.begin(day, partial(self._write, day, self._open[day]))

    def _wait(self) -> None:
        """Wait for the session written on a thread: there is one at a time, so that memory is bounded."""
        if (whole := self._behind.wait()) is not None:
            self._mark_committed(whole)

    def _commit(self, day: date) -> None:
        self._open[day].prepare()
        self._write(day, self._open[day])
        self._mark_committed(day)

    def _write(self, day: date, results: SessionResults) -> None:
        """Write a session; it is whole with the renaming of its part."""
        results.write(self._home)
        with writing(self._home):
            self._parts.commit(day)

    def _mark_committed(self, day: date) -> None:
        self._figures[day] = self._open.pop(day).figures
        self.keeps_previous = False

    def _write_open(self, *, is_complete: bool) -> None:
        """Write the sessions that were not committed: a live one, or those that were broken off."""
        for day, results in list(self._open.items()):
            if is_complete:
                self._commit(day)
            else:
                results.write(self._home)

    def _write_summary(self, status: str, facts: Mapping[str, Any]) -> None:
        head = {"format_version": FORMAT_VERSION, "run_id": self.run_id, "status": status}
        summary = self.summary
        record = {**head, **facts, **summary.as_record()}
        for name, figures in self._trading_figures(summary).items():
            record["strategies"][name]["figures"] = figures.as_record()
        text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
        with writing(self._home / SUMMARY) as path, replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def _trading_figures(self, summary: RunSummary) -> dict[str, TradingFigures]:
        """Return the figures of each strategy whose signals are filled, from the trades as written."""
        strategies = {name: one for name, one in summary.trading.strategies.items() if one.results}
        if not strategies or not (self._home / TRADES).exists():
            return {}
        trades = scan_table(self._home / TRADES, TRADES_SCHEMA).collect()
        minutes = {day: session.minutes for day, session in self._sessions.items()}
        return {
            name: TradingFigures(
                trades.filter(strategy=name), summary.completed, minutes, strategies[name].capital
            )
            for name in strategies
        }

    def _restore_previous(self) -> None:
        if self._replaced.exists():
            self._parts.remove()
            self._replaced.restore()

    def _close(self) -> None:
        """Close what is open; the error that ended the run is the one to be raised."""
        for results in self._open.values():
            with suppress(RunError):
                results.close()


@contextmanager
def run_folder(
    path: Path,
    *,
    force: bool,
    facts: Callable[[], dict[str, Any]],
    resume: bool = False,
    description: RunDescription | None = None,
    sessions: Sequence[Session] = (),
    bars: SessionBars | None = None,
    csv: bool = False,
    warnings: Sequence[str] = (),
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
        Go on in the folder: after the sessions that are whole of a run of the same description; a live
        session from its record, with everything else written anew.
    description
        What the run is of; None for one of which there is nothing to say but the facts.
    sessions
        Those of the run.
    bars
        Reads a session's bars for the prices of episodes; None leaves these unknown.
    csv
        Whether hits are written as CSV, too.
    warnings
        Those of the run, not of one of its sessions: ``summary.json`` begins with them.

    Raises
    ------
    InputError
        If the folder exists, or cannot be made; or with ``force`` or ``resume``, if it holds anything
        but a run, or the run goes on, or is of something else.
    RunError
        If the results cannot be written.
    """
    described = description or RunDescription(facts())
    if resume:
        check_resumable(path, is_live=described.is_live, csv=csv)
    make_folder(path, force=force, resume=resume)
    with exclusive_folder(path):
        described = as_begun(path, described) if resume else described
        replaced = ReplacedResults(path)
        if force:
            replaced.move_all()
        elif resume and described.is_live:
            replaced.move_summary()
        elif resume:
            (path / SUMMARY).unlink(missing_ok=True)
        folder = RunFolder(path, described, bars, csv=csv, warnings=warnings)
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
