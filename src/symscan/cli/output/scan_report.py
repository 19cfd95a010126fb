"""The report of ``symscan scan``: hits and their reasons, unknown symbols, what was decided of a symbol."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console

from symscan.cli.output.run_report import plain_table, print_line, report_console
from symscan.formatting import format_number, format_price
from symscan.model.events.session import ScannerReady
from symscan.model.session import Session
from symscan.observers.results.result_warnings import flaws_of, idle_message, is_idle
from symscan.observers.results.tables import hits_frame
from symscan.research.why.text import scan_text
from symscan.runtime.one_scan import OneScan


def show_scan(session: Session, scanned: OneScan, symbols: Sequence[str]) -> None:
    """Print the hits; with ``symbols``, of them alone, and what was decided of each."""
    scan, console = scanned.scan, report_console()
    print_line(console, f"{scan.scanner} at {session.local(scan.at):%Y-%m-%d %H:%M %Z}", "bold")
    for event in scanned.events:
        if isinstance(event, ScannerReady) and event.indicators:
            print_line(console, f"indicators: {', '.join(event.indicators)}")
    if scanned.earlier_scans is not None:
        print_line(console, _earlier(scanned.earlier_scans))
    _show_hits(console, session, scanned, symbols or scan.hits.symbols)
    for symbol in symbols:
        _show_why(console, session, scanned, symbol)
    for _, warning in flaws_of(scan):
        print_line(console, f"warning: {warning}", "yellow")
    if is_idle(scan):
        print_line(console, f"warning: {idle_message(scan.scanner, 1)}", "yellow")
    found = len(scan.hits.symbols)
    reasons = Counter(scanned.unknown.values())
    unknown = ", ".join(f"{why} {count:,}" for why, count in sorted(reasons.items())) or "none"
    print_line(console, f"{found:,} found, {scan.judged:,} of {scan.universe:,} judged; unknown: {unknown}")


def _earlier(scans: int) -> str:
    """Say what a scan that depends on earlier ones of the session has of them."""
    if scans:
        return f"it depends on earlier scans of the session: its {scans} before this one were made first"
    return (
        "it depends on earlier scans of the session and has none: last_scan is unknown, nobody is confirmed, "
        "held or cooling down"
    )


def _show_hits(console: Console, session: Session, scanned: OneScan, symbols: Sequence[str]) -> None:
    columns = ["rank", "symbol", "price", "change_pct", "volume", "metadata"]
    rows = hits_frame(session, [scanned.scan]).select(columns).rows()
    rows = [row for row in rows if row[1] in frozenset(symbols)]
    if not rows:
        return
    table = plain_table()
    for column in ("rank", "symbol", "price", "change %", "volume"):
        table.add_column(column, justify="left" if column == "symbol" else "right", no_wrap=True)
    table.add_column("why")
    metadata = [json.loads(row[-1]) for row in rows]
    known = {name for one in metadata for name, value in one.items() if value is not None}
    for (rank, symbol, price, change, volume, _), why in zip(rows, metadata, strict=True):
        numbers = [format_price(price), format_number(change, "+.2f"), format_number(volume, ",.0f")]
        values = ", ".join(f"{name} {_plain(value)}" for name, value in why.items() if name in known)
        table.add_row(f"{rank}", symbol, *numbers, values)
    console.print(table)


def _show_why(console: Console, session: Session, scanned: OneScan, symbol: str) -> None:
    """Print what was decided of a symbol, clause by clause."""
    explanation = scanned.explanation(symbol)
    if explanation is None:
        print_line(console, f"{symbol} is no hit: {_without_verdict(scanned, symbol)}")
    else:
        print_line(console, scan_text(session, explanation))


def _without_verdict(scanned: OneScan, symbol: str) -> str:
    """Describe a symbol that no screen has evaluated."""
    if symbol not in scanned.evaluated:
        meant = [one for one in scanned.evaluated if one.casefold() == symbol.casefold()]
        hint = f"; did you mean '{meant[0]}'?" if meant else ""
        return f"it is not in the universe of '{scanned.scan.scanner}'{hint}"
    reason = scanned.reason(symbol)
    return f"it is unknown ({reason})" if reason else "the scanner did not return it; its code says why"


def _plain(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    if not isinstance(value, float):
        return str(value)
    return format_number(value, ",.0f" if abs(value) >= 10_000 else ".5g")
