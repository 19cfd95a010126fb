"""``symscan scanners`` and ``symscan schema``: what a configuration may hold."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def scanners(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One of them, with its parameters.")
    ] = None,
) -> None:
    """List the built-in scanners, or one with its parameters."""
    from symscan.cli.commands.scanners import show_scanners

    show_scanners(name)


def schema() -> None:
    """Print the JSON Schema of a configuration, for editors."""
    from symscan.config import config_schema

    print(json.dumps(config_schema(), indent=2))
