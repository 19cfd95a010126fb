"""``symscan scan``: one scan of one scanner at one instant, for whoever writes it."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symscan.cli.arguments import parse_date, parse_time
from symscan.cli.errors import paths_as_given
from symscan.cli.log_options import LogFile, Verbosity, logging_to
from symscan.errors import RunError

if TYPE_CHECKING:
    from symscan.cli.commands.scan_choice import Choice
    from symscan.model.events.session import Event
    from symscan.model.session import Session
    from symscan.runtime.assembly import Backtest
    from symscan.runtime.one_scan import OneScan

EXAMPLES = "Example: symscan scan my_scanner --store store --date 2018-02-20 --at 10:30 --universe sp500"


def scan(
    store: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the bar store.")],
    day: Annotated[
        date, typer.Option("--date", parser=parse_date, metavar="DATE", help="The session's date.")
    ],
    at: Annotated[
        time, typer.Option(parser=parse_time, metavar="TIME", help="When, on the exchange's clock: 10:30.")
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
    from symscan.cli.commands.scan_choice import choose
    from symscan.cli.output.plugin_output import redirect_plugin_output
    from symscan.cli.output.scan_report import show_scan
    from symscan.runtime.building.build import calendar_of

    with logging_to(verbose, log_file):
        choice = choose(scanner, name, where, settings, universe, exchange)
        with choice.located_errors():
            session = calendar_of(choice.config).session(day)
        # What the scanner prints is no part of the answer.
        with redirect_plugin_output(), paths_as_given(store):
            scanned = _scan_once(_assemble(choice, store.absolute(), at, session), session)
        show_scan(session, scanned, symbol or [])


def _assemble(choice: Choice, store: Path, at: time, session: Session) -> Backtest:
    from symscan.runtime.assembly import assemble_backtest
    from symscan.runtime.one_scan import due_once

    config = due_once(choice.config, choice.scanner, at, session)
    with choice.located_errors():
        return assemble_backtest(config, store, session.date, session.date)


def _scan_once(backtest: Backtest, session: Session) -> OneScan:
    from symscan.runtime.one_scan import scan_once

    scanned, happened = scan_once(backtest, session)
    if scanned is None:
        raise RunError("the scanner did not scan" + "".join(f": {why}" for why in _why_not(happened)))
    if scanned.scan.error is not None:
        raise RunError(f"the scan failed: {scanned.scan.error}")
    return scanned


def _why_not(happened: list[Event]) -> list[str]:
    from symscan.model.events.session import ScannerDisabled

    return [event.reason for event in happened if isinstance(event, ScannerDisabled)]
