"""How much the entry bars could take, and what is found where it is enough."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from symscan.research.statistics.evidence import Estimate, estimate
from symscan.research.statistics.horizons import parse_horizon
from symscan.research.study.study import Study
from symscan.research.study.verdict import after, basis_points


def fillable_sentence(study: Study, scanner: str) -> str | None:
    """Return how many hits could take a position, and their excess alone; None where volumes are unknown."""
    hits = study.hits.filter(pl.col("scanner") == scanner).drop_nulls("fillable_value")
    if hits.is_empty():
        return None
    value, median = study.settings["value"], float(np.median(hits["fillable_value"].to_numpy()))
    could = hits.filter(pl.col("fillable_value") >= value)
    line = (
        f"{study.settings['volume_share']:.0%} of the entry bar was worth {median:,.0f} (the median); "
        f"{could.height / hits.height:.0%} of hits could take {value:,.0f}"
    )
    found = _excess(study, could)
    if not found.has_interval:
        return f"{line}."
    reach = f"95% interval {basis_points(found.lo)} to {basis_points(found.hi)}"
    return f"{line}; these alone: {basis_points(found.mean)} {after(study.headline)}, {reach}."


def _excess(study: Study, hits: pl.DataFrame) -> Estimate:
    """Return the excess of some hits at the headline, by session."""
    days = pl.DataFrame({"session": [date.fromisoformat(day) for day in study.record["sessions"]]})
    own = hits.drop_nulls(f"excess_{study.headline}").group_by("session")
    sums = own.agg(pl.len().alias("n"), pl.col(f"excess_{study.headline}").sum().alias("total"))
    sums = days.join(sums, on="session", how="left", maintain_order="left").fill_null(0)
    counts, totals = (sums[name].cast(pl.Float64).to_numpy() for name in ("n", "total"))
    return estimate(counts, totals, parse_horizon(study.headline).overlap)
