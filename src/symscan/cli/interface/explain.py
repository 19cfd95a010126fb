"""``symscan explain``: what a configuration will load, and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from symscan.cli.arguments import parse_date
from symscan.cli.imports import quick_imports

EXAMPLES = "Example: symscan explain session.json --store store --date 2018-02-20"


def explain(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The session configuration, a JSON file.")],
    store: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A bar store: how many of the symbols does it have?")
    ] = None,
    day: Annotated[
        date | None,
        typer.Option("--date", parser=parse_date, metavar="DATE", help="The session; history depends on it."),
    ] = None,
) -> None:
    """Say what a configuration will load, and why.

    Symbols, scans, intervals, sessions of history, and which scanner asked; with a store, how many of the
    symbols it has on that date, and whose daily bars it lacks.
    """
    with quick_imports():
        from symscan.cli.commands.explain import explain_configuration

    explain_configuration(config, store, day)
