"""``symscan dashboard``: finished runs in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def dashboard(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[RUNS]", help="The folder of runs, or one run; runs if not given."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The bar store; each run's own if not given.")
    ] = None,
    host: Annotated[
        str, typer.Option(metavar="HOST", help="Where it is served; elsewhere than here only with a token.")
    ] = "localhost",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, metavar="N", help="The port; 0 for any that is free.")
    ] = 8737,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="HOST", help="A further name by which it is addressed; repeat it."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the token that opens it; yours alone (600).")
    ] = None,
    is_opened: Annotated[
        bool, typer.Option("--open/--no-open", help="Open it in the browser; on a terminal it does.")
    ] = True,
) -> None:
    """Show finished runs in a browser.

    What was found, when and by whom, as of any instant; symbols with candles, indicators and stays;
    scanners, two runs compared, configurations. It only reads, and works without a network.
    """
    from symscan.cli.commands.results.dashboard import show_dashboard

    show_dashboard(folder, store, (host, port, tuple(names or ()), token_file), is_opened=is_opened)
