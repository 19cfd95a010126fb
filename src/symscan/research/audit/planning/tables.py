"""Declared tables as they were on a date: without the rows that were known later."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

from symscan.scanners.universe import identifier


def known_rows(path: Path, column: str, day: date) -> bytes:
    """Return a table of CSV without the rows that a session does not know; other files as they are.

    A bare date counts from the next session.

    Parameters
    ----------
    column
        When a row was known: a date, or a time that begins with one.
    """
    content = path.read_bytes()
    if path.suffix.lower() != ".csv":
        return content
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    names = [identifier(name) for name in rows[0]] if rows else []
    if identifier(column) not in names:
        return content
    at = names.index(identifier(column))
    text = io.StringIO()
    kept = [row for row in rows[1:] if len(row) <= at or _is_known(row[at].strip(), str(day))]
    csv.writer(text, lineterminator="\n").writerows([rows[0], *kept])
    return text.getvalue().encode()


def _is_known(when: str, day: str) -> bool:
    return when < day if len(when) <= len(day) else when[: len(day)] <= day
