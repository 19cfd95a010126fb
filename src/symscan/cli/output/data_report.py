"""What the data commands say when they are done; plain lines where there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from symscan.model.session import Session
from symscan.sources.alpaca.downloader import FetchReport, settled_at
from symscan.sources.checking.findings import Finding
from symscan.sources.checking.store_check import CheckReport, Coverage, coverage
from symscan.sources.importing.importer import ImportReport
from symscan.sources.importing.options import ImportOptions
from symscan.sources.importing.splits import SplitsReport
from symscan.sources.store.bar_store import BarStore

_NUMBERS = ("sessions", "symbols", "rows")


def show_import(report: ImportReport, options: ImportOptions, store: Path) -> None:
    """Say what an import did."""
    first, last = report.sessions[0], report.sessions[-1]
    made = f"{report.bars:,} {options.interval} bars, {_many(len(report.symbols), 'symbol')}"
    when = f"{_many(len(report.sessions), 'session')} from {first} to {last}"
    _say(f"Read {_many(report.rows, 'row')} from {_many(report.files, 'file')}: {made}, {when}.")
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
            _say(f"  {count:,} {what}")
    if report.ignored_columns:
        _say(f"  columns ignored: {', '.join(report.ignored_columns)}")
    _say(f"{_many(len(report.changed), 'session')} of {store} changed.")


def show_splits(report: SplitsReport, store: Path) -> None:
    """Say what an import of splits did."""
    known = f"{report.duplicates:,} known already"
    _say(f"Read {_many(report.rows, 'split')}: {report.added:,} new in {store}, {known}.")
    if report.conflicts:
        _say(f"  {report.conflicts:,} conflicts settled")


def show_store(store: BarStore) -> None:
    """List what a store holds."""
    covers = coverage(store)
    if covers:
        _show_coverage(covers)
    else:
        _say(f"{store.root} holds no bars yet.")
    if store.origin:
        _say(f"Fetched from {store.origin}.")
    splits = store.splits()
    if splits.height:
        _say(f"{_many(splits.height, 'split')} of {_many(splits['symbol'].n_unique(), 'symbol')}.")


def show_check(report: CheckReport) -> None:
    """List what a store holds, and what was found."""
    if report.coverage:
        _show_coverage(report.coverage)
    for title, is_fault in (("Faults", True), ("Notes", False)):
        findings = [finding for finding in report.findings if finding.is_fault is is_fault]
        if findings:
            _say(f"{title}:")
        for finding in findings:
            _show_finding(finding)
    if not report.has_faults:
        _say("No faults found.")


def _show_finding(finding: Finding) -> None:
    _say(f"  {finding.kind}: {finding.count:,} {finding.meaning}")
    for example in finding.examples:
        _say(f"      {example}")


def _show_coverage(covers: tuple[Coverage, ...]) -> None:
    console = Console(highlight=False)
    rows = [
        (f"{one.interval}", f"{one.first}", f"{one.last}", *(f"{getattr(one, name):,}" for name in _NUMBERS))
        for one in covers
    ]
    if not console.is_terminal:
        for row in [("interval", "first", "last", *_NUMBERS), *rows]:
            _say("\t".join(row))
        return
    table = Table(box=SIMPLE_HEAD)
    for name in ("interval", "first", "last"):
        table.add_column(name)
    for name in _NUMBERS:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _say(text: str) -> None:
    print(text)


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


_NAMED: Final = 100


def show_fetch(
    report: FetchReport, over: Sequence[Session], left_out: Sequence[Session], store: Path
) -> None:
    """Say what came, what did not, and what it means.

    Parameters
    ----------
    report
        What was fetched.
    over, left_out
        The sessions that were wanted: those that are over, and those that are not.
    store
        Where it was put.
    """
    first, last = over[0].date, over[-1].date
    if not report.bars:
        print(f"Nothing to fetch: {store} has all from {first} to {last}.")
    for interval, bars in report.bars.items():
        what, whose = _many(bars, f"{interval} bar"), _many(report.symbols, "symbol")
        sessions = _many(report.sessions[interval], "session")
        print(f"Fetched {what} into {store}: {whose}, {sessions} from {first} to {last}.")
    for line in (*_notes(report), *_unfinished(left_out)):
        print(f"  {line}")


def _notes(report: FetchReport) -> list[str]:
    counted = [
        (report.splits, "split", "new to the store"),
        (report.outside, "bar", "in no session, dropped"),
        (report.zero_volume, "bar", "without volume, dropped"),
        (report.bad_bars, "bar", "with impossible prices or times, dropped"),
    ]
    notes = [f"{_many(count, thing)} {what}" for count, thing, what in counted if count]
    notes += [
        f"the split of {one.symbol} on {one.ex_date} stays {one.stored:g}; fetched: {one.fetched:g}"
        for one in report.split_conflicts
    ]
    notes += [f"Alpaca refuses {symbol}: {why}" for symbol, why in islice(report.refused.items(), _NAMED)]
    if len(report.refused) > _NAMED:
        notes.append(f"and {len(report.refused) - _NAMED:,} more symbols")
    if report.silent:
        more = f" and {len(report.silent) - _NAMED:,} more" if len(report.silent) > _NAMED else ""
        notes.append(f"symbols without any bar among them: {', '.join(report.silent[:_NAMED])}{more}")
    return notes


def _unfinished(sessions: Sequence[Session]) -> list[str]:
    """The first session that is left out, and when it can be fetched."""
    return [
        f"{one.date} is left out: it can be fetched whole from {one.local(settled_at(one)):%H:%M %Z} on"
        for one in sessions[:1]
    ]
