"""The page Overview: whether a session or a run went well, and when things happened."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from symscan.dashboard.columns import by_columns
from symscan.dashboard.opened_runs import OpenedRun
from symscan.dashboard.parameters import Parameters
from symscan.dashboard.queries.times import cut
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.research.report.record import conditions
from symscan.runs.texts import iso_texts

_SERIES: Final = (
    *("scan_at", "phase", "outcome", "universe", "judged", "unknown", "found", "new", "entered", "left"),
    *("execution_time_ms", "error"),
)
_MOST_REASONS: Final = 3


def overview(opened: OpenedRun, asked: Parameters) -> dict[str, Any]:
    """Return the figures, and the scans of one session or the sums of all sessions, by scanner."""
    asked.expect("session", "until")
    day, until = asked.day(), asked.instant("until")
    chosen = None if day is None else opened.session(day)
    of = pl.lit(True) if day is None else pl.col("session") == day
    scans = cut(opened.run.scans.filter(of), "scan_at", until)
    stays = cut(opened.run.episodes.filter(of), "entered", until)
    unknown = cut(opened.run.unknown.filter(of), "from", until)
    answer = {
        "figures": _figures(scans, stays),
        "scanners": [_scanner(name, scans, stays, unknown, chosen) for name in opened.run.scanners],
        "conditions": _conditions(opened, chosen, until),
        "warnings": [] if until is not None else list(opened.run.summary.get("warnings", [])),
        "status": opened.run.summary["status"],
    }
    return answer


def _figures(scans: pl.DataFrame, stays: pl.DataFrame) -> dict[str, Any]:
    judged, unknown = int(scans["judged"].sum()), int(scans["unknown"].sum())
    return {
        "sessions": scans["session"].n_unique(),
        "scans": scans.height,
        "not_ok": scans.filter(pl.col("outcome") != "ok").height,
        "found": int(scans["found"].sum()),
        "new": int(scans["new"].sum()),
        "stays": stays.height,
        "symbols": stays["symbol"].n_unique(),
        "unknown_pct": None if judged + unknown == 0 else 100.0 * unknown / (judged + unknown),
        "slowest_ms": scans["execution_time_ms"].max(),
    }


def _scanner(
    name: str, scans: pl.DataFrame, stays: pl.DataFrame, unknown: pl.DataFrame, session: Session | None
) -> dict[str, Any]:
    of = pl.col("scanner") == name
    own = scans.filter(of).sort("scan_at", maintain_order=True)
    figures = _figures(own, stays.filter(of))
    reasons = unknown.filter(of).group_by("reason").agg(pl.col("symbol").n_unique().alias("symbols"))
    order = reasons.sort("symbols", "reason", descending=[True, False]).head(_MOST_REASONS)
    return {
        "name": name,
        **figures,
        "outcomes": dict(sorted(own["outcome"].value_counts().iter_rows())),
        "reasons": order.to_dicts(),
        "scans_of_session": None if session is None else by_columns(own.select(_SERIES)),
        "by_session": None if session is not None else by_columns(_by_session(own)),
    }


def _by_session(scans: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of each session."""
    return (
        scans.group_by("session")
        .agg(
            pl.len().alias("scans"),
            (pl.col("outcome") != "ok").sum().alias("not_ok"),
            pl.col("judged", "unknown", "found", "new").sum(),
            pl.col("execution_time_ms").max().alias("slowest_ms"),
        )
        .sort("session")
    )


def _conditions(opened: OpenedRun, session: Session | None, until: Instant | None) -> list[dict[str, str]]:
    days = opened.run.sessions if session is None else [session.date]
    found = list(conditions(opened.run.files, days))
    if until is None:
        return found
    limit = iso_texts(pl.Series([until]).cast(pl.Datetime("us", "UTC")))[0]
    return [one for one in found if one["at"][:19] <= limit[:19] and one["at"]]
