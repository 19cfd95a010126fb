"""``symscan scan``: one scan of one scanner at one instant, for whoever writes it."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symscan.cli.run import parse_date
from symscan.errors import ConfigError, ConfigErrors, InputError, RunError
from symscan.formatting import format_number, format_price

if TYPE_CHECKING:
    from rich.console import Console

    from symscan.config import SessionConfig
    from symscan.model.events import Event, ScanFinished
    from symscan.model.session import Session
    from symscan.runtime.assembly import Backtest

EXAMPLES = "Example: symscan scan my_scanner --store store --date 2018-02-20 --at 10:30 --universe sp500"
_SCANNER = "session_data_config.scanners[0]"


def parse_time(text: str) -> time:
    """A time of day of the command line.

    Raises
    ------
    typer.BadParameter
        If it is none.
    """
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a time; write it as 10:30") from None


def scan(
    module: Annotated[
        str, typer.Argument(metavar="MODULE", help="A scanner: my_scanner, scanners.gap_scanner.")
    ],
    store: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the bar store.")],
    day: Annotated[
        date, typer.Option("--date", parser=parse_date, metavar="DATE", help="The session's date.")
    ],
    at: Annotated[
        time, typer.Option(parser=parse_time, metavar="TIME", help="When, on the exchange's clock: 10:30.")
    ],
    universe: Annotated[
        str | None, typer.Option(metavar="NAME", help="The universe to scan, by name or path.")
    ] = None,
    settings: Annotated[
        str, typer.Option("--config", metavar="JSON", help="The scanner's own settings: '{\"min_rsi\": 60}'")
    ] = "{}",
    exchange: Annotated[str, typer.Option(metavar="NAME", help="Whose session it is.")] = "NYSE",
) -> None:
    """Scan once, at one instant of one session.

    Shows what the scanner finds as of then, why, and whom it could not judge. Nothing is written.
    """
    from symscan.cli.own_output import own_output
    from symscan.clock.session_calendar import SessionCalendar
    from symscan.runtime.assembly import assemble_backtest

    session = SessionCalendar(exchange).session(day)
    own = _settings(settings) | ({} if universe is None else {"universe": universe})
    config = _config(module, own, exchange, at, session)
    with own_output():  # what the scanner prints is no part of the answer
        try:
            backtest = assemble_backtest(config, store.absolute(), day, day)
        except ConfigErrors as faults:
            raise ConfigErrors([_replaced(fault) for fault in faults.errors]) from None
        scanned = _scanned(backtest, session)
    _show(session, *scanned)


def _settings(text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"--config: not valid JSON: {error}") from None
    if not isinstance(settings, dict):
        raise InputError("--config: expected a JSON object, as in '{\"min_rsi\": 60}'")
    return settings


def _config(module: str, own: dict[str, Any], exchange: str, at: time, session: Session) -> SessionConfig:
    """A configuration of one scanner that is due once."""
    from symscan.config import parse_config

    moment = datetime.combine(session.date, at, session.zone)
    if not session.local(session.pre_open) <= moment <= session.local(session.close):
        hours = " to ".join(f"{session.local(bound):%H:%M}" for bound in (session.pre_open, session.close))
        raise InputError(f"--at {at:%H:%M} is outside the session of {session.date}, which goes from {hours}")
    window = {"start": f"{at:%H:%M}", "end": f"{at:%H:%M}", "interval": "1m"}
    phase = "pre_session" if moment <= session.local(session.open) else "regular_session"
    scanner = {"module": module, "config": own, phase: [window], "add_symbols": False}
    whole = {"exchange": exchange, "session_data_config": {"scanners": [scanner]}}
    return parse_config(json.dumps(whole), "scan.json")


def _replaced(fault: ConfigError) -> ConfigError:
    """The fault with its place on the command line, since there is no file."""
    path = (fault.path or "").removeprefix(f"{_SCANNER}.")
    names = {"module": "MODULE", "config.universe": "--universe", "exchange": "--exchange"}
    return ConfigError(fault.message, path=names.get(path, path.replace("config.", "--config ", 1)))


def _scanned(backtest: Backtest, session: Session) -> tuple[ScanFinished, list[Event]]:
    """Play the session up to the scan; returns it, and everything that happened."""
    from symscan.model.events import ScanFinished

    happened: list[Event] = []
    coordinator = backtest.coordinator(session, [_Collector(happened)])
    try:
        coordinator.prepare()
        for moment in coordinator.slices():
            coordinator.carry(moment)
            scans = [event for event in happened if isinstance(event, ScanFinished)]
            if scans:
                return scans[0], happened
    finally:
        coordinator.scanner_manager.teardown_all()
    raise RunError("the scanner did not scan" + "".join(f": {why}" for why in _why_not(happened)))


class _Collector:
    """An observer that keeps what it is told."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def observe(self, session: Session, event: Event) -> None:  # noqa: ARG002 - an observer's face
        self._events.append(event)


