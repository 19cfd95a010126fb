"""The rows of ``hits.parquet``: a session's studied hits with what came of each horizon."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from symscan.model.bar import Floats
from symscan.model.instant import MINUTE
from symscan.research.statistics.horizons import Horizon
from symscan.research.statistics.reasons import REASONS, OutcomeReason
from symscan.research.study.plan import StudyPlan
from symscan.research.study.session.outcomes import HeadlineRows, HitOutcomes, ScannerSession
from symscan.runs.schemas import INSTANT, PHASE_PLACE

NO_CHANGE: Final = "no_change"
"""Why a hit has no outcome on the side of its change: the change is not known, or none."""

CHANGE_MATCHED: Final = "_matched_on_change"
"""The excess at the headline against symbols that had moved as much."""

PER_HORIZON: Final = (
    *("ret", "excess", "excess_all", "controls", "mfe", "mae", "mfe_min", "mae_min", "why"),
)
"""Columns of each horizon, before ``_`` and its name."""

KEYS: Final = ("session", "scan_at", "phase", "scanner", "rank")
"""What rows are sorted by; ``phase`` in the order of scans of one instant."""


def hit_frame(
    plan: StudyPlan, day: date, name: str, session: ScannerSession, symbols: tuple[str, ...]
) -> pl.DataFrame:
    """Return the rows of one scanner's hits of a session, without those of any horizon."""
    hits, scans = session.hits, session.scans
    at = np.array([one.at for one in scans], np.int64)[hits.scan]
    decided = np.array([one.decided_at for one in scans], np.int64)[hits.scan]
    entry = session.entry
    is_entered = entry.start >= 0
    age = np.where(is_entered, (entry.start - decided) / MINUTE, np.nan)
    stratum = np.broadcast_to(session.strata, session.verdict.shape)[hits.scan, hits.column]
    fillable = plan.settings.volume_share * entry.volume * entry.price
    phases = np.array([str(one.phase) for one in scans], np.str_)
    columns: dict[str, pl.Series] = {
        "session": pl.Series([day], dtype=pl.Date).new_from_index(0, len(hits)),
        "scan_at": pl.Series(at).cast(INSTANT),
        "decided_at": pl.Series(decided).cast(INSTANT),
        "scanner": pl.Series([name], dtype=pl.String).new_from_index(0, len(hits)),
        "phase": pl.Series(phases[hits.scan] if len(hits) else [], dtype=pl.String),
        "symbol": pl.Series(symbols, dtype=pl.String).gather(hits.column),
        "rank": pl.Series(hits.rank, dtype=pl.Int32),
        "new": pl.Series(hits.new, dtype=pl.Boolean),
        "state": pl.Series(hits.entered).replace_strict(
            {True: "entered", False: "stayed"}, return_dtype=pl.String
        ),
        "nth_today": pl.Series(hits.stay, dtype=pl.Int32),
        "price": _known(hits.price),
        "entry_at": pl.Series(entry.start).cast(INSTANT).set(pl.Series(~is_entered), None),
        "entry_price": _known(entry.price),
        "entry_age_min": _known(age),
        "stratum": pl.Series(stratum, dtype=pl.Int32),
        **{key: values.gather(hits.column) for key, values in session.columns.items()},
        "fillable_value": _known(fillable),
        "flags": pl.Series(np.where(fillable < plan.settings.value, "thin", ""), dtype=pl.String),
    }
    return pl.DataFrame([values.alias(key) for key, values in columns.items()])


def add_horizons(frame: pl.DataFrame, side: Floats, outcomes: Mapping[Horizon, HitOutcomes]) -> pl.DataFrame:
    """Return the rows with what came of each horizon, on the side of each hit."""
    columns = [one for horizon, outcome in outcomes.items() for one in _of_horizon(horizon, outcome, side)]
    ages = [_stale(horizon, outcome) for horizon, outcome in outcomes.items()]
    frame = frame.with_columns(columns)
    if not ages:
        return frame
    flags = pl.concat_str([pl.col("flags"), *map(pl.lit, ages)], separator=" ")
    return frame.with_columns(flags.str.replace_all(" +", " ").str.strip_chars().alias("flags"))


def add_headline(
    frame: pl.DataFrame, side: Floats, headline: HeadlineRows, delays: tuple[int, ...]
) -> pl.DataFrame:
    """Return the rows with columns of our own: the excess of later entries, and of others; a control."""
    late = [
        _known(headline.delays[:, place] * side).alias(f"_delay_{minutes}")
        for place, minutes in enumerate(delays)
    ]
    if headline.matched_on_change is not None:
        late.append(_known(headline.matched_on_change * side).alias(CHANGE_MATCHED))
    return frame.with_columns(*late, _known(headline.control * side).alias("_control"))


def sort_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows in the order of the file."""
    return frame.sort("session", "scan_at", PHASE_PLACE, "scanner", "rank", maintain_order=True)


def _of_horizon(horizon: Horizon, outcome: HitOutcomes, side: Floats) -> list[pl.Series]:
    is_long, name = ~(side < 0.0), horizon.name
    ret = outcome.ret * side
    values = {
        "ret": ret,
        "excess": outcome.excess * side,
        "excess_all": outcome.excess_all * side,
        "mfe": np.where(is_long, outcome.mfe, -outcome.mae) + (side - side),
        "mae": np.where(is_long, outcome.mae, -outcome.mfe) + (side - side),
        "mfe_min": np.where(is_long, outcome.mfe_minutes, outcome.mae_minutes) + (side - side),
        "mae_min": np.where(is_long, outcome.mae_minutes, outcome.mfe_minutes) + (side - side),
    }
    known = ~np.isnan(ret)
    found = {key: _known(one + 0.0) for key, one in values.items()}  # no -0.0
    found["controls"] = pl.Series(outcome.controls, dtype=pl.Int32).set(pl.Series(~known), None)
    found["why"] = _reasons(outcome, side)
    columns = {key: found[key] for key in PER_HORIZON}
    if outcome.ended_excess is not None:
        columns["_ended"] = _known(outcome.ended_excess * side)
    return [values.alias(f"{key}_{name}") for key, values in columns.items()]


def _reasons(outcome: HitOutcomes, side: Floats) -> pl.Series:
    """Return why a return is unknown, or an excess alone; null where both are known."""
    code = np.where(
        (outcome.why == OutcomeReason.KNOWN) & np.isnan(outcome.excess),
        np.int8(OutcomeReason.UNMATCHED),
        outcome.why,
    )
    texts = np.array([*REASONS, NO_CHANGE])[
        np.where(np.isnan(side) & (outcome.why == OutcomeReason.KNOWN), -1, code)
    ]
    return pl.Series(texts, dtype=pl.String).replace("", None)


def _stale(horizon: Horizon, outcome: HitOutcomes) -> pl.Series:
    """Return the flags of exits at a last price, with its age in minutes, or in sessions (``2s``)."""
    texts = [
        f"stale_exit:{horizon.name}:{age:g}" if age == age else "" for age in outcome.age_minutes.tolist()
    ]
    if outcome.age_sessions is not None:
        ages = outcome.age_sessions.tolist()
        texts = [f"stale_exit:{horizon.name}:{age}s" if age else "" for age in ages]
    return pl.Series(texts, dtype=pl.String)


def _known(values: Floats) -> pl.Series:
    return pl.Series(values, dtype=pl.Float64, nan_to_null=True)
