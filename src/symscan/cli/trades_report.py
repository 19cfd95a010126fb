"""What the strategies of a run came to, in the closing report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.table import Table

from symscan.cli.report import say
from symscan.formatting import format_number

if TYPE_CHECKING:
    from rich.console import Console

    from symscan.observers.results.summary import StrategyFigures, TradingSummary

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
