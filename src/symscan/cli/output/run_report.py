"""The closing report of a run: scanners, first hits, strategies, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from symscan.formatting import format_number, format_price
from symscan.observers.console.messages import in_one_line
from symscan.runs.layout import EPISODES_CSV

if TYPE_CHECKING:  # which loads polars
    from symscan.observers.results.summary import NewHit, RunSummary
    from symscan.observers.results.trading_summary import StrategyFigures, TradingSummary

_SCENARIOS: Final = {
    "as_configured": "as configured",
    "one_minute_later": "a minute later",
    "double_costs": "double costs",
}


def show_trading(console: Console, trading: TradingSummary) -> None:
    """Print each strategy's result as configured, a minute later, and at double costs."""
    for name, figures in trading.strategies.items():
        if figures.results:
            print_line(console, f"{name}: {figures.signals:,} signals, on paper", "bold")
            console.print(_table(figures))
        else:
            print_line(console, f"{name}: {figures.signals:,} signals, none filled on paper")
        for title, counts in (
            ("unfilled", figures.unfilled),
            ("flags", figures.flags),
            ("left alone", figures.passed),
        ):
            if counts:
                print_line(console, f"{name}, {title}: {_most_frequent(counts)}")
        for note in figures.notes:
            print_line(console, f"{name}: {note}", style="yellow")


def _most_frequent(counts: Mapping[str, int]) -> str:
    """Reasons with their counts, the most frequent first; those of a user's strategy may be all different."""
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    listed = ", ".join(f"{reason} {count:,}" for reason, count in ranked[:_MOST_REASONS])
    others = len(ranked) - _MOST_REASONS
    return listed if others <= 0 else f"{listed}, and {others:,} other reasons"


def _table(figures: StrategyFigures) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("")
    for column in ("trades", "unfilled", "won", "gross", "costs", "net"):
        table.add_column(column, justify="right")
    for scenario, result in figures.results.items():
        counts = (f"{count:,}" for count in (result.trades, result.unfilled, result.won))
        amounts = (format_number(amount, ",.2f") for amount in (result.gross, result.costs, result.net))
        table.add_row(_SCENARIOS[scenario], *counts, *amounts)
    return table


_PLAIN_WIDTH: Final = 160
_MOST_NOTES: Final = 3
_MOST_REASONS: Final = 10


def show_report(title: str, summary: RunSummary, folder: Path, console: Console | None = None) -> None:
    """Print each scanner's figures and first hits, then warnings."""
    console = console or report_console()
    print_line(console, f"{title}: {_period(summary)}", "bold")
    console.print(_scanner_table(summary))
    for name, figures in summary.scanners.items():
        if figures.unknown:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(figures.unknown.items()))
            print_line(console, f"unknown to {name}: {reasons}")
    for name, figures in summary.scanners.items():
        if figures.first:
            print_line(console, f"{name}: first new hits", "bold")
            console.print(_hits_table(figures.first, one_day=len(summary.sessions) == 1))
        else:
            print_line(console, f"{name}: no hits")
    if summary.trading.strategies:
        show_trading(console, summary.trading)
    _show_warnings(console, summary)
    print_line(console, f"results in {folder}")


def show_next(folder: Path) -> None:
    """Print where to look next."""
    console = report_console()
    print_line(console, f"every stay on a list: {folder / EPISODES_CSV}")
    print_line(console, f"in Python: symscan.open_run({str(folder)!r})")


def report_console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; without one, wide enough for any table."""
    console = _console(stderr=stderr)
    return console if console.is_terminal else _console(_PLAIN_WIDTH, stderr=stderr)


def _console(width: int | None = None, *, stderr: bool) -> Console:
    """Make a console that prints users' text as it is: no markup, no emoji."""
    return Console(width=width, stderr=stderr, highlight=False, markup=False, emoji=False)


def print_line(console: Console, text: str, style: str | None = None) -> None:
    """Print a line of text as it is; only a terminal wraps it."""
    console.print(text, style=style, soft_wrap=not console.is_terminal)


def plain_table() -> Table:
    """Make a table in the style of all reports, for 80 columns."""
    return Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)


def _period(summary: RunSummary) -> str:
    days = summary.completed
    if len(days) == 1:
        return f"1 session, {days[0]}"
    return f"{len(days)} sessions, {days[0]} to {days[-1]}" if days else "no session"


def _scanner_table(summary: RunSummary) -> Table:
    table = plain_table()
    table.caption = "judged, unknown and hits are summed over scans"
    table.caption_justify = "left"
    table.add_column("scanner", overflow="fold")
    for name in ("scans", "failed", "skipped", "judged", "unknown", "hits", "symbols"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, one in summary.scanners.items():
        counts = (one.scans, one.failed, one.skipped, one.judged, one.unknown.total(), one.hits)
        table.add_row(name, *(f"{count:,}" for count in (*counts, len(one.symbols))))
    return table


def _hits_table(hits: Sequence[NewHit], *, one_day: bool) -> Table:
    table = plain_table()
    for column in ("exchange time", "symbol"):
        table.add_column(column, no_wrap=True)
    for column in ("price", "change %", "volume"):
        table.add_column(column, justify="right", no_wrap=True)
    for hit in hits:
        table.add_row(
            f"{hit.session.local(hit.at):{'%H:%M' if one_day else '%Y-%m-%d %H:%M'}}",
            hit.symbol,
            format_price(hit.price),
            format_number(hit.change_pct, "+.2f"),
            format_number(hit.volume, ",.0f"),
        )
    return table


def _show_warnings(console: Console, summary: RunSummary) -> None:
    for name, figures in summary.scanners.items():
        for note in islice(figures.notes, _MOST_NOTES):
            print_line(console, f"{name}: {in_one_line(note)}", "yellow")
        if len(figures.notes) > _MOST_NOTES:
            more = len(figures.notes) - _MOST_NOTES
            print_line(console, f"{name}: {more:,} more; summary.json has them all", "yellow")
    for warning in (*summary.all_warnings, *summary.feed.warnings()):
        print_line(console, f"warning: {warning}", "yellow")
