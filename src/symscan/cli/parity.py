"""``symscan parity``: a recorded live session held against a backtest of its bars."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from symscan.runtime.comparison import Difference
    from symscan.runtime.parity import Parity

EXAMPLES = "Example: symscan parity runs/session-2018-02-20-live"

UNEXPLAINED = 1
"""The exit code where a difference has no cause."""


def parity(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a live session.")],
) -> None:
    """Hold a recorded live session against a backtest of its bars.

    The bars it took in, as they are finally known, are played through the backtest. Every difference in
    hits, readings and readiness is listed with its cause. Exit code 1 if one has none.
    """
    from symscan.runtime.parity import compare

    compared = compare(run)
    _show(compared)
    if compared.unexplained:
        raise typer.Exit(UNEXPLAINED)


def _show(compared: Parity) -> None:
    from rich.table import Table

    from symscan.cli.report import report_console

    console = report_console()
    session = compared.session.date
    console.print(f"{session}: {compared.scans:,} scans, {compared.hits:,} hits, {compared.late:,} late bars")
    if not compared.differences:
        console.print("no difference: live and backtest say the same")
        return
    table = Table("exchange time", "what", "scanner", "symbol", "live", "backtest", "cause")
    for one in compared.differences:
        table.add_row(*_row(one, compared))
    console.print(table)
    told = f"{len(compared.differences):,} differences"
    console.print(f"{told}, {compared.unexplained:,} of them unexplained")


def _row(one: Difference, compared: Parity) -> tuple[str, ...]:
    from datetime import datetime

    at = datetime.fromisoformat(one.at).astimezone(compared.session.zone)
    cause = one.cause or "UNEXPLAINED"
    return (f"{at:%H:%M}", one.kind, one.scanner, one.symbol or "", one.live, one.backtest, cause)
