"""The command line's entry: the commands together, and errors as one message with an exit code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from symscan.cli.commands import data, demo, explain, live, new, parity, run, scan, scanners
from symscan.cli.errors import INTERRUPTED, exit_on_error, interruptible

_COLLECT_SELDOM = (50_000, 20, 50)
"""A command lives for seconds and makes few cycles; looking for them costs a twentieth of its time."""

app = typer.Typer(
    name="symscan",
    help="Find the symbols worth attention: scanners over market data, in a backtest as live.",
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(demo.demo)
app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("live", epilog=live.EXAMPLES)(live.live)
app.command("parity", epilog=parity.EXAMPLES)(parity.parity)
app.command("scan", epilog=scan.EXAMPLES)(scan.scan)
app.command("explain", epilog=explain.EXAMPLES)(explain.explain)
app.add_typer(data.app, name="data")
app.add_typer(new.app, name="new")
app.command("scanners")(scanners.scanners)
app.command("schema")(scanners.schema)


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """Find the symbols worth attention: scanners over market data, in a backtest as live."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"symscan {installed('symscan')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a user's mistake is one message, never a traceback.

    Parameters
    ----------
    arguments
        What follows ``symscan`` on the command line; None takes the process's own.
    """
    gc.set_threshold(*_COLLECT_SELDOM)
    if arguments is None:  # a process of its own: what is imported by now stays until it ends
        gc.freeze()
    with exit_on_error(), interruptible() as interruption:
        code = app(arguments, prog_name="symscan", standalone_mode=False)
        if code == INTERRUPTED:
            raise interruption()
        if code:
            sys.exit(code)
