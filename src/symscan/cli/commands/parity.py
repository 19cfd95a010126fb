"""``symscan parity``: compare a recorded live session with a backtest of its bars."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from symscan.cli.output.plugin_output import redirect_plugin_output
from symscan.cli.output.run_report import report_console
from symscan.model.instant import to_iso
from symscan.parity.compare import Parity, compare
from symscan.parity.differences import Difference


def show_parity(run: Path, *, as_json: bool) -> bool:
    """Compare a recorded live session with a backtest and print it; return whether all is explained."""
    with redirect_plugin_output():  # scanners are called once more, and may print
        compared = compare(run)
    if as_json:
        _write(compared)
    else:
        _show(compared)
    return not compared.unexplained


def _write(compared: Parity) -> None:
    typer.echo(json.dumps(_record(compared), indent=2, ensure_ascii=False))


def _record(compared: Parity) -> dict[str, Any]:
    return {
        "session": compared.session.date.isoformat(),
        "complete": compared.is_over,
        "until": to_iso(compared.until),
        "scans": compared.scans,
        "hits": compared.hits,
        "late_bars": compared.late,
        "changed_modules": list(compared.changed),
        "unexplained": compared.unexplained,
        "by_cause": compared.by_cause(),
        "differences": [
            {
                **{
                    name: getattr(one, name)
                    for name in ("at", "kind", "scanner", "symbol", "live", "backtest")
                },
                "cause": str(one.cause.why) if one.cause else None,
                "explanation": one.cause.text if one.cause else None,
            }
            for one in compared.differences
        ],
    }


def _show(compared: Parity) -> None:
    console = report_console()
    _print_heading(console, compared)
    if not compared.differences:
        console.print("no difference: live and backtest say the same")
        return

    table = Table("exchange time", "what", "scanner", "symbol", "live", "backtest", "cause")
    for one in compared.differences:
        table.add_row(*_row(one, compared))
    console.print(table)
    for cause, count in compared.by_cause().items():
        console.print(f"{count:>7,}  {cause}")
    total = f"{len(compared.differences):,} differences"
    console.print(f"{total}, {compared.unexplained:,} of them unexplained")


def _print_heading(console: Console, compared: Parity) -> None:
    """Print what was compared, and what limits the comparison."""
    late = f"{compared.late:,} late or corrected bars"
    console.print(
        f"{compared.session.date}: {compared.scans:,} scans, {compared.hits:,} hits, {late}", highlight=False
    )
    if not compared.is_over:
        until = compared.session.local(compared.until)
        console.print(f"the session has not come to its close: compared up to {until:%H:%M}", highlight=False)
    for file in compared.changed:
        console.print(f"{file} has changed since the session ran it, or is gone", highlight=False)


def _row(one: Difference, compared: Parity) -> tuple[str, ...]:
    at = datetime.fromisoformat(one.at).astimezone(compared.session.zone)
    cause = one.cause.text if one.cause else "UNEXPLAINED"
    return (f"{at:%H:%M}", one.kind, one.scanner, one.symbol or "", one.live, one.backtest, cause)
