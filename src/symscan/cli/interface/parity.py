"""``symscan parity``: compare a recorded live session with a backtest of its bars."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symscan.cli.imports import quick_imports
from symscan.cli.log_options import LogFile, Verbosity, logging_to

EXAMPLES = "Example: symscan parity runs/session-2018-02-20-live"

DIFFERS = 1
"""The exit code where a difference has no cause."""


def parity(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a live session.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object instead of the table.")
    ] = False,
    verbose: Verbosity = 0,
    log_file: LogFile = None,
) -> None:
    """Hold a recorded live session against a backtest of its bars.

    The bars it took in, as they are finally known, are played through the backtest. Every difference in
    hits, readings and readiness is listed with its cause. Exit code 1 if one has none.
    """
    with quick_imports():
        from symscan.cli.commands.parity import show_parity

    with logging_to(verbose, log_file):
        is_explained = show_parity(run, as_json=as_json)
    if not is_explained:
        raise typer.Exit(DIFFERS)
