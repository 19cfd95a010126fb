"""``symscan universe``: the members of a universe, and what is wrong with it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer

from symscan.cli.arguments import parse_date

EXAMPLES: Final = (
    "For example: symscan universe mine --on 2022-06-09; symscan universe check mine --store store"
)


def universe(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[check] NAME", help="A universe by name or path; none lists the names."),
    ] = None,
    on: Annotated[
        date | None,
        typer.Option(metavar="DATE", parser=parse_date, help="The date whose members are listed."),
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="DIR", help="check: the store that should have its symbols.")
    ] = None,
) -> None:
    """List the members of a universe, one symbol a line; 'check' finds interruptions and missing bars."""
    from symscan.cli.commands.universes.members import check_universe, list_universe, list_universes
    from symscan.errors import InputError

    match words or []:
        case []:
            list_universes()
        case ["check", name]:
            check_universe(name, store)
        case [name] if name != "check":
            list_universe(name, on)
        case _:
            raise InputError("write 'symscan universe NAME' or 'symscan universe check NAME'")
