"""Sum up a study and write its folder."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from symscan.research.statistics.evidence import Estimate
from symscan.research.statistics.families import normal_scores
from symscan.research.study import files, tries
from symscan.research.study.make import PreparedStudy, StudiedHits
from symscan.research.study.plan import StudyPlan
from symscan.research.study.tables.groups import groups_frame
from symscan.research.study.tables.matched_on_change import matched_on_change_frame
from symscan.research.study.tables.summary import (
    HorizonSums,
    session_index,
    sessions_frame,
    summary_frame,
    unknown_frame,
)
from symscan.research.study.tables.timing import curve_frame, delays_frame, quantiles_frame


def study_files(
    study: PreparedStudy, studied: StudiedHits, sums: Sequence[HorizonSums], *, csv: bool
) -> dict[str, bytes]:
    """Return the files of a study by their names, without the tries and the report."""
    rows = studied.hits.select(name for name in studied.hits.columns if not name.startswith("_"))
    zone, index = study.sessions[0].zone, session_index(studied.hits, studied.days)
    plan = study.plan
    found = {
        files.STUDY: files.as_json(study_record(study)),
        files.HITS: files.as_parquet(rows),
        files.SUMMARY: files.as_csv(summary_frame(sums, study.plan)),
        files.GROUPS: files.as_csv(groups_frame(studied.hits, study.plan, studied.days, zone)),
        files.SESSIONS: files.as_csv(sessions_frame(sums)),
        files.CURVE: files.as_csv(curve_frame(studied.curves, studied.minutes, plan)),
        files.DELAYS: files.as_csv(delays_frame(studied.hits, plan, index, len(studied.days))),
        files.MATCHED_ON_CHANGE: files.as_csv(matched_on_change_frame(studied.hits, plan, studied.days)),
        files.QUANTILES: files.as_csv(quantiles_frame(studied.hits, plan)),
        files.UNKNOWN: files.as_csv(unknown_frame(sums)),
    }
    if csv:
        found[files.HITS_CSV] = files.as_csv(rows)
    return found


def study_record(study: PreparedStudy) -> dict[str, Any]:
    """Return what ``study.json`` holds: what the study is of, and how it measures."""
    described = study.description
    return {
        "format_version": files.FORMAT_VERSION,
        "study": settings_record(study.plan),
        "sessions": [str(one.date) for one in study.sessions],
        "scanners": {name: described.facts["scanners"][name] for name in study.plan.scanners},
        "holdout": {
            "from": _text(study.plan.settings.holdout_from),
            "opened": study.opens_holdout,
        },
        "run": described.as_record(),
    }


def settings_record(plan: StudyPlan) -> dict[str, Any]:
    """Return the settings of a study with every default said."""
    settings = asdict(plan.settings)
    settings |= {
        "horizons": [one.name for one in plan.horizons],
        "headline": plan.headline.name,
        "match": list(plan.settings.match),
        "groups": list(plan.settings.groups),
        "spread": "estimate" if plan.settings.spread is None else plan.settings.spread,
        "holdout_from": _text(plan.settings.holdout_from),
    }
    return settings


def headline_t(sums: Sequence[HorizonSums], plan: StudyPlan) -> dict[str, float | None]:
    """Return the t of each scanner's headline, None where there is none."""
    found = {one.scanner: one.excess.t for one in sums if one.horizon == plan.headline}
    return {name: None if math.isnan(t) else t for name, t in found.items()}


def headline_deviates(sums: Sequence[HorizonSums], plan: StudyPlan) -> dict[str, float | None]:
    """Return the normal deviates that are as probable as :func:`headline_t`."""
    found = {one.scanner: one.excess for one in sums if one.horizon == plan.headline}
    return {name: None if math.isnan(one.t) else _deviate(one) for name, one in found.items()}


def counted_tries(
    study: PreparedStudy,
    t: Mapping[str, float | None],
    deviates: Mapping[str, float | None],
    earlier: Sequence[tries.Try],
) -> dict[str, Any]:
    """Return what follows from the tries so far: ``tries.json``."""
    days = [one.date for one in study.sessions]
    return tries.count_tries(earlier, _digests(study), t, days, deviates)


def remember_try(study: PreparedStudy, t: Mapping[str, float | None], memory: Path) -> None:
    """Add this study to the memory of tries."""
    days, names = [one.date for one in study.sessions], [one.name for one in study.plan.horizons]
    record = tries.try_record(_digests(study), t, days, names, is_holdout=study.opens_holdout)
    tries.append_try(memory, record)


def _deviate(found: Estimate) -> float:
    score = normal_scores(np.array([found.t]), np.array([found.degrees])).item()
    return math.copysign(score, found.t)


def _digests(study: PreparedStudy) -> dict[str, str]:
    known = study.description.facts["scanners"]
    return {name: str(known[name]["digest"]) for name in study.plan.scanners}


def _text(day: date | None) -> str | None:
    return None if day is None else str(day)
