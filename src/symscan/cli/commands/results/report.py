"""``symscan report``: a page about a run."""

from __future__ import annotations

import webbrowser
from datetime import date
from pathlib import Path

from symscan.errors import InputError
from symscan.research.report import ReportOptions, make_report
from symscan.runs.reading import RunFiles


def write_report(
    folder: Path,
    out: Path | None,
    store: Path | None,
    sessions: str | None,
    top: int,
    *,
    as_json: bool,
    is_opened: bool,
) -> None:
    """Write the page of a run and print where it is, or print its numbers.

    Raises
    ------
    InputError
        If there is no run or no such session, or the store has changed since; or options contradict.
    """
    if as_json and (out is not None or is_opened):
        raise InputError("--json prints the numbers and writes no page; leave out --out and --open")
    first, last = parse_range(sessions)
    report = make_report(RunFiles.open(folder), ReportOptions(store, first, last, top))
    if as_json:
        print(report.json())
        return
    path = report.write(out)
    print(path)
    if is_opened:
        webbrowser.open(path.absolute().as_uri())


def parse_range(text: str | None) -> tuple[date | None, date | None]:
    """Parse ``A:B``; an empty side is no bound, and one date alone is that session.

    Raises
    ------
    InputError
        If it is no range of dates.
    """
    if text is None:
        return None, None
    try:
        bounds = [date.fromisoformat(part) if part else None for part in text.split(":")]
    except ValueError:
        bounds = []
    if not 1 <= len(bounds) <= 2 or not any(bounds):
        raise InputError(f"--sessions '{text}' is no range; write 2018-02-20:2018-02-23")
    first, last = bounds[0], bounds[-1]
    if first is not None and last is not None and last < first:
        raise InputError(f"--sessions {text} ends before it begins; swap the dates")
    return first, last
