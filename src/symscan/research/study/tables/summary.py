"""What all hits come to, by scanner and horizon: ``summary.csv``, ``sessions.csv`` and ``unknown.csv``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.bar import Floats
from symscan.research.statistics.evidence import Estimate, Mark, SessionSums, estimate, session_sums
from symscan.research.statistics.families import bootstrap_t_interval, family_p, session_draws
from symscan.research.statistics.horizons import Horizon
from symscan.research.study.plan import StudyPlan
from symscan.research.study.tables.costs import NO_SPREAD, ROUGH_SPREAD

SHORTEST: Final = "5m"
"""The horizon that is known of most of those that are unknown at a longer one."""

ENDED: Final = "ended"


@dataclass(frozen=True, eq=False)
class HorizonSums:
    """The hits of one scanner at one horizon.

    Attributes
    ----------
    hits
        The rows of all its hits.
    sums
        By session.
    excess, net, ret
        The estimates of the excess, of the excess after costs, and of the return.
    """

    scanner: str
    horizon: Horizon
    hits: pl.DataFrame
    sums: SessionSums
    days: Sequence[date]

    @classmethod
    def of(cls, hits: pl.DataFrame, scanner: str, horizon: Horizon, days: Sequence[date]) -> HorizonSums:
        """Sum up the rows of one scanner."""
        name = horizon.name
        ret, excess, excess_all = (column(hits, f"{key}_{name}") for key in ("ret", "excess", "excess_all"))
        index, cost = session_index(hits, days), column(hits, "cost_bp")
        sums = session_sums(index, len(days), ret, excess, excess_all, cost)
        return cls(scanner, horizon, hits, sums, days)

    @cached_property
    def excess(self) -> Estimate:
        return estimate(self.sums.matched, self.sums.sum_excess, self.horizon.overlap)

    @cached_property
    def net(self) -> Estimate:
        return estimate(self.sums.matched, self.sums.sum_net, self.horizon.overlap)

    @cached_property
    def ret(self) -> Estimate:
        return estimate(self.sums.n, self.sums.sum_ret, self.horizon.overlap, is_raw=True)

    def values(self, key: str) -> pl.Series:
        """Return a column of this horizon."""
        return self.hits[f"{key}_{self.horizon.name}"]


def summarize(hits: pl.DataFrame, plan: StudyPlan, days: Sequence[date]) -> list[HorizonSums]:
    """Sum up all hits, by scanner and horizon."""
    of = {name: hits.filter(pl.col("scanner") == name) for name in plan.scanners}
    return [HorizonSums.of(of[name], name, one, days) for name in plan.scanners for one in plan.horizons]


def summary_frame(sums: Sequence[HorizonSums], plan: StudyPlan) -> pl.DataFrame:
    """Return the rows of ``summary.csv``."""
    family = _family(sums, plan)
    rows = [_summary_row(one, p, plan) for one, p in zip(sums, family.tolist(), strict=True)]
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col(pl.Float64).fill_nan(None))


def sessions_frame(sums: Sequence[HorizonSums]) -> pl.DataFrame:
    """Return the rows of ``sessions.csv``: the sums that all figures follow from."""
    frames = []
    for one in sums:
        reasons = _reasons_by_session(one)
        part = {
            "scanner": one.scanner,
            "session": pl.Series(one.days, dtype=pl.Date),
            "horizon": one.horizon.name,
            "n": one.sums.n.astype(np.int64),
            "unmatched": one.sums.unmatched.astype(np.int64),
            "unknown": reasons,
            **{
                key: getattr(one.sums, key)
                for key in (
                    *("sum_ret", "sum_excess", "sum_excess_all", "sum_cost", "sum_matched_cost"),
                    "sum_excess_sq",
                )
            },
            "wins": one.sums.wins.astype(np.int64),
        }
        frames.append(pl.DataFrame(part))
    return pl.concat(frames) if frames else pl.DataFrame()


def unknown_frame(sums: Sequence[HorizonSums]) -> pl.DataFrame:
    """Return the rows of ``unknown.csv``: why hits have no outcome, and what is known of them besides."""
    rows = [row for one in sums for row in _unknown_rows(one)]
    schema = {
        "scanner": pl.String,
        "horizon": pl.String,
        "reason": pl.String,
        "n": pl.Int64,
        "share": pl.Float64,
        "mean_excess_5m_of_these": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def column(hits: pl.DataFrame, name: str) -> Floats:
    """Return a column as numbers, NaN where it is unknown."""
    return hits[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def session_index(hits: pl.DataFrame, days: Sequence[date]) -> NDArray[np.intp]:
    """Return the place of each row's session among the sessions of the study."""
    places = pl.DataFrame({"session": pl.Series(days, dtype=pl.Date), "place": np.arange(len(days))})
    found = hits.select("session").join(places, on="session", how="left", maintain_order="left")
    return found["place"].to_numpy().astype(np.intp)


