"""Decisions as tables: every clause of every scan of a symbol, who missed by one clause, and the funnel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import polars as pl

from symscan.model.decisions.clauses import ClauseKind, Code
from symscan.model.decisions.verdicts import Verdict
from symscan.runs.decisions.explanation import HOLDS, ScanExplanation, known
from symscan.runs.decisions.table import NOT_JUDGED, ScannerDecisions
from symscan.runs.schemas import INSTANT
from symscan.session.unknown_reasons import Reason

_TEXT, _NUMBER, _COUNT = pl.String(), pl.Float64(), pl.Int64()

WHY_SCHEMA: Final = pl.Schema(
    {
        "scan_at": INSTANT,
        "phase": _TEXT,
        "scanner": _TEXT,
        "symbol": _TEXT,
        "verdict": _TEXT,
        "reason": _TEXT,
        "place": _COUNT,
        "clause": _TEXT,
        "kind": _TEXT,
        "depth": _COUNT,
        "value": _NUMBER,
        "text": _TEXT,
        "op": _TEXT,
        "limit": _NUMBER,
        "margin": _NUMBER,
        "margin_scaled": _NUMBER,
        "holds": _TEXT,
        "age_minutes": _NUMBER,
    }
)
"""Columns of what ``why`` says: a row per scan and clause."""

NEAR_SCHEMA: Final = pl.Schema(
    {
        "scan_at": INSTANT,
        "phase": _TEXT,
        "scanner": _TEXT,
        "symbol": _TEXT,
        "clause": _TEXT,
        "kind": _TEXT,
        "value": _NUMBER,
        "op": _TEXT,
        "limit": _NUMBER,
        "margin": _NUMBER,
        "margin_scaled": _NUMBER,
        "holds": _TEXT,
        "reason": _TEXT,
        "hits": _COUNT,
    }
)
"""Columns of who missed by one clause; ``hits`` is at how many scans of the session it was a hit."""

FUNNEL_SCHEMA: Final = pl.Schema(
    {
        "scanner": _TEXT,
        "clause": _TEXT,
        "kind": _TEXT,
        "applies": _COUNT,
        "true": _COUNT,
        "false": _COUNT,
        "unknown": _COUNT,
        "left": _COUNT,
        "alone": _COUNT,
    }
)
"""Columns of the funnel: of how many symbols and scans a clause decides, how, how many are left after it and
those before it, and of how many it alone decides that they are no hits."""


def why_frame(explanations: Iterable[ScanExplanation]) -> pl.DataFrame:
    """Return every clause of every scan: the columns of ``WHY_SCHEMA``."""
    rows = [
        (
            one.at,
            one.phase,
            one.scanner,
            one.symbol,
            one.verdict,
            one.reason,
            one.place,
            clause.clause,
            clause.kind,
            clause.depth,
            None if isinstance(clause.value, str) else clause.value,
            clause.value if isinstance(clause.value, str) else None,
            clause.op,
            clause.limit,
            clause.margin,
            clause.margin_scaled,
            clause.holds,
            one.age_minutes,
        )
        for one in explanations
        for clause in one.clauses
    ]
    return _frame(rows, WHY_SCHEMA)


def near_frame(
    decisions: ScannerDecisions, scans: Sequence[int] | None = None, most: int | None = None
) -> pl.DataFrame:
    """Return who missed by one clause, nearest first: the columns of ``NEAR_SCHEMA``.

    Parameters
    ----------
    scans
        The scans; None for all: then of each symbol the scan at which it missed by least.
    most
        How many; None for all.
    """
    chosen = range(len(decisions.scans)) if scans is None else scans
    hits = (decisions.verdict == Verdict.HIT).sum(axis=0)
    rows = []
    for scan in chosen:
        for column in np.flatnonzero(decisions.missed[scan] >= 0).tolist():
            rows.append(_near_row(decisions, scan, column, int(hits[column])))
    # Those that are unknown come last: nothing says how near they are.
    distance = pl.col("margin_scaled").abs().fill_null(float("inf"))
    is_unknown = pl.col("holds") == HOLDS[Code.UNKNOWN]
    frame = _frame(rows, NEAR_SCHEMA).sort(is_unknown, distance, "symbol", "scan_at", "phase")
    if scans is None:
        frame = frame.unique("symbol", keep="first", maintain_order=True)
    return frame if most is None else frame.head(most)


def funnel_frame(decisions: ScannerDecisions, scans: Sequence[int] | None = None) -> pl.DataFrame:
    """Return how many symbols each clause lets through, summed over scans: ``FUNNEL_SCHEMA``."""
    chosen = list(range(len(decisions.scans)) if scans is None else scans)
    judged = decisions.verdict[chosen] != NOT_JUDGED
    codes, decides = decisions.codes[chosen], decisions.decides[chosen]
    missed, left = decisions.missed[chosen], judged.copy()
    rows = []
    for at, head in enumerate(decisions.clauses):
        if not head.decides or head.kind is ClauseKind.HOLD:
            continue
        applies = decides[:, at] & judged
        left &= ~applies | (codes[:, at] == Code.TRUE)
        counts = [
            int((applies & (codes[:, at] == code)).sum()) for code in (Code.TRUE, Code.FALSE, Code.UNKNOWN)
        ]
        alone = int((missed == at).sum())
        rows.append(
            (decisions.name, head.text, str(head.kind), int(applies.sum()), *counts, int(left.sum()), alone)
        )
    return _frame(rows, FUNNEL_SCHEMA)


def _near_row(decisions: ScannerDecisions, scan: int, column: int, hits: int) -> tuple[Any, ...]:
    at = int(decisions.missed[scan, column])
    head, when = decisions.clauses[at], decisions.scans[scan]
    code, reason = Code(int(decisions.codes[scan, at, column])), Reason(int(decisions.reasons[scan, column]))
    return (
        when.at,
        when.phase,
        decisions.name,
        decisions.symbols[column],
        head.text,
        str(head.kind),
        known(decisions.values[scan, at, column]),
        head.op,
        known(decisions.limits[scan, at, column]),
        known(decisions.margins[scan, at, column]),
        known(decisions.scaled_margins[scan, at, column]),
        HOLDS[code],
        None if reason is Reason.NONE else reason.text,
        hits,
    )


def _frame(rows: Sequence[tuple[Any, ...]], schema: pl.Schema) -> pl.DataFrame:
    instants = {name: pl.Int64() if dtype == INSTANT else dtype for name, dtype in schema.items()}
    frame = pl.DataFrame(rows, schema=instants, orient="row")
    return frame.with_columns(pl.col(name).cast(dtype) for name, dtype in schema.items() if dtype == INSTANT)
