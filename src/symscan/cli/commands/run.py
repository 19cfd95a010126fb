"""``symscan run``: play a configuration over stored bars."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import typer

from symscan.cli.errors import SessionStopped, paths_as_given
from symscan.cli.output.plugin_output import redirect_plugin_output
from symscan.cli.output.progress import session_progress
from symscan.cli.output.run_report import check_scanners, show_report
from symscan.cli.signals import exit_code_of
from symscan.config import SessionConfig, load_config
from symscan.errors import InputError, RunError, SymscanError
from symscan.observers.results.run_folder import RunFolder, run_folder
from symscan.observers.results.summary import RunSummary
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.runtime.runner import Progress, run_backtest


def run_configuration(
    path: Path,
    store: Path,
    day: date | None,
    start: date | None,
    end: date | None,
    out: Path | None,
    *,
    force: bool,
    resume: bool,
) -> None:
    """Run the configuration of a file over a date, a range, or the range it names itself.

    Raises
    ------
    InputError
        If the options contradict each other, or there are no dates.
    """
    config = load_config(path)
    first, last = _range(config, day, start, end)
    if resume and force:
        raise InputError("--resume goes on with what --force would remove; give one of the two")
    run_sessions(config, store, first, last, out, force=force, resume=resume)


def run_sessions(
    config: SessionConfig,
    store: Path,
    first: date,
    last: date,
    out: Path | None,
    *,
    force: bool,
    resume: bool = False,
    title: str | None = None,
) -> None:
    """Run a configuration from ``first`` to ``last`` and print the closing table under ``title``."""
    folder = out or Path("runs") / _folder_name(config.name, first, last)
    if resume and _is_complete(folder, config.name, first, last):
        typer.echo(f"{folder} is complete; to run it anew, replace it with --force", err=True)
        return
    home = Path.cwd()  # a scanner may change it
    with redirect_plugin_output(), paths_as_given(store, folder):
        backtest = assemble_backtest(config, store.absolute(), first, last)
        summary = _run_sessions(backtest, home / folder, folder, first, last, force=force, resume=resume)

    show_report(title or config.name, summary, folder)
    check_scanners(summary, folder)


def _is_complete(folder: Path, name: str, first: date, last: date) -> bool:
    """Whether a folder holds a run of this name and range that came to its end."""
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        found = [summary[key] for key in ("status", "mode", "name", "start", "end")]
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return found == ["complete", "backtest", name, str(first), str(last)]


def _run_sessions(
    backtest: Backtest, folder: Path, shown: Path, first: date, last: date, *, force: bool, resume: bool
) -> RunSummary:
    """Run it with its results in ``folder``, which the user knows as ``shown``."""
    facts = {
        "name": backtest.config.name,
        "mode": backtest.config.mode,
        "exchange": backtest.config.exchange,
        "start": first.isoformat(),
        "end": last.isoformat(),
    }
    try:
        with run_folder(
            folder,
            force=force,
            facts=lambda: facts,
            resume=resume,
            about=backtest.about(),
            sessions=backtest.sessions,
        ) as results:
            with session_progress(backtest.sessions, results.summary) as progress:
                _run_backtest(backtest, results, progress, shown)
            return results.summary
    except KeyboardInterrupt as interrupt:
        message = f"interrupted; the results up to there are in {shown}, --resume goes on"
        raise SessionStopped(message, exit_code_of(interrupt)) from None


def _run_backtest(backtest: Backtest, results: RunFolder, progress: Progress, shown: Path) -> None:
    """Run the backtest; an error is a ``RunError`` that names the results so far, not an input error."""
    try:
        run_backtest(backtest, [results], progress, results.finished)
    except SymscanError as error:
        raise RunError(f"{error}; the results up to there are in {shown}") from error


def _range(
    config: SessionConfig, day: date | None, start: date | None, end: date | None
) -> tuple[date, date]:
    """Return the first and last date: the command line's, else the configuration's."""
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


def _folder_name(name: str, first: date, last: date) -> str:
    return f"{name}-{first}" if first == last else f"{name}-{first}_{last}"