def _why_not(happened: list[Event]) -> list[str]:
    from symscan.model.events import ScannerDisabled

    return [event.reason for event in happened if isinstance(event, ScannerDisabled)]


def _show(session: Session, scan: ScanFinished, happened: list[Event]) -> None:
    from symscan.cli.report import report_console, say
    from symscan.model.events import ScannerReady
    from symscan.observers.result_warnings import flaws_of

    if scan.error is not None:
        raise RunError(f"the scan failed: {scan.error}")
    console = report_console()
    say(console, f"{scan.scanner} at {session.local(scan.at):%Y-%m-%d %H:%M %Z}", "bold")
    for event in happened:
        if isinstance(event, ScannerReady) and event.indicators:
            say(console, f"indicators: {', '.join(event.indicators)}")
    _show_hits(console, session, scan)
    for _, warning in flaws_of(scan):
        say(console, f"warning: {warning}", "yellow")
    found = len(scan.hits.symbols)
    say(console, f"{found:,} found, {scan.judged:,} of {scan.universe:,} judged; {_unknown(happened)}")


def _show_hits(console: Console, session: Session, scan: ScanFinished) -> None:
    from symscan.cli.report import plain_table
    from symscan.observers.tables import hits_frame

    if not scan.hits.symbols:
        return
    table = plain_table()
    for column in ("rank", "symbol", "price", "change %", "volume"):
        table.add_column(column, justify="left" if column == "symbol" else "right", no_wrap=True)
    table.add_column("why")
    columns = ["rank", "symbol", "price", "change_pct", "volume", "metadata"]
    rows = hits_frame(session, [scan]).select(columns).rows()
    values = [json.loads(row[-1]) for row in rows]
    known = {name for one in values for name, value in one.items() if value is not None}
    for (rank, symbol, price, change, volume, _), why in zip(rows, values, strict=True):
        numbers = [format_price(price), format_number(change, "+.2f"), format_number(volume, ",.0f")]
        table.add_row(f"{rank}", symbol, *numbers, _short(why, known))
    console.print(table)


def _short(metadata: dict[str, object], names: set[str]) -> str:
    """Metadata for a reader, of what is known of any hit: ``rsi_14_5m 71.2, sector Energy``."""
    return ", ".join(f"{name} {_plain(value)}" for name, value in metadata.items() if name in names)


def _plain(value: object) -> str:
    if value is None:
        return "unknown"
    if not isinstance(value, float):
        return str(value)
    return format_number(value, ",.0f" if abs(value) >= 10_000 else ".5g")


def _unknown(happened: list[Event]) -> str:
    from collections import Counter

    from symscan.model.events import ScannerDone

    reasons: Counter[str] = Counter()
    for event in happened:
        if isinstance(event, ScannerDone):
            reasons.update(event.unknown.reasons)
    return "unknown: " + (", ".join(f"{why} {count:,}" for why, count in sorted(reasons.items())) or "none")
