"""``symscan run``: play a configuration over stored bars."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symscan.errors import InputError

if TYPE_CHECKING:
    from symscan.config import SessionConfig
    from symscan.observers.summary import RunSummary
    from symscan.runtime.assembly import Backtest

_DATE = "%Y-%m-%d"


def run(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The session configuration, a JSON file.")],
    store: Annotated[Path, typer.Option(help="The folder of the bar store.")],
    day: Annotated[
        datetime | None, typer.Option("--date", formats=[_DATE], metavar="DATE", help="Play one session.")
    ] = None,
    start: Annotated[
        datetime | None, typer.Option(formats=[_DATE], metavar="DATE", help="Play a range: its first date.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option(formats=[_DATE], metavar="DATE", help="Play a range: its last date.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where results go; runs/NAME-START[_END] if not given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the results of an earlier run.")] = False,
) -> None:
    """Play one session, or one per trading day of a range, and write what the scanners found."""
    from symscan.config import load_config

    loaded = load_config(config)
    first, last = _range(loaded, _date(day), _date(start), _date(end))
    play(loaded, store, first, last, out, force=force)


def play(
    config: SessionConfig, store: Path, first: date, last: date, out: Path | None, *, force: bool
) -> Path:
    """Run a configuration from ``first`` to ``last``; returns the folder of the results."""
    from symscan.runtime.assembly import assemble_backtest

    backtest = assemble_backtest(config, store, first, last)
    folder = out or Path("runs") / _folder_name(config.name, first, last)
    summary = _play(backtest, folder, first, last, force=force)
    from symscan.cli.report import show_report

    show_report(summary, folder)
    return folder


def _play(backtest: Backtest, folder: Path, first: date, last: date, *, force: bool) -> RunSummary:
    from symscan.cli.progress import session_progress
    from symscan.observers.run_folder import run_folder
    from symscan.runtime.drive import run_backtest

    facts = {
        "name": backtest.config.name,
        "mode": backtest.config.mode,
        "exchange": backtest.config.exchange,
        "start": first.isoformat(),
        "end": last.isoformat(),
    }
    with run_folder(folder, force=force, facts=lambda: facts) as results:
        with session_progress(backtest.sessions, results.summary) as progress:
            run_backtest(backtest, [results], progress)
        return results.summary


def _range(
    config: SessionConfig, day: date | None, start: date | None, end: date | None
) -> tuple[date, date]:
    """The dates to play: the command line's, else the configuration's."""
    if day is not None:
        if start is not None or end is not None:
            raise InputError("give --date, or --start and --end, not both")
        return day, day
    first, last = start or config.start_date, end or config.end_date
    if first is None or last is None:
        raise InputError(
            "no dates: give --date, or --start and --end, or a 'backtest_config' with start_date and end_date"
        )
    if last < first:
        raise InputError(f"--end {last} is before --start {first}")
    return first, last


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


def _folder_name(name: str, first: date, last: date) -> str:
    return f"{name}-{first}" if first == last else f"{name}-{first}_{last}"
