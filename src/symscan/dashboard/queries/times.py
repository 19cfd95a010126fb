"""Which times there are: a run's sessions, and the instants of a session's scans."""

from __future__ import annotations

from typing import Any

import polars as pl

from symscan.dashboard.columns import seconds
from symscan.dashboard.opened_runs import OpenedRun
from symscan.dashboard.parameters import Parameters
from symscan.model.instant import Instant
from symscan.model.session import Session


def head(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return what every page needs of a run: nothing that its scans found."""
    asked.expect()
    run, summary = opened.run, opened.run.summary
    return {
        "name": opened.name,
        "title": summary.get("name") or opened.name,
        "mode": run.files.mode,
        "status": summary["status"],
        "exchange": summary.get("exchange"),
        "zone": opened.zone.key,
        "run_id": run.run_id,
        "format_version": run.files.format_version,
        "sessions": [str(day) for day in run.sessions],
        "scanners": run.scanners,
        "store_fault": opened.store_fault,
        "intervals": opened.intervals,
    }


def session_times(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return when a session opens and closes, and the instants at which scans were due.

    This is its timetable, known before it begins; what scans found is not in it.
    """
    asked.expect("session")
    session = opened.session(asked.day())
    scans = opened.run.scans.filter(pl.col("session") == session.date)
    instants = scans["scan_at"].unique().sort().cast(pl.Int64).to_list()
    return {
        "session": str(session.date),
        "open": seconds(session.open),
        "close": seconds(session.close),
        "instants": [seconds(one) for one in instants],
        "is_early_close": session.is_early_close,
    }


def cut(frame: pl.DataFrame, column: str, until: Instant | None) -> pl.DataFrame:
    """Return the rows that are not later than an instant; all where none is given."""
    return frame if until is None else frame.filter(pl.col(column).to_physical() <= until)


def completed_sessions(opened: OpenedRun, until: Instant | None) -> list[Session]:
    """Return the sessions of a run that ended by an instant; all where none is given."""
    sessions = [opened.calendar.session(day) for day in opened.run.sessions]
    return [one for one in sessions if until is None or one.close <= until]
