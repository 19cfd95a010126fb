"""``symscan data``: bars and splits into a store, and what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from symscan.cli.commands.store_change import is_interactive, opened_for_change, progress_bar
from symscan.cli.output.data_report import show_check, show_import, show_placebo, show_splits, show_store
from symscan.clock.session_calendar import SessionCalendar
from symscan.research.placebo_store import make_placebo_store
from symscan.sources.checking.daily_checks import Tolerances
from symscan.sources.checking.store_check import check_store
from symscan.sources.importing.importer import import_bars
from symscan.sources.importing.options import ImportOptions, OnConflict
from symscan.sources.importing.splits import import_splits
from symscan.sources.store.bar_store import BarStore


def import_files(paths: Sequence[str], options: ImportOptions, store: Path, exchange: str) -> None:
    """Import bars into a store, which is made if there is none, and print the result."""
    calendar = SessionCalendar(exchange)
    with opened_for_change(store) as opened, progress_bar() as progress:
        confirm = progress.confirm if is_interactive() else None
        report = import_bars(opened, paths, options, calendar, progress, confirm)
    show_import(report, options, store)


def import_splits_file(file: Path, store: Path, on_conflict: OnConflict) -> None:
    """Import splits into a store, which is made if there is none, and print the result."""
    with opened_for_change(store) as opened:
        report = import_splits(opened, file, on_conflict)
    show_splits(report, store)


def make_placebo(store: Path, out: Path, seed: int, exchange: str) -> None:
    """Make a placebo of a store in a new one, and print the result."""
    source = BarStore(store)
    with opened_for_change(out, _describe_placebo) as target, progress_bar() as progress:
        report = make_placebo_store(source, target, SessionCalendar(exchange), seed, progress)
    show_placebo(report, out, seed)


def _describe_placebo(is_changed: bool) -> str:
    return "the placebo was complete" if is_changed else "no store was made"


def list_store(store: Path) -> None:
    """Print what a store holds."""
    show_store(BarStore(store))


def check_bars(store: Path, exchange: str, tolerances: Tolerances) -> bool:
    """Check every bar of a store and print the findings; return whether there are faults."""
    with progress_bar() as progress:
        report = check_store(BarStore(store), SessionCalendar(exchange), tolerances, progress)
    show_check(report)
    return report.has_faults
