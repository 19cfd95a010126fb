"""``symscan run``: play a configuration over stored bars."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

import typer

from symscan.cli.errors import SessionStopped
from symscan.cli.output.plugin_output import redirect_plugin_output
from symscan.cli.output.progress import session_progress
from symscan.cli.output.run_report import show_next, show_report
from symscan.cli.signals import exit_code_of
from symscan.config import SessionConfig, load_config
from symscan.config.defaults import runs_folder
from symscan.observers.metrics.run_file import check_metrics_file, write_run_metrics
from symscan.observers.results.failed_scanners import check_scanners
from symscan.observers.results.summary import RunSummary
from symscan.runs.reading import RunFiles
from symscan.runtime.backtest_run import (
    BacktestRun,
    RunOptions,
    check_options,
    chosen_range,
    folder_name,
    is_complete,
)
from symscan.runtime.building.kept_decisions import explain_level, keeping
from symscan.runtime.given_paths import paths_as_given
from symscan.runtime.parallel.division import Division
from symscan.tasks.work import TaskExecutor

_UNDIVIDED: Final = Division()


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
    csv: bool,
    explain: str | None = None,
    metrics_file: Path | None = None,
    division: Division = _UNDIVIDED,
) -> None:
    """Run the configuration of a file over a date, a range, or the range it names itself.

    Parameters
    ----------
    metrics_file
        The file for the run's metrics; None: none.

    Raises
    ------
    InputError
        If the options contradict each other, or there are no dates.
    """
    config = keeping(load_config(path), explain_level(explain))
    first, last = chosen_range(config, day, start, end)
    check_options(force=force, resume=resume)
    if metrics_file is not None:
        check_metrics_file(metrics_file)
    results = run_sessions(
        config, store, first, last, out, force=force, resume=resume, csv=csv, division=division
    )
    if results is not None:
        show_next(results)
    if metrics_file is not None and results is not None:
        write_run_metrics(metrics_file, RunFiles.open(results))


def run_sessions(
    config: SessionConfig,
    store: Path,
    first: date,
    last: date,
    out: Path | None,
    *,
    force: bool,
    resume: bool = False,
    csv: bool = False,
    title: str | None = None,
    division: Division = _UNDIVIDED,
) -> Path | None:
    """Run a configuration from ``first`` to ``last`` and print the closing table under ``title``.

    Returns
    -------
    Path or None
        The folder of the results; None if there was nothing left to run.
    """
    folder = out or runs_folder() / folder_name(config.name, first, last)
    if resume and is_complete(folder, config.name, first, last):
        typer.echo(f"{folder} is complete; to run it anew, replace it with --force", err=True)
        return None
    home = Path.cwd()  # a scanner may change it
    with (
        redirect_plugin_output(),
        paths_as_given(store, folder),
        division.executor(config, first, last) as executor,
    ):
        run = BacktestRun.of(config, store, first, last)
        summary = _play(run, RunOptions(home / folder, force, resume, csv, folder), executor)

    show_report(title or config.name, summary, folder)
    check_scanners(summary, folder)
    return folder


def _play(run: BacktestRun, options: RunOptions, executor: TaskExecutor | None) -> RunSummary:
    """Run it with a bar; an interruption names the results so far."""
    try:
        return run.play(options, session_progress, executor)
    except KeyboardInterrupt as interrupt:
        left = [f"the results up to there are in {options.shown}, --resume goes on"]
        message = "; ".join(["interrupted", *getattr(interrupt, "__notes__", left)])
        raise SessionStopped(message, exit_code_of(interrupt)) from None
