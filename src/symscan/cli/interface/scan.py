"""``symscan scan``: one scan of one scanner at one instant, for its author."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from symscan.cli.arguments import StoreFolder, parse_date, parse_day_part
from symscan.cli.imports import quick_imports
from symscan.cli.log_options import LogFile, Verbosity, logging_to

EXAMPLES = "Example: symscan scan my_scanner --store store --date 2018-02-20 --at 10:30 --universe sp500"


def scan(
    store: StoreFolder,
    day: Annotated[
        date, typer.Option("--date", parser=parse_date, metavar="DATE", help="The session's date.")
    ],
    at: Annotated[
        Any,
        typer.Option(
            parser=parse_day_part,
            metavar="TIME",
            help="When, on the exchange's clock: 10:30; or open, or close, when the day is complete.",
        ),
    ],
    scanner: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODULE|CONFIG]",
            help="A scanner: my_scanner, scanners.gap_scanner; or a configuration, a .json file.",
        ),
    ] = None,
    where: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="A screen instead: 'change_pct > 2'.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--scanner", metavar="NAME", help="Which scanner of the configuration.")
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option(metavar="SYMBOL", help="Show this one alone, and why it is no hit; may be repeated."),
    ] = None,
    universe: Annotated[
        str | None, typer.Option(metavar="NAME", help="The universe to scan, by name or path.")
    ] = None,
    settings: Annotated[
        str | None,
        typer.Option("--config", metavar="JSON", help="A module's own settings: '{\"min_rsi\": 60}'"),
    ] = None,
    exchange: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose session it is; NYSE if not given.")
    ] = None,
    verbose: Verbosity = 0,
    log_file: LogFile = None,
) -> None:
    """Scan once, at one instant of one session.

    Shows what a scanner or a screen finds as of then, why, and whom it could not judge. Nothing is written.
    """
    with quick_imports():
        from symscan.cli.commands.scan import scan_once_at
        from symscan.cli.commands.scan_choice import choose

    with logging_to(verbose, log_file):
        scan_once_at(choose(scanner, name, where, settings, universe, exchange), store, day, at, symbol or [])
