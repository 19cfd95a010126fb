"""A run in a few lines of HTML, as a notebook shows it; every text of the run's is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from symscan.runs.reading import RunFiles

_MOST_SCANNERS: Final = 20
_MOST_WARNINGS: Final = 3
_LONGEST: Final = 200
_COLUMNS: Final = ("scans", "failed", "skipped", "judged", "hits", "new")


def summary_html(run: RunFiles) -> str:
    """Return a run as HTML: what and when, its scanners' figures, its first warnings."""
    parts = [f"<b>{_text(_title(run))}</b>", *_warnings(run.summary), _table(run.summary["scanners"])]
    return f"<div>{''.join(parts)}<small>{_text(run.folder)}</small></div>"


def _title(run: RunFiles) -> str:
    days = [str(day) for day in run.sessions]
    period = f"{days[0]} to {days[-1]}" if len(days) > 1 else "".join(days)
    count = f"{len(days):,} session{'' if len(days) == 1 else 's'}"
    status = run.summary["status"]
    state = "" if status == "complete" else f" ({status})"
    return f"{run.summary.get('name', 'run')}: {count}, {period}{state}"


def _warnings(summary: Mapping[str, Any]) -> Iterator[str]:
    warnings = summary.get("warnings", [])
    for warning in warnings[:_MOST_WARNINGS]:
        yield f"<div>warning: {_text(warning)}</div>"
    if len(warnings) > _MOST_WARNINGS:
        yield f"<div>and {len(warnings) - _MOST_WARNINGS:,} more warnings in <code>.summary</code></div>"


def _table(scanners: Mapping[str, Any]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("scanner", *_COLUMNS))
    rows = [_row(name, figures) for name, figures in list(scanners.items())[:_MOST_SCANNERS]]
    more = len(scanners) - _MOST_SCANNERS
    if more > 0:
        rows.append(f"<tr><td>and {more:,} more</td></tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _row(name: str, figures: Mapping[str, Any]) -> str:
    cells = "".join(f"<td>{_count(figures.get(column))}</td>" for column in _COLUMNS)
    return f"<tr><td>{_text(name)}</td>{cells}</tr>"


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else ""


def _text(value: object) -> str:
    text = str(value)
    return escape(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
