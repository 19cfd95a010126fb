"""Make a report of a run, and write it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from symscan.errors import InputError
from symscan.research.report.page import page
from symscan.research.report.record import chosen_sessions, report_record
from symscan.research.unchanged_store import unchanged_store
from symscan.runs.files.session_files import replacing
from symscan.runs.files.writing import TRY_AGAIN, writing
from symscan.runs.layout import REPORT
from symscan.runs.reading import RunFiles
from symscan.sources.store.bar_store import BarStore


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What a report is of.

    Attributes
    ----------
    store
        The folder of the store that candles are drawn from; None for that of the run, if it is still there.
    first, last
        The sessions that are reported; None for the run's first and last.
    top
        How many of the best stays are drawn.
    """

    store: Path | None = None
    first: date | None = None
    last: date | None = None
    top: int = 20


@dataclass(frozen=True, slots=True)
class Report:
    """A report of a run.

    Attributes
    ----------
    record
        All numbers that it says and draws.
    default_path
        Where it is written unless something else is said: in the folder of the run.
    """

    record: dict[str, Any]
    default_path: Path

    def html(self) -> str:
        """Return the page."""
        return page(self.record)

    def json(self) -> str:
        """Return the record as JSON."""
        return json.dumps(self.record, indent=1, ensure_ascii=False)

    def write(self, path: Path | None = None) -> Path:
        """Write the page, whole or not at all, and return where.

        Raises
        ------
        InputError
            If it cannot be written there.
        """
        target = path or self.default_path
        if target.is_dir() or not target.absolute().parent.is_dir():
            raise InputError(f"{target}: a page cannot be written there; give the name of a file in a folder")
        content = self.html()
        with writing(target, TRY_AGAIN), replacing(target) as temporary:
            temporary.write_text(content, encoding="utf-8", newline="")
        return target


def make_report(run: RunFiles, options: ReportOptions | None = None) -> Report:
    """Make the report of a run.

    Raises
    ------
    InputError
        If the run has none of the sessions.
    DataError
        If a file of the run or the store is damaged, or the store has changed since the run.
    """
    options = options or ReportOptions()
    sessions = chosen_sessions(run, options.first, options.last)
    run.check_hits(sessions)
    record = report_record(run, _store(run, options.store), sessions, options.top)
    return Report(record, run.folder / REPORT)


def _store(run: RunFiles, given: Path | None) -> BarStore | None:
    """Open the store; None where none was given and the run's own is not known or gone."""
    if given is None:
        place = None if run.description is None else run.description.environment.get("store")
        if not run.sessions or place is None or not Path(place).is_dir():
            return None
    return unchanged_store(run, given)
