"""A study in a few lines of HTML, as a notebook shows it; every text is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from symscan.research.study.study import Study

_COLUMNS: Final = (
    "scanner",
    "horizon",
    "n",
    "sessions",
    "mean_ret",
    "mean_excess",
    "lo",
    "hi",
    "cost_bp",
    "net",
    "marks",
)


def summary_html(study: Study) -> str:
    """Return a study as HTML: its verdicts, and a row for each scanner and horizon."""
    verdicts = "".join(f"<div><b>{escape(one)}</b></div>" for one in study.verdicts)
    beside = "".join(f"<div>{escape(one)}</div>" for one in study.sentences)
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    rows = "".join(_row(row) for row in study.summary.select(_COLUMNS).rows(named=True))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<div>{verdicts}{beside}{table}<small>{escape(str(study.path))}</small></div>"


def _row(row: Mapping[str, Any]) -> str:
    cells = (f"<td>{escape(_text(value))}</td>" for value in row.values())
    return f"<tr>{''.join(cells)}</tr>"


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:+.1f}" if isinstance(value, float) else str(value)
