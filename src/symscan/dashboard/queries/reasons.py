"""The criteria of a symbol at an instant: what each clause of each scanner decided, and by how much."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import polars as pl

from symscan.dashboard.columns import seconds
from symscan.dashboard.opened_runs import OpenedRun
from symscan.dashboard.parameters import Parameters
from symscan.errors import InputError
from symscan.model.instant import Instant, from_datetime
from symscan.model.session import Session
from symscan.runs.decisions.explanation import ScanExplanation

_OF_CLAUSE: Final = ("clause", "kind", "depth", "op", "value", "limit", "margin", "holds")
"""Not ``nearest``, which is of the whole day, later scans too."""


def why(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return what each scanner's last scan by an instant decided of a symbol, clause by clause.

    It is what :meth:`symscan.Run.why` says of that scan; where the run has not kept it, the session is
    played again. What it says of other scans, earlier and later, is left out.
    """
    asked.expect("session", "symbol", "at", "scanner")
    session, symbol, at = opened.session(asked.day()), asked.needed("symbol"), asked.instant("at")
    names = asked.texts("scanner") or opened.run.scanners
    opened.check_scanners(names)
    until = session.close if at is None else at
    return {"symbol": symbol, "scanners": [_of_scanner(opened, session, symbol, one, until) for one in names]}


def _of_scanner(
    opened: OpenedRun, session: Session, symbol: str, scanner: str, until: Instant
) -> dict[str, Any]:
    of = (pl.col("session") == session.date) & (pl.col("scanner") == scanner)
    scans = opened.run.scans.filter(of, pl.col("scan_at").to_physical() <= until)
    if scans.is_empty():
        return {"scanner": scanner, "absent": "it has not scanned by then", "scans": []}
    last = from_datetime(scans["scan_at"][-1])
    try:
        answer = opened.decisions(session.date).why(symbol, session.local(last).time(), scanner)
    except InputError as error:
        return {"scanner": scanner, "absent": str(error), "scans": []}
    (found,) = answer.scanners
    explained = [_of_scan(one) for one in found.explanations if one.at == last]
    return {"scanner": scanner, "absent": found.absent, "scans": explained}


def _of_scan(scan: ScanExplanation) -> dict[str, Any]:
    clauses = [asdict(one) for one in scan.clauses]
    return {
        "at": seconds(scan.at),
        "phase": scan.phase,
        "verdict": scan.verdict,
        "reason": scan.reason,
        "place": scan.place,
        "places": scan.places,
        "is_held": scan.is_held,
        "missed_by": None if scan.missed is None else scan.clauses[scan.missed].clause,
        "clauses": [{name: one[name] for name in _OF_CLAUSE} for one in clauses],
    }
