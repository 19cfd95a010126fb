"""``symscan plugins``: the plug-ins there are, and where they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plugins(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A configuration whose modules are listed, too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write a JSON array instead of a table.")] = False,
) -> None:
    """List the plug-ins there are, and where they come from.

    Indicators, scanners, strategies, observers and brokers.

    Built-in ones, those of installed packages (their entry points), and with CONFIG those it names. What
    cannot be used is listed with the reason. TA-Lib's functions are indicators by their names, too.
    """
    from symscan.cli.commands.plugins import show_plugins

    show_plugins(config, as_json=as_json)
