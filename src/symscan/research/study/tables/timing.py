"""When it happens: event time, later entries, and the distribution of hits beside that of controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.bar import Floats
from symscan.research.statistics.evidence import estimate, grouped_sums
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.curve import CurveSums
from symscan.research.study.tables.summary import column

DELAY_COLUMN: Final = "_delay_"
CONTROL_COLUMN: Final = "_control"
_SHARES: Final = tuple(range(1, 100))

CURVE_SCHEMA: Final = pl.Schema(
    {
        "scanner": pl.String(),
        "minute": pl.Int64(),
        "hits_ret": pl.Float64(),
        "controls_ret": pl.Float64(),
        "excess": pl.Float64(),
        "lo": pl.Float64(),
        "hi": pl.Float64(),
        "n": pl.Int64(),
    }
)
DELAYS_SCHEMA: Final = pl.Schema(
    {
        "scanner": pl.String(),
        "horizon": pl.String(),
        "delay": pl.Int64(),
        "unit": pl.String(),
        "n": pl.Int64(),
        "mean_excess": pl.Float64(),
        "lo": pl.Float64(),
        "hi": pl.Float64(),
    }
)
QUANTILES_SCHEMA: Final = pl.Schema(
    {
        "scanner": pl.String(),
        "horizon": pl.String(),
        "share_pct": pl.Int64(),
        "hits_ret": pl.Float64(),
        "controls_ret": pl.Float64(),
    }
)


def curve_frame(
    curves: Sequence[Mapping[str, CurveSums]], minutes: NDArray[np.int64], plan: StudyPlan
) -> pl.DataFrame:
    """Return the rows of ``curve.csv``, from the sums of each session."""
    rows = [row for name in plan.scanners for row in _curve(name, [one[name] for one in curves], minutes)]
    return _known(pl.DataFrame(rows, schema=CURVE_SCHEMA, orient="row"))


def delays_frame(hits: pl.DataFrame, plan: StudyPlan, index: NDArray[np.intp], sessions: int) -> pl.DataFrame:
    """Return the rows of ``delays.csv``: the headline for entries some minutes later, with the same exits."""
    rows = [row for name in plan.scanners for row in _delays(name, hits, plan, index, sessions)]
    return _known(pl.DataFrame(rows, schema=DELAYS_SCHEMA, orient="row"))


def quantiles_frame(hits: pl.DataFrame, plan: StudyPlan) -> pl.DataFrame:
    """Return the rows of ``quantiles.csv``: percentiles of hits, and of one control drawn for each."""
    rows = [row for name in plan.scanners for row in _quantiles(name, hits, plan)]
    return _known(pl.DataFrame(rows, schema=QUANTILES_SCHEMA, orient="row"))


def _curve(name: str, sums: Sequence[CurveSums], minutes: NDArray[np.int64]) -> Iterator[tuple[Any, ...]]:
    n, ret, control = (
        np.stack([getattr(one, key) for one in sums], axis=1) for key in ("n", "ret", "control")
    )
    for place, minute in enumerate(minutes.tolist()):
        total = n[place].sum()
        if not total:
            continue
        found = estimate(n[place], ret[place] - control[place])
        yield (
            name,
            minute,
            float(ret[place].sum() / total),
            float(control[place].sum() / total),
            found.mean,
            found.lo,
            found.hi,
            found.n,
        )


def _delays(
    name: str, hits: pl.DataFrame, plan: StudyPlan, index: NDArray[np.intp], sessions: int
) -> Iterator[tuple[Any, ...]]:
    own = (hits["scanner"] == name).to_numpy()
    for key in (one for one in hits.columns if one.startswith(DELAY_COLUMN)):
        values = column(hits, key)[own]
        counts, totals = grouped_sums(index[own], sessions, np.zeros(own.sum(), np.intp), 1, values)
        found = estimate(counts[0], totals[0], plan.headline.overlap)
        if found.n:
            delay = int(key.removeprefix(DELAY_COLUMN)) + plan.settings.delay_minutes
            unit = "sessions" if plan.is_daily else "minutes"
            yield name, plan.headline.name, delay, unit, found.n, found.mean, found.lo, found.hi


def _quantiles(name: str, hits: pl.DataFrame, plan: StudyPlan) -> Iterator[tuple[Any, ...]]:
    ret = f"ret_{plan.headline.name}"
    if CONTROL_COLUMN not in hits.columns:
        return
    own = hits.filter(pl.col("scanner") == name).drop_nulls([ret, CONTROL_COLUMN])
    if own.is_empty():
        return
    shares = [share / 100.0 for share in _SHARES]
    of_hits, of_controls = (_at(column(own, key), shares) for key in (ret, CONTROL_COLUMN))
    for share, hit, control in zip(_SHARES, of_hits, of_controls, strict=True):
        yield name, plan.headline.name, share, hit, control


def _at(values: Floats, shares: Sequence[float]) -> list[float]:
    found: list[float] = np.quantile(values, shares).tolist()
    return found


def _known(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None))
