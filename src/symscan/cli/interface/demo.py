"""``symscan demo``: a generated market, imported, scanned and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symscan.cli.imports import quick_imports
from symscan.cli.log_options import LogFile, Verbosity, logging_to


def demo(
    folder: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the market, the store and the results go.")
    ] = Path("demo"),
    symbols: Annotated[
        int, typer.Option(min=50, max=20_000, metavar="N", help="How many made-up symbols.")
    ] = 300,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Another seed is another market.")] = 7,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Show the run in a browser afterwards, until Ctrl-C.")
    ] = False,
    verbose: Verbosity = 0,
    log_file: LogFile = None,
) -> None:
    """Play a session of a generated market, to see it work.

    Makes bars of made-up symbols, imports them, and runs the example scanners over one session.
    """
    with quick_imports():
        from symscan.cli.commands.demo import play_demo

    with logging_to(verbose, log_file):
        play_demo(folder, symbols, seed)
        if dashboard:
            from symscan.cli.commands.results.dashboard import show_dashboard

            show_dashboard(folder / "run", folder / "store", ("localhost", 0, (), None), is_opened=True)
