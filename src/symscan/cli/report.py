"""The closing table of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from symscan.observers.summary import NewHit, RunSummary, ScannerFigures

_PLAIN_WIDTH = 160


def show_report(summary: RunSummary, folder: Path) -> None:
    """Print per scanner what it did and first found, then what to be careful of."""
    console = _console()
    console.print(_scanner_table(summary))
    for name, figures in summary.scanners.items():
        if figures.first:
            console.print(_hits_table(name, figures.first))
        for note in figures.notes:
            console.print(f"{name}: {note}", style="yellow", markup=False)
    for warning in summary.warnings:
        console.print(f"warning: {warning}", style="yellow", markup=False)
    console.print(f"results in {folder}", markup=False)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def _scanner_table(summary: RunSummary) -> Table:
    played = len(summary.completed)
    table = Table(title=f"{played} session{'s' if played != 1 else ''}", title_justify="left")
    table.add_column("scanner")
    for name in ("scans", "failed", "skipped", "judged"):
        table.add_column(name, justify="right")
    table.add_column("unknown, by reason")
    for name in ("hits", "symbols"):
        table.add_column(name, justify="right")
    for name, figures in summary.scanners.items():
        table.add_row(name, *_cells(figures))
    return table


def _cells(figures: ScannerFigures) -> list[str]:
    unknown = ", ".join(f"{reason} {count:,}" for reason, count in sorted(figures.unknown.items()))
    counts = [figures.scans, figures.failed, figures.skipped, figures.judged]
    return [
        *(f"{count:,}" for count in counts),
        unknown or "none",
        f"{figures.hits:,}",
        f"{len(figures.symbols):,}",
    ]


def _hits_table(name: str, hits: Sequence[NewHit]) -> Table:
    table = Table(title=f"{name}: first new hits", title_justify="left")
    table.add_column("exchange time")
    table.add_column("symbol")
    for column in ("price", "change %", "volume"):
        table.add_column(column, justify="right")
    for hit in hits:
        table.add_row(
            f"{hit.session.local(hit.at):%Y-%m-%d %H:%M}",
            hit.symbol,
            _number(hit.price, ",.2f"),
            _number(hit.change_pct, "+.2f"),
            _number(hit.volume, ",.0f"),
        )
    return table


def _number(value: float, form: str) -> str:
    return f"{value:{form}}" if value == value else "unknown"