def _family(sums: Sequence[HorizonSums], plan: StudyPlan) -> Floats:
    """Return the p of each estimate as one of the family of all."""
    overlap = max((one.horizon.overlap for one in sums), default=0)
    weights = session_draws(len(sums[0].days), overlap, plan.settings.seed)
    has_hits = np.array([one.excess.n > 0 for one in sums])
    result = np.full(len(sums), np.nan)
    if has_hits.any():
        chosen = [one for one in sums if one.excess.n > 0]
        result[has_hits] = family_p(
            np.stack([one.sums.matched for one in chosen]),
            np.stack([one.sums.sum_excess for one in chosen]),
            np.array([one.excess.t for one in chosen]),
            np.array([one.excess.degrees for one in chosen]),
            weights,
            overlap,
        )
    return result


def _summary_row(one: HorizonSums, p_family: float, plan: StudyPlan) -> dict[str, Any]:
    excess, net, ret, sums = one.excess, one.net, one.ret, one.sums
    low, high = _second_opinion(one, plan)
    matched = sums.matched.sum()
    ended = one.hits.filter(one.values("why") == ENDED)
    return {
        "scanner": one.scanner,
        "horizon": one.horizon.name,
        "n": ret.n,
        "sessions": ret.sessions,
        "n_unknown": one.hits.height - ret.n,
        "n_unmatched": int(sums.unmatched.sum()),
        "mean_ret": ret.mean,
        "ret_lo": ret.lo,
        "ret_hi": ret.hi,
        "mean_excess": excess.mean,
        "lo": excess.lo,
        "hi": excess.hi,
        "t": excess.t,
        "p": excess.p,
        "p_family": p_family,
        "boot_t_lo": low,
        "boot_t_hi": high,
        "mean_excess_all": _ratio(sums.sum_excess_all.sum(), matched),
        "mean_of_sessions": excess.mean_of_sessions,
        "median_excess": _number(one.values("excess").median()),
        "win_share": _ratio(sums.wins.sum(), matched),
        "cost_bp": _ratio(sums.sum_cost.sum(), sums.n.sum()),
        "net": net.mean,
        "net_lo": net.lo,
        "net_hi": net.hi,
        "net_ret": _ratio(sums.sum_ret.sum() - sums.sum_cost.sum(), sums.n.sum()),
        "breakeven_bp": max(excess.mean, 0.0) if excess.n else np.nan,
        "best_session": _day(one, excess.best_session),
        "worst_session": _day(one, excess.worst_session),
        "without_best": excess.without_best,
        "without_worst": excess.without_worst,
        "mean_mfe": _number(one.values("mfe").mean()),
        "mean_mae": _number(one.values("mae").mean()),
        "ended_n": ended.height,
        "excess_if_ended": _if_ended(one, ended),
        "marks": " ".join(_marks(one, plan)),
    }


def _second_opinion(one: HorizonSums, plan: StudyPlan) -> tuple[float, float]:
    if not one.excess.has_interval:
        return np.nan, np.nan
    overlap = one.horizon.overlap
    weights = session_draws(len(one.days), overlap, plan.settings.seed)
    return bootstrap_t_interval(one.sums.matched, one.sums.sum_excess, weights, overlap)


def _if_ended(one: HorizonSums, ended: pl.DataFrame) -> float:
    """Return the mean excess if symbols that ended are worth what the settings say."""
    name = f"_ended_{one.horizon.name}"
    if name not in ended.columns:
        return np.nan
    values = column(ended, name)
    known = values[~np.isnan(values)]
    total, n = one.sums.sum_excess.sum() + known.sum(), one.sums.matched.sum() + len(known)
    return _ratio(total, n)


def _marks(one: HorizonSums, plan: StudyPlan) -> Iterator[str]:
    marks = dict.fromkeys([*one.excess.marks, *(mark for mark in one.ret.marks if mark is Mark.ROUGH)])
    yield from (str(mark) for mark in marks)
    if one.ret.n and not one.sums.matched.sum():
        yield "no_controls"
    flagged = one.hits["flags"].str.contains(NO_SPREAD)
    if flagged.sum() * 2 > max(one.hits.height, 1):
        yield NO_SPREAD
    if plan.has_rough_spreads and one.ret.n:
        yield ROUGH_SPREAD


def _reasons_by_session(one: HorizonSums) -> NDArray[np.int64]:
    index = session_index(one.hits, one.days)
    unknown = np.isnan(column(one.hits, f"ret_{one.horizon.name}"))
    return np.bincount(index[unknown], minlength=len(one.days)).astype(np.int64)


def _unknown_rows(one: HorizonSums) -> Iterator[tuple[Any, ...]]:
    why = one.values("why").drop_nulls()
    if one.hits.is_empty():
        return
    has_shortest = f"excess_{SHORTEST}" in one.hits.columns
    for reason in why.unique().sort().to_list():
        these = one.hits.filter(one.values("why") == reason)
        excess = these[f"excess_{SHORTEST}"].mean() if has_shortest else None
        yield one.scanner, one.horizon.name, reason, these.height, these.height / one.hits.height, excess


def _day(one: HorizonSums, place: int) -> date | None:
    return None if place < 0 else one.days[place]


def _ratio(total: float, n: float) -> float:
    return float(total / n) if n else np.nan


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)
