"""Reports of the data commands; plain lines without a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from symscan.formatting import format_count, format_names
from symscan.model.session import Session
from symscan.research.placebo_store import PlaceboReport
from symscan.sources.checking.findings import Finding
from symscan.sources.checking.store_check import CheckReport, Coverage, coverage
from symscan.sources.downloads import FetchReport
from symscan.sources.importing.importer import ImportReport
from symscan.sources.importing.options import ImportOptions
from symscan.sources.importing.splits import SplitsReport
from symscan.sources.store.bar_store import BarStore

_NUMBERS = ("sessions", "symbols", "rows")


def show_import(report: ImportReport, options: ImportOptions, store: Path) -> None:
    """Print the result of an import."""
    first, last = report.sessions[0], report.sessions[-1]
    made = f"{report.bars:,} {options.interval} bars, {format_count(len(report.symbols), 'symbol')}"
    when = f"{format_count(len(report.sessions), 'session')} from {first} to {last}"
    _print(
        f"Read {format_count(report.rows, 'row')} from {format_count(report.files, 'file')}: {made}, {when}."
    )
    notes = {
        "duplicates that agree, dropped": report.duplicates,
        f"conflicts, the {options.on_conflict} row taken": report.conflicts,
        "rows without volume, dropped": report.zero_volume,
        "rows that cannot be bars, dropped": report.bad_rows,
        "rows outside any session, dropped": report.outside,
        "opening prints merged into the first bar": report.prints_merged,
        "opening prints dropped": report.prints_dropped,
        "bars before the pre-market or after the post-market, kept": report.outside_hours,
    }
    for what, count in notes.items():
        if count:
            _print(f"  {count:,} {what}")
    if report.ignored_columns:
        _print(f"  columns ignored: {', '.join(report.ignored_columns)}")
    _print(f"{format_count(len(report.changed), 'session')} of {store} changed.")


def show_placebo(report: PlaceboReport, out: Path, seed: int) -> None:
    """Print what a placebo store holds."""
    minutes = format_count(report.minute_sessions, "session")
    daily = format_count(report.daily_sessions, "session")
    symbols = format_count(report.symbols, "symbol")
    _print(f"Made {out}, seed {seed}: {minutes} of bars within them, {daily} of daily bars, {symbols}.")
    if report.left_out:
        _print(f"  left to be derived: {', '.join(map(str, report.left_out))}")


def show_splits(report: SplitsReport, store: Path) -> None:
    """Print the result of an import of splits."""
    known = f"{report.duplicates:,} known already"
    _print(f"Read {format_count(report.rows, 'split')}: {report.added:,} new in {store}, {known}.")
    if report.conflicts:
        _print(f"  {report.conflicts:,} conflicts settled")


def show_store(store: BarStore) -> None:
    """Print the content of a store."""
    coverages = coverage(store)
    if coverages:
        _show_coverage(coverages)
    else:
        _print(f"{store.root} holds no bars yet.")
    if store.origin:
        _print(f"Fetched from {store.origin}.")
    splits = store.splits()
    if splits.height:
        symbols = format_count(splits["symbol"].n_unique(), "symbol")
        _print(f"{format_count(splits.height, 'split')} of {symbols}.")


def show_check(report: CheckReport) -> None:
    """Print the content of a store, and the findings of a check."""
    if report.coverage:
        _show_coverage(report.coverage)
    for title, is_fault in (("Faults", True), ("Notes", False)):
        findings = [finding for finding in report.findings if finding.is_fault is is_fault]
        if findings:
            _print(f"{title}:")
        for finding in findings:
            _show_finding(finding)
    if not report.has_faults:
        _print("No faults found.")


def _show_finding(finding: Finding) -> None:
    _print(f"  {finding.kind}: {finding.count:,} {finding.meaning}")
    for example in finding.examples:
        _print(f"      {example}")


def _show_coverage(coverages: tuple[Coverage, ...]) -> None:
    console = Console(highlight=False)
    rows = [
        (f"{one.interval}", f"{one.first}", f"{one.last}", *(f"{getattr(one, name):,}" for name in _NUMBERS))
        for one in coverages
    ]
    if not console.is_terminal:
        for row in [("interval", "first", "last", *_NUMBERS), *rows]:
            _print("\t".join(row))
        return
    table = Table(box=SIMPLE_HEAD)
    for name in ("interval", "first", "last"):
        table.add_column(name)
    for name in _NUMBERS:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _print(text: str) -> None:
    print(text)


_SHOWN_SYMBOLS: Final = 100


def show_fetch(
    report: FetchReport, settled: Sequence[Session], left_out: Sequence[str], store: Path, broker: str
) -> None:
    """Print the result of a download.

    Parameters
    ----------
    report
        The result.
    settled
        The requested sessions that are over.
    left_out
        What is said of those that are not.
    store
        The store's folder.
    broker
        Who was asked.
    """
    first, last = settled[0].date, settled[-1].date
    if not report.bars:
        print(f"Nothing to fetch: {store} has all from {first} to {last}.")
    for interval, bars in report.bars.items():
        what, whose = format_count(bars, f"{interval} bar"), format_count(report.symbols, "symbol")
        sessions = format_count(report.sessions[interval], "session")
        print(f"Fetched {what} into {store}: {whose}, {sessions} from {first} to {last}.")
    for line in (*_notes(report, broker), *left_out):
        print(f"  {line}")


def _notes(report: FetchReport, broker: str) -> list[str]:
    counted = [
        (report.splits, "split", "new to the store"),
        (report.outside, "bar", "in no session, dropped"),
        (report.zero_volume, "bar", "without volume, dropped"),
        (report.bad_bars, "bar", "with impossible prices or times, dropped"),
    ]
    notes = [f"{format_count(count, thing)} {what}" for count, thing, what in counted if count]
    notes += [
        f"the split of {one.symbol} on {one.ex_date} stays {one.stored:g}; fetched: {one.fetched:g}"
        for one in report.split_conflicts
    ]
    notes += [
        f"{broker} refuses {symbol}: {why}" for symbol, why in islice(report.refused.items(), _SHOWN_SYMBOLS)
    ]
    if len(report.refused) > _SHOWN_SYMBOLS:
        notes.append(f"and {len(report.refused) - _SHOWN_SYMBOLS:,} more symbols")
    if report.silent:
        names = format_names(report.silent, most=_SHOWN_SYMBOLS)
        notes.append(f"symbols without any bar among them: {names}")
    return notes
