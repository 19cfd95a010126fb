"""The figures of a run as its report shows them: of the whole run, and of each scanner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from symscan.runs.reading import RunFiles

BUCKET_MINUTES: Final = 15
"""How long a step of the day is, in which entries are counted."""

_LENGTHS: Final = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50), (51, None))
_FLICKER_SCANS: Final = 3


@dataclass(frozen=True, slots=True)
class RunTables:
    """What the figures are of: the tables of the sessions that are reported.

    Attributes
    ----------
    zone
        The exchange's zone.
    sessions
        The dates.
    """

    zone: ZoneInfo
    sessions: Sequence[date]
    episodes: pl.DataFrame
    scans: pl.DataFrame
    unknown: pl.DataFrame

    @classmethod
    def read(cls, run: RunFiles, sessions: Sequence[date], zone: ZoneInfo) -> RunTables:
        """Read the tables.

        Raises
        ------
        DataError
            If a file is damaged.
        """
        days = pl.col("session").is_in(list(sessions))
        tables = (run.episodes(), run.scans(), run.unknown())
        return cls(zone, sessions, *(run.collect(one.filter(days)) for one in tables))


def run_figures(tables: RunTables) -> dict[str, Any]:
    """Return the figures of all scanners together."""
    scans, stays = tables.scans, tables.episodes
    judged, unknown = int(scans["judged"].sum()), int(scans["unknown"].sum())
    return {
        "sessions": len(tables.sessions),
        "scans": scans.height,
        "scans_not_ok": scans.filter(pl.col("outcome") != "ok").height,
        "hits": int(scans["found"].sum()),
        "stays": stays.height,
        "first": int(stays["new"].sum()),
        "symbols": stays["symbol"].n_unique(),
        "median_scans": _rounded(stays["scans"].median()),
        "unknown_pct": _share(unknown, judged + unknown),
    }


def scanner_figures(tables: RunTables, scanner: str) -> dict[str, Any]:
    """Return the figures of one scanner."""
    of = pl.col("scanner") == scanner
    stays, scans = tables.episodes.filter(of), tables.scans.filter(of)
    judged, unknown = int(scans["judged"].sum()), int(scans["unknown"].sum())
    return {
        "name": scanner,
        "scans": scans.height,
        "outcomes": dict(sorted(scans["outcome"].value_counts().iter_rows())),
        "hits": int(scans["found"].sum()),
        "stays": stays.height,
        "first": int(stays["new"].sum()),
        "symbols": stays["symbol"].n_unique(),
        "median_scans": _rounded(stays["scans"].median()),
        "flicker_pct": _share(_reentries(stays, scans), stays.height),
        "top_10_pct": _concentration(stays),
        "unknown_pct": _share(unknown, judged + unknown),
        "why": dict(sorted(stays["why"].value_counts().iter_rows())),
        "entries": _entries(tables, stays, scans),
        "found": _found(tables, scans),
        "lengths": _lengths(stays),
        "unknown": _unknown(tables, tables.unknown.filter(of), scans),
    }


def local_bucket(instant: str, zone: ZoneInfo) -> pl.Expr:
    """Return in which step of the exchange's day an instant is, in minutes after midnight."""
    local = pl.col(instant).dt.convert_time_zone(zone.key)
    minutes = local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute().cast(pl.Int32)
    return minutes // BUCKET_MINUTES * BUCKET_MINUTES


def clock(minutes: int) -> str:
    """Return minutes after midnight as a time: ``09:30``."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _buckets(tables: RunTables, scans: pl.DataFrame) -> list[int]:
    """Return the steps of the day from a scanner's first scan to its last."""
    steps = scans.select(local_bucket("scan_at", tables.zone).alias("step"))["step"]
    first, last = steps.min(), steps.max()
    if not isinstance(first, int) or not isinstance(last, int):
        return []
    return list(range(first, last + 1, BUCKET_MINUTES))


