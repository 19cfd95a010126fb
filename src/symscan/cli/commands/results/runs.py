"""``symscan runs``: the runs in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from symscan.cli.output.run_report import plain_table, print_line, report_console
from symscan.config.defaults import runs_folder
from symscan.formatting import format_names
from symscan.runs.listing import ListedRun, list_runs


def show_runs(given: Path | None, *, as_json: bool) -> None:
    """Print the runs in a folder; None for the one where runs are written.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    folder = runs_folder() if given is None else given
    listed = list_runs(folder)
    if as_json:
        print(json.dumps([_record(one) for one in listed], indent=2, ensure_ascii=False))
    elif listed:
        _show(listed)
    else:
        print(f"no runs in {folder}; 'symscan run' writes them, 'symscan demo' makes a first one")


def _record(run: ListedRun) -> dict[str, object]:
    return {**asdict(run), "folder": str(run.folder)}


def _show(listed: Sequence[ListedRun]) -> None:
    console = report_console()
    table = plain_table()
    for column in ("run", "dates", "status", "scanners", "hits", "new", "run_id"):
        table.add_column(column, justify="right" if column in ("hits", "new") else "left")
    for run in listed:
        table.add_row(*_cells(run))
    console.print(table)
    for run in listed:
        if run.fault is not None:
            print_line(console, f"{run.folder}: {run.fault}", style="yellow")


def _cells(run: ListedRun) -> tuple[str, ...]:
    status = run.status if run.mode in (None, "backtest") else f"{run.status}, {run.mode}"
    if run.fault is not None:
        return run.folder.name, "", status, "", "", "", ""
    counts = (f"{run.hits:,}", f"{run.new:,}")
    dates = run.start or ""
    if run.end and run.end != run.start:
        dates = f"{run.start} to {run.end}, {run.sessions}"
    run_id = run.run_id or ("old format" if run.format_version == 1 else "")
    return run.folder.name, dates, status, format_names(run.scanners), *counts, run_id
