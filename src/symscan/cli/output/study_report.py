"""What a study says, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from symscan.cli.output.run_report import plain_table, print_line, report_console
from symscan.research.study import Study

_COLUMNS: Final = (
    "horizon",
    "hits",
    "sessions",
    "return",
    "excess",
    "95% interval",
    "costs",
    "net",
    "unknown",
    "",
)


def show_study(study: Study, folder: Path, console: Console | None = None) -> None:
    """Print the verdict, tries and holdout, and a table for each scanner."""
    console = console or report_console()
    for line in study.verdicts:
        print_line(console, line, "bold")
    for line in study.sentences:
        print_line(console, line)
    for name in study.scanners:
        table = plain_table()
        table.add_column(name if len(study.scanners) > 1 else _COLUMNS[0])
        for column in _COLUMNS[1:]:
            table.add_column(column, justify="right" if column else "left")
        for row in study.summary.rows(named=True):
            if row["scanner"] == name:
                table.add_row(*_cells(row))
        console.print(table)
    print_line(console, "Means per hit in basis points; net is excess less costs of hits with controls.")
    print_line(console, f"results in {folder}")


def _cells(row: Mapping[str, Any]) -> list[str]:
    interval = "" if row["lo"] is None else f"{row['lo']:+.1f} to {row['hi']:+.1f}"
    return [
        row["horizon"],
        f"{row['n']:,}",
        f"{row['sessions']:,}",
        *(_number(row[key]) for key in ("mean_ret", "mean_excess")),
        interval,
        _number(row["cost_bp"], ".1f"),
        _number(row["net"]),
        f"{row['n_unknown']:,}",
        _marks(row["marks"]),
    ]


def _marks(marks: str | None) -> str:
    return ", ".join(one.replace("_", " ") for one in (marks or "").split())


def _number(value: float | None, form: str = "+.1f") -> str:
    return "" if value is None else f"{value:{form}}"
