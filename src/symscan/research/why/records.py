"""The answers as what JSON holds: instants are UTC in ISO 8601, unknown is null."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from symscan.model.instant import Instant, to_datetime
from symscan.research.why.answers import ScannerAnswer, SymbolAnswer
from symscan.runs.decisions.explanation import ScanExplanation, Stay
from symscan.runs.schemas import INSTANT


def answer_record(answer: SymbolAnswer) -> dict[str, Any]:
    """Return an answer as JSON holds it."""
    return {
        "session": str(answer.session.date),
        "symbol": answer.symbol,
        "scanners": [_of_scanner(one) for one in answer.scanners],
    }


def frame_records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON holds them."""
    texts = [pl.col(name).dt.strftime(_FORM) for name, dtype in frame.schema.items() if dtype == INSTANT]
    return frame.with_columns(texts).to_dicts()


_FORM = "%Y-%m-%dT%H:%M:%SZ"


def _of_scanner(answer: ScannerAnswer) -> dict[str, Any]:
    if answer.absent is not None:
        return {"scanner": answer.scanner, "absent": answer.absent}
    return {
        "scanner": answer.scanner,
        "stays": [_of_stay(one) for one in answer.stays],
        "scans": [_of_scan(one) for one in answer.explanations],
    }


def _of_scan(scan: ScanExplanation) -> dict[str, Any]:
    record = asdict(scan)
    for name in ("scanner", "symbol", "missed", "stay"):
        del record[name]
    missed = None if scan.missed is None else scan.clauses[scan.missed].clause
    return {**record, "at": _iso(scan.at), "missed_by": missed}


def _of_stay(stay: Stay) -> dict[str, Any]:
    instants = {"entered": _iso(stay.entered), "last": _iso(stay.last)}
    return {**asdict(stay), **instants, "left": None if stay.left is None else _iso(stay.left)}


def _iso(at: Instant) -> str:
    return to_datetime(at).strftime(_FORM)
