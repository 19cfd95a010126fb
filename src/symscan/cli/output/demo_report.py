"""The demo's closing report: the generated events, the scanners that found them, and next steps."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from symscan.cli.output.run_report import plain_table, print_line, report_console
from symscan.demo.events import GeneratedEvent
from symscan.model.instant import to_datetime
from symscan.model.session import Session
from symscan.runs.layout import REPORT
from symscan.runs.reading import RunFiles


def show_events(session: Session, events: Sequence[GeneratedEvent], results: Path) -> None:
    """Print the generated events, and which scanner found them when.

    Parameters
    ----------
    session
        The session the events are in.
    events
        The generated events, by time.
    results
        The folder of the run.
    """
    run = RunFiles.open(results)
    hits, unknown = run.read("hits"), run.read("unknown")
    console = report_console()
    table = plain_table()
    table.add_column("from", no_wrap=True)
    table.add_column("event")
    table.add_column("noticed by")
    for event in events:
        noticed = [*_scanners_with_hits(session, event, hits)] or [*_scanners_with_unknown(event, unknown)]
        who = event.symbols[0] if len(event.symbols) == 1 else f"{len(event.symbols)} symbols"
        table.add_row(
            f"{session.local(event.at):%H:%M}", f"{who}: {event.text}", "\n".join(noticed) or "nobody"
        )
    print_line(console, "what the generator put into this market, and who noticed", "bold")
    console.print(table)
    print_line(console, "Every symbol, price and volume above is generated.", "bold")


def show_next(config: Path, store: Path, session: Session, results: Path) -> None:
    """Print next steps for a new user."""
    program = _program()
    print(
        f"""
What next
  look at it     {results / REPORT} is a page to open in a browser
  look closer    every stay on a list is in {results}/episodes.csv
  change it      edit {config}, then
                 {program} run {config} --store {store} --date {session.date}
  your own bars  {program} data import --help
  your scanner   README.md has one in ten lines"""
    )


def _scanners_with_hits(session: Session, event: GeneratedEvent, hits: pl.DataFrame) -> Iterator[str]:
    """Yield the scanners that returned a symbol of the event after it began, and when first."""
    is_of_event = pl.col("symbol").is_in(list(event.symbols))
    found = hits.sort("scan_at", "scanner", maintain_order=True)
    found = found.filter(is_of_event, pl.col("scan_at") >= to_datetime(event.at))
    found = found.group_by("scanner", maintain_order=True).agg(
        pl.col("scan_at").min(), pl.col("symbol").n_unique()
    )
    for scanner, at, count in found.sort("scan_at", maintain_order=True).iter_rows():
        of = f" ({count} of {len(event.symbols)})" if len(event.symbols) > 1 else ""
        yield f"{scanner} at {at.astimezone(session.zone):%H:%M}{of}"


def _scanners_with_unknown(event: GeneratedEvent, unknown: pl.DataFrame) -> Iterator[str]:
    """Yield the scanners to which a symbol of the event was unknown after it began, and why."""
    found = unknown.filter(pl.col("symbol").is_in(list(event.symbols)), pl.col("to") >= to_datetime(event.at))
    reasons = found.group_by("scanner", maintain_order=True).agg(pl.col("reason").unique(maintain_order=True))
    for scanner, why in reasons.iter_rows():
        yield f"{scanner}: unknown ({', '.join(why)})"


def _program() -> str:
    """Return the command this program was started with, for lines to be copied."""
    called = sys.argv[0]
    if Path(called).name != "symscan" or shutil.which("symscan") == called:
        return "symscan"
    return called