def _entries(tables: RunTables, stays: pl.DataFrame, scans: pl.DataFrame) -> list[dict[str, Any]]:
    """Return how many stays began in each step of the day, first ones of a session and others."""
    steps = stays.select("new", local_bucket("entered", tables.zone).alias("step"))
    counts = {(step, new): count for step, new, count in steps.group_by("step", "new").len().iter_rows()}
    return [
        {"at": clock(step), "first": counts.get((step, True), 0), "again": counts.get((step, False), 0)}
        for step in _buckets(tables, scans)
    ]


def _found(tables: RunTables, scans: pl.DataFrame) -> dict[str, Any]:
    """Return how many symbols a scan found on average, by session and step of the day."""
    steps = _buckets(tables, scans)
    ok = scans.filter(pl.col("outcome") == "ok")
    means = ok.group_by("session", local_bucket("scan_at", tables.zone).alias("step")).agg(
        pl.col("found").mean()
    )
    by_place = {(day, step): found for day, step, found in means.iter_rows()}
    rows = [[_rounded(by_place.get((day, step))) for step in steps] for day in tables.sessions]
    return {
        "at": [clock(step) for step in steps],
        "sessions": [str(day) for day in tables.sessions],
        "mean": rows,
    }


def _lengths(stays: pl.DataFrame) -> list[dict[str, Any]]:
    """Return how many stays lasted so many scans."""
    counts = []
    for low, high in _LENGTHS:
        label = f"{low}" if low == high else f"{low}+" if high is None else f"{low}-{high}"
        is_in = (pl.col("scans") >= low) & (pl.lit(True) if high is None else pl.col("scans") <= high)
        counts.append({"scans": label, "stays": stays.filter(is_in).height})
    return counts


def _unknown(tables: RunTables, unknown: pl.DataFrame, scans: pl.DataFrame) -> dict[str, Any]:
    """Return for each reason how often a symbol could not be judged for it, of all there were, in percent."""
    due = dict(scans.group_by("session").agg(pl.col("universe").sum()).iter_rows())
    counts = unknown.group_by("reason", "session").agg(pl.col("scans").sum())
    by_place = {(reason, day): count for reason, day, count in counts.iter_rows()}
    totals = sorted(
        unknown.group_by("reason").agg(pl.col("scans").sum()).iter_rows(), key=lambda one: (-one[1], one[0])
    )
    return {
        "sessions": [str(day) for day in tables.sessions],
        "reasons": [
            {
                "reason": reason,
                "count": total,
                "pct": [_share(by_place.get((reason, day), 0), due.get(day, 0)) for day in tables.sessions],
            }
            for reason, total in totals
        ],
        "symbols": _worst(unknown),
    }


def _worst(unknown: pl.DataFrame) -> list[dict[str, Any]]:
    counts = unknown.group_by("symbol").agg(pl.col("scans").sum())
    return counts.sort("scans", "symbol", descending=[True, False]).head(10).to_dicts()


def _reentries(stays: pl.DataFrame, scans: pl.DataFrame) -> int:
    """Return how many stays began within three scans after the one before had ended."""
    ok = scans.filter(pl.col("outcome") == "ok").unique(["session", "scan_at"]).sort("session", "scan_at")
    numbers = ok.select("session", "scan_at", pl.int_range(pl.len()).alias("number"))
    told = (
        stays.sort("session", "symbol", "episode")
        .with_columns(pl.col("left").shift().over("session", "symbol").alias("before"))
        .join(numbers, left_on=["session", "entered"], right_on=["session", "scan_at"], how="left")
        .join(
            numbers,
            left_on=["session", "before"],
            right_on=["session", "scan_at"],
            how="left",
            suffix="_left",
        )
    )
    return told.filter(pl.col("number") - pl.col("number_left") < _FLICKER_SCANS).height


def _concentration(stays: pl.DataFrame) -> float | None:
    """Return which share of the stays the ten symbols with the most of them have."""
    counts = stays["symbol"].value_counts().sort("count", descending=True)["count"]
    return _share(int(counts.head(10).sum()), stays.height)


def _share(part: int, whole: int) -> float | None:
    return _rounded(100.0 * part / whole) if whole else None


def _rounded(value: Any) -> float | None:
    return None if value is None else round(float(value), 2)
