"""What the strategies of a run came to, in the closing report."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from symscan.errors import RunError
from symscan.formatting import format_number, format_price
from symscan.observers.console.messages import in_one_line

if TYPE_CHECKING:
    from rich.console import Console

    from symscan.observers.results.summary import NewHit, RunSummary, StrategyFigures, TradingSummary

_SCENARIOS: Final = {
    "as_configured": "as configured",
    "one_minute_later": "a minute later",
    "double_costs": "double costs",
}


def show_trading(console: Console, trading: TradingSummary) -> None:
    """Print per strategy its result, and the same a minute later and at double costs."""
    for name, figures in trading.strategies.items():
        if figures.results:
            say(console, f"{name}: {figures.signals:,} signals, on paper", "bold")
            console.print(_table(figures))
        else:
            say(console, f"{name}: {figures.signals:,} signals, none filled on paper")
        for title, counts in (
            ("unfilled", figures.unfilled),
            ("flags", figures.flags),
            ("left alone", figures.passed),
        ):
            if counts:
                told = ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()))
                say(console, f"{name}, {title}: {told}")
        for note in figures.notes:
            say(console, f"{name}: {note}", style="yellow")


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


def show_report(title: str, summary: RunSummary, folder: Path, console: Console | None = None) -> None:
    """Print per scanner what it did and first found, then what to be careful of."""
    console = console or report_console()
    say(console, f"{title}: {_played(summary)}", "bold")
    console.print(_scanner_table(summary))
    for name, figures in summary.scanners.items():
        if figures.unknown:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(figures.unknown.items()))
            say(console, f"unknown to {name}: {reasons}")
    for name, figures in summary.scanners.items():
        if figures.first:
            say(console, f"{name}: first new hits", "bold")
            console.print(_hits_table(figures.first, one_day=len(summary.sessions) == 1))
        else:
            say(console, f"{name}: no hits")
    if summary.trading.strategies:
        from symscan.cli.output.run_report import show_trading

        show_trading(console, summary.trading)
    _show_cautions(console, summary)
    say(console, f"results in {folder}")


def check_scanners(summary: RunSummary, folder: Path) -> None:
    """End the command with exit code 1 where a scanner never worked: its silence says nothing of the market.

    Raises
    ------
    RunError
        If a scanner failed at every scan of the run.
    """
    failed = [
        f"scanner '{name}' failed at each of its {figures.failed:,} scans"
        for name, figures in summary.scanners.items()
        if figures.has_always_failed
    ]
    if failed:
        raise RunError(f"{'; '.join(failed)}: 'error' in {folder / 'scans.csv'} says why")


def report_console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; where there is none, wide enough for any table."""
    console = _console(stderr=stderr)
    return console if console.is_terminal else _console(_PLAIN_WIDTH, stderr=stderr)


def _console(width: int | None = None, *, stderr: bool) -> Console:
    """What users write is shown as they wrote it: no markup, no emoji."""
    return Console(width=width, stderr=stderr, highlight=False, markup=False, emoji=False)


def say(console: Console, text: str, style: str | None = None) -> None:
    """Print a line of text as it is; only a terminal's width breaks it."""
    console.print(text, style=style, soft_wrap=not console.is_terminal)


def plain_table() -> Table:
    """A table as all reports draw them, narrow enough for 80 columns."""
    return Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)


def _played(summary: RunSummary) -> str:
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


def _show_cautions(console: Console, summary: RunSummary) -> None:
    for name, figures in summary.scanners.items():
        for note in islice(figures.notes, _MOST_NOTES):
            say(console, f"{name}: {in_one_line(note)}", "yellow")
        if len(figures.notes) > _MOST_NOTES:
            more = len(figures.notes) - _MOST_NOTES
            say(console, f"{name}: {more:,} more; summary.json has them all", "yellow")
    for warning in (*summary.all_warnings, *summary.feed.warnings()):
        say(console, f"warning: {warning}", "yellow")
