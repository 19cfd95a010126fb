"""The command line's entry: the commands together, and errors as one message with an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from symscan.cli import data, demo, run
from symscan.errors import ConfigErrors, SymscanError

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended."""

app = typer.Typer(
    name="symscan",
    help="Find the symbols worth attention: scanners over market data, in a backtest as live.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("run")(run.run)
app.command("demo")(demo.demo)
app.add_typer(data.app, name="data")


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """Find the symbols worth attention: scanners over market data, in a backtest as live."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"symscan {installed('symscan')}")
        raise typer.Exit


def main() -> None:
    """Run a command; a user's mistake is one message, never a traceback."""
    try:
        app(standalone_mode=False)
    except SymscanError as error:
        _fail(error)
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _fail(error: SymscanError) -> None:
    lines = error.errors if isinstance(error, ConfigErrors) else [error]
    for line in lines:
        print(f"error: {line}", file=sys.stderr)
    sys.exit(error.exit_code)
