"""``symscan new``: something to start from, in the user's own project."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from symscan.cli.lazy_group import group

app = group("new", "Start a scanner of your own, with its test.")

_DEMO_UNIVERSE: Final = "demo/data/universes/demo_market.csv"


@app.command("scanner")
def scanner(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its module's name: rising_stars.")],
    universe: Annotated[
        str, typer.Option(metavar="NAME", help="The universe it scans, by name or path.")
    ] = _DEMO_UNIVERSE,
) -> None:
    """Write a scanner with comments, a configuration that runs it, and its test.

    They go into the current folder: NAME.py, NAME.json and tests/test_NAME.py.
    """
    from symscan.cli.commands.new import write_scanner

    write_scanner(name, universe)
