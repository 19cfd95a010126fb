"""Run a backtest into a folder: what the command and the call from Python share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from symscan.config import SessionConfig
from symscan.errors import DataError, InputError, RunError, SymscanError, WorkerLost
from symscan.model.session import Session
from symscan.observers.event_log import EventLog
from symscan.observers.results.run_folder import RunFolder, run_folder
from symscan.observers.results.run_progress import RunProgress
from symscan.observers.results.summary import RunSummary
from symscan.runs.description import RunDescription, read_description, read_record
from symscan.runs.files.writing import RESUME
from symscan.runs.layout import SUMMARY
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.runtime.building.kept_decisions import ledger_writer
from symscan.runtime.description import describe_backtest
from symscan.runtime.parallel.divided_run import play_divided
from symscan.runtime.parallel.given import GivenBacktest
from symscan.runtime.parallel.player import GivenRun
from symscan.runtime.parallel.session_progress import SessionProgress, ShowPlaying
from symscan.runtime.runner import run_backtest, warn_of_run
from symscan.runtime.session_bars import StoredSessionBars
from symscan.tasks.work import TaskExecutor

ShowProgress = Callable[[Sequence[Session], RunProgress], AbstractContextManager[ShowPlaying]]
"""Shows how far a run is; yields what is called now and then with the sessions that are played."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Where and how a run is written.

    Attributes
    ----------
    folder
        The folder of the run, independent of the current one.
    force
        Whether it replaces an earlier run there.
    resume
        Whether it goes on with a run that was broken off there.
    csv
        Whether hits are written as CSV, too.
    shown
        The folder as the user gave it, for messages; None for ``folder``.
    """

    folder: Path
    force: bool = False
    resume: bool = False
    csv: bool = False
    shown: Path | None = None


@dataclass(frozen=True, slots=True)
class BacktestRun:
    """A backtest over a range of dates, checked and ready to be run into a folder.

    Attributes
    ----------
    backtest
        The checked configuration with its store and sessions.
    description
        What the run is of.
    """

    backtest: Backtest
    description: RunDescription

    @classmethod
    def of(cls, config: SessionConfig, store: Path, first: date, last: date) -> BacktestRun:
        """Check a configuration against a store.

        Raises
        ------
        InputError
            As :func:`~symscan.runtime.assembly.assemble_backtest`.
        """
        backtest = assemble_backtest(config, store.absolute(), first, last)
        return cls(backtest, describe_backtest(backtest, first, last))

    def play(
        self, options: RunOptions, show_progress: ShowProgress, executor: TaskExecutor | None = None
    ) -> RunSummary:
        """Run every session, and write the results.

        Parameters
        ----------
        executor
            Has other processes play the sessions; None plays them here.

        Returns
        -------
        RunSummary
            The figures of the run.

        Raises
        ------
        InputError
            If the folder may not be written, or holds a run of something else.
        RunError
            If the run could not go on; it names the results so far.
        """
        facts = {key: self.description.facts[key] for key in ("name", "mode", "exchange", "start", "end")}
        with (
            run_folder(
                options.folder,
                force=options.force,
                facts=lambda: dict(facts),
                resume=options.resume,
                description=self.description,
                sessions=self.backtest.sessions,
                bars=StoredSessionBars(self.backtest.store, self.backtest.played),
                csv=options.csv,
                warnings=self.backtest.warnings,
            ) as results,
            show_progress(self.backtest.sessions, results.progress) as progress,
        ):
            self._play(results, progress, options, executor)
        return results.summary

    def _play(
        self, results: RunFolder, show: ShowPlaying, options: RunOptions, executor: TaskExecutor | None
    ) -> None:
        """Run the sessions; an error is a ``RunError`` that names the results so far, not an input error."""
        shown = options.shown or options.folder
        try:
            if executor is None:
                self._play_here(results, show, options.folder)
            else:
                if self.backtest.sessions[0].date not in results.finished:
                    warn_of_run(self.backtest, [EventLog()])
                play_divided(self._given(csv=options.csv), self.backtest.sessions, results, executor, show)
        except KeyboardInterrupt as interrupt:
            if results.restores_previous:
                interrupt.add_note(
                    f"no session was complete; the results that were in {shown} before are back"
                )
            raise
        except SymscanError as error:
            raise _ended_early(error, results, shown) from error

    def _play_here(self, results: RunFolder, show: ShowPlaying, folder: Path) -> None:
        """Run the sessions in this process; what they leave is known once the last is written."""
        ledger = ledger_writer(self.backtest.config, folder)
        try:
            run_backtest(
                self.backtest,
                [*([ledger] if ledger else []), results],  # a session is whole once its results are
                lambda one: show([SessionProgress.of(one)]),
                results.finished,
                ledger,
            )
        finally:
            results.finish_writing()

    def _given(self, *, csv: bool) -> GivenRun:
        facts, store = self.description.facts, self.backtest.store.root
        first, last = (date.fromisoformat(facts[key]) for key in ("start", "end"))
        return GivenRun(GivenBacktest(self.backtest.config, store, first, last, self.description), csv)


def chosen_range(
    config: SessionConfig, day: date | None, start: date | None, end: date | None
) -> tuple[date, date]:
    """Return the first and last date: those given, else the configuration's.

    Raises
    ------
    InputError
        If they contradict each other, or there are none.
    """
    if day is not None:
        if start is not None or end is not None:
            raise InputError("--date plays one session; give it alone, or --start and --end for a range")
        return day, day
    first, last = start or config.start_date, end or config.end_date
    if first is None or last is None:
        given = "--start" if start is not None else "--end" if end is not None else None
        raise InputError(
            (f"{given} is only one end of a range; " if given else "no dates to play; ")
            + "give --date, or --start and --end, or a 'backtest_config' with start_date and end_date"
        )
    if last < first:
        raise InputError(f"the range's last date {last} is before its first date {first}")
    return first, last


def folder_name(name: str, first: date, last: date) -> str:
    """Return what the folder of a run is called where nothing else is said."""
    return f"{name}-{first}" if first == last else f"{name}-{first}_{last}"


def check_options(*, force: bool, resume: bool) -> None:
    """Check that what is gone on with is not to be replaced.

    Raises
    ------
    InputError
        If it is.
    """
    if resume and force:
        raise InputError("--resume goes on with what --force would remove; give one of the two")


def _ended_early(error: SymscanError, results: RunFolder, shown: Path) -> RunError:
    """Return an error that ends a run, and says what that leaves."""
    said = f"{error}; {left_in(results, shown)}"
    if not isinstance(error, WorkerLost):
        return RunError(said)
    return WorkerLost(said if results.restores_previous else f"{said}; {RESUME}")


def left_in(results: RunFolder, shown: Path) -> str:
    """Say what a run that ended early leaves in its folder."""
    if results.restores_previous:
        return f"those that were in {shown} before are left as they are"
    return f"the results up to there are in {shown}"


def is_complete(folder: Path, name: str, first: date, last: date) -> bool:
    """Return whether a folder holds a backtest of this name and range that came to its end."""
    try:
        summary = read_record(folder / SUMMARY)
        read_description(folder)
        found = [summary[key] for key in ("status", "mode", "name", "start", "end")]
    except (DataError, KeyError):
        return False
    return found == ["complete", "backtest", name, str(first), str(last)]
