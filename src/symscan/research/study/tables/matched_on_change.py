"""The harder question: the headline against any symbol that had moved as much by the scan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from symscan.research.statistics.evidence import estimate, session_sums
from symscan.research.study.plan import CHANGE_MATCH, StudyPlan
from symscan.research.study.tables.hit_table import CHANGE_MATCHED
from symscan.research.study.tables.summary import column, session_index

SCHEMA: Final = pl.Schema(
    {
        "scanner": pl.String(),
        "horizon": pl.String(),
        "match": pl.String(),
        "n": pl.Int64(),
        "sessions": pl.Int64(),
        "n_unmatched": pl.Int64(),
        "mean_excess": pl.Float64(),
        "lo": pl.Float64(),
        "hi": pl.Float64(),
        "t": pl.Float64(),
        "p": pl.Float64(),
        "net": pl.Float64(),
        "net_lo": pl.Float64(),
        "net_hi": pl.Float64(),
        "marks": pl.String(),
    }
)


def matched_on_change_frame(hits: pl.DataFrame, plan: StudyPlan, days: Sequence[date]) -> pl.DataFrame:
    """Return the rows of ``matched_on_change.csv``: one of each scanner, none if ``change`` is matched."""
    rows = [_row(name, hits, plan, days) for name in plan.scanners] if plan.also_matches_on_change else []
    frame = pl.DataFrame([tuple(row) for row in rows], schema=SCHEMA, orient="row")
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))


def _row(name: str, hits: pl.DataFrame, plan: StudyPlan, days: Sequence[date]) -> Iterator[Any]:
    own, headline = hits.filter(pl.col("scanner") == name), plan.headline
    unknown = np.full(own.height, np.nan)
    excess = column(own, CHANGE_MATCHED) if CHANGE_MATCHED in own.columns else unknown
    ret, cost = column(own, f"ret_{headline.name}"), column(own, "cost_bp")
    sums = session_sums(session_index(own, days), len(days), ret, excess, unknown, cost)
    found = estimate(sums.matched, sums.sum_excess, headline.overlap)
    net = estimate(sums.matched, sums.sum_net, headline.overlap)
    yield from (name, headline.name, " ".join(CHANGE_MATCH))
    yield from (int(sums.n.sum()), found.sessions, int(sums.unmatched.sum()))
    yield from (found.mean, found.lo, found.hi, found.t, found.p)
    yield from (net.mean, net.lo, net.hi, " ".join(map(str, found.marks)))
