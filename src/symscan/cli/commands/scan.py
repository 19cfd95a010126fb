"""``symscan scan``: one scan of one scanner at one instant, to try it while it is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from pathlib import Path

from symscan.cli.commands.scan_choice import Choice
from symscan.cli.output.plugin_output import redirect_plugin_output
from symscan.cli.output.scan_report import show_scan
from symscan.model.session import Session
from symscan.runtime.assembly import Backtest, assemble_backtest
from symscan.runtime.building.build import calendar_of
from symscan.runtime.given_paths import paths_as_given
from symscan.runtime.one_scan import DayPart, due_once, finished_scan
from symscan.sources.store.bar_store import BarStore


def scan_once_at(choice: Choice, store: Path, day: date, at: time | DayPart, symbols: Sequence[str]) -> None:
    """Scan once with the chosen scanner and print the result; with ``symbols``, of them alone.

    Raises
    ------
    RunError
        If the scanner did not scan, or the scan failed.
    """
    with choice.located_errors():
        session = calendar_of(choice.config).session(day)
    # What the scanner prints is no part of the answer.
    with redirect_plugin_output(), paths_as_given(store):
        backtest = _assemble(choice, store.absolute(), at, session)
        scanned = finished_scan(backtest, session, at, choice.scanner.name, explains=bool(symbols))
    show_scan(session, scanned, symbols)


def _assemble(choice: Choice, store: Path, at: time | DayPart, session: Session) -> Backtest:
    has_minutes = not BarStore(store).has_only_days
    config = due_once(choice.config, choice.scanner, at, session, has_minutes=has_minutes)
    with choice.located_errors():
        return assemble_backtest(config, store, session.date, session.date)
