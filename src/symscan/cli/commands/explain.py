"""``symscan explain``: what a configuration will load, and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rich.table import Table

from symscan.cli.output.run_report import plain_table, print_line, report_console
from symscan.config import SessionConfig, load_config
from symscan.errors import InputError
from symscan.formatting import format_names
from symscan.runtime.building.build import calendar_of
from symscan.runtime.explain import DailyShare, Explanation, explain
from symscan.sources.store.bar_store import BarStore

_MOST_SYMBOLS = 10


def explain_configuration(path: Path, store: Path | None, day: date | None) -> None:
    """Print what the configuration of a file loads for a session, and why.

    Raises
    ------
    InputError
        If there is no date to explain.
    """
    loaded = load_config(path)
    opened = None if store is None else BarStore(store)
    session = calendar_of(loaded).session(_session_date(loaded, opened, day))
    _show(loaded.name, explain(loaded, session, opened))


def _session_date(config: SessionConfig, store: BarStore | None, day: date | None) -> date:
    """Return the date given, else the configuration's first, else the store's last."""
    if day is not None or config.start_date is not None:
        return day or config.start_date or date.max
    days = [] if store is None else [store.sessions(interval)[-1] for interval in store.intervals()]
    if not days:
        raise InputError("no date to explain; give --date, or a 'backtest_config' with a start_date")
    return max(days)


def _show(name: str, explanation: Explanation) -> None:
    console = report_console()
    session = explanation.session
    print_line(console, f"{name}: what the session of {session.date} loads", "bold")
    shown = format_names(explanation.members, most=_MOST_SYMBOLS)
    print_line(console, f"members from the start: {shown or 'none'}")
    console.print(_scanner_table(explanation))
    console.print(_bars_table(explanation))
    if explanation.daily is not None and explanation.daily.any_session:
        print_line(console, _daily_text(explanation.daily))
    for warning in explanation.warnings:
        print_line(console, f"warning: {warning}", "yellow")
    if explanation.mix is not None:
        print_line(
            console,
            f"warning: daily bars made of minutes stand among stored ones: {explanation.mix}",
            "yellow",
        )


def _daily_text(daily: DailyShare) -> str:
    text = (
        f"daily bars that the store lacks, made of regular minutes: {daily.last_session:,} of "
        f"{daily.symbols:,} symbols in the session before"
    )
    if daily.any_session == daily.last_session:
        return text
    return f"{text}, {daily.any_session:,} in at least one of the {daily.sessions:,} sessions before"


def _scanner_table(explanation: Explanation) -> Table:
    table = plain_table()
    for column in ("scanner", "universe", "scans", "what it finds is given"):
        table.add_column(column)
    session = explanation.session
    for one in explanation.scanners:
        universe = f"{len(one.universe):,} symbols"
        if one.share is not None:
            universe += f", {one.share.stored:,} in the store, {one.share.traded:,} with bars of that date"
        first_last = [f"{session.local(at):%H:%M}" for at in (one.due[:1] + one.due[-1:])]
        when = f"{len(one.due):,}: {' to '.join(dict.fromkeys(first_last))}" if one.due else "none"
        scans = when if one.disabled is None else f"disabled: {one.disabled}"
        table.add_row(one.name, universe, scans, one.found or "nothing: it is only recorded")
    return table


def _bars_table(explanation: Explanation) -> Table:
    table = plain_table()
    table.add_column("bars", no_wrap=True)
    table.add_column("sessions before", justify="right")
    table.add_column("symbols", justify="right", no_wrap=True)
    for column in ("asked by", "for"):
        table.add_column(column)
    for one in explanation.wanted:
        table.add_row(str(one.interval), f"{one.history:,}", f"{one.symbols:,}", one.who, one.why)
    return table
