"""Results broken down: by time of day, rank, weekday and more, each level with its own interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from symscan.research.statistics.evidence import estimate, grouped_sums
from symscan.research.statistics.families import false_discovery_q
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.matching import FIFTHS, SECTOR
from symscan.research.study.tables.summary import column, session_index

TIME_OF_DAY: Final = "time_of_day"
RANK: Final = "rank"
_MINUTES: Final = 30
_RANKS: Final = (1, 5, 10)
_RANK_LABELS: Final = ("1", "2-5", "6-10", "11+")
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_STAYS: Final = 5

SCHEMA: Final = pl.Schema(
    {
        "scanner": pl.String(),
        "horizon": pl.String(),
        "group": pl.String(),
        "level": pl.String(),
        "n": pl.Int64(),
        "sessions": pl.Int64(),
        "mean_excess": pl.Float64(),
        "lo": pl.Float64(),
        "hi": pl.Float64(),
        "t": pl.Float64(),
        "p": pl.Float64(),
        "q": pl.Float64(),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class _Grouping:
    """A way to break hits down: the level of each hit as a place among labels, -1 for none."""

    name: str
    labels: Sequence[str]
    level: np.ndarray[tuple[int], np.dtype[np.intp]]


def groups_frame(hits: pl.DataFrame, plan: StudyPlan, days: Sequence[date], zone: ZoneInfo) -> pl.DataFrame:
    """Return the rows of ``groups.csv``.

    ``q`` is Benjamini and Hochberg's over all levels of a scanner and a horizon: of many intervals some lie
    beside 0 by chance.
    """
    rows: list[dict[str, Any]] = []
    for name in plan.scanners:
        own = hits.filter(pl.col("scanner") == name)
        index, groupings = session_index(own, days), list(_groupings(own, plan, zone))
        for horizon in plan.horizons:
            excess = column(own, f"excess_{horizon.name}")
            table = [
                {"scanner": name, "horizon": horizon.name, **row}
                for one in groupings
                for row in _levels(one, index, len(days), excess, horizon.overlap)
            ]
            q = false_discovery_q(np.array([row["p"] for row in table], np.float64))
            rows += [row | {"q": value} for row, value in zip(table, q.tolist(), strict=True)]
    return pl.DataFrame(rows, schema=SCHEMA).with_columns(pl.col(pl.Float64).fill_nan(None))


def _levels(one: _Grouping, index: Any, sessions: int, excess: Any, overlap: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each level that has hits."""
    counts, totals = grouped_sums(index, sessions, one.level, len(one.labels), excess)
    for place, label in enumerate(one.labels):
        if not counts[place].any():
            continue
        found = estimate(counts[place], totals[place], overlap)
        yield {
            "group": one.name,
            "level": label,
            "n": found.n,
            "sessions": found.sessions,
            "mean_excess": found.mean,
            "lo": found.lo,
            "hi": found.hi,
            "t": found.t,
            "p": found.p,
        }


def _groupings(hits: pl.DataFrame, plan: StudyPlan, zone: ZoneInfo) -> Iterator[_Grouping]:
    local = hits["scan_at"].dt.convert_time_zone(zone.key)
    minute = (local.dt.hour().cast(pl.Int32) * 60 + local.dt.minute()) // _MINUTES * _MINUTES
    clock = pl.format(
        "{}:{}", *(pl.lit(one.cast(pl.String).str.zfill(2)) for one in (minute // 60, minute % 60))
    )
    yield _by_text(TIME_OF_DAY, pl.select(clock).to_series())
    rank = hits["rank"].to_numpy()
    yield _Grouping(RANK, _RANK_LABELS, np.searchsorted(_RANKS, rank))
    yield _Grouping("weekday", _WEEKDAYS, hits["session"].dt.weekday().to_numpy().astype(np.intp) - 1)
    yield _by_text("month", hits["session"].dt.strftime("%Y-%m"))
    stays = [*(str(one) for one in range(1, _MOST_STAYS)), f"{_MOST_STAYS}+"]
    yield _Grouping(
        "nth_today", stays, np.minimum(hits["nth_today"].to_numpy(), _MOST_STAYS).astype(np.intp) - 1
    )
    for name in FIFTHS:
        fifth = hits[f"{name}_fifth"].fill_null(0).to_numpy().astype(np.intp)
        yield _Grouping(name, [str(one) for one in range(1, 6)], fifth - 1)
    for name in dict.fromkeys((SECTOR, *plan.settings.groups)):
        yield _by_text(name, hits[name])


def _by_text(name: str, values: pl.Series) -> _Grouping:
    labels = values.drop_nulls().unique().sort().to_list()
    level = values.replace_strict(labels, list(range(len(labels))), default=-1, return_dtype=pl.Int64)
    return _Grouping(name, labels, level.fill_null(-1).to_numpy().astype(np.intp))
