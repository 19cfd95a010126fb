"""What a scanner's values were when symbols came to its list, beside the thresholds of its condition."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import numpy as np
import polars as pl

from symscan.runs.reading import RunFiles
from symscan.runs.schemas import VALUES_KEYS

_MOST_NAMES: Final = 6
_BINS: Final = 24
_TEXTS: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_COMPARISON: Final = re.compile(
    r"\b([A-Za-z_]\w*)\s*(?:>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)(?![\w.])(?!\s*[-+*/%])"
)


def entry_values(
    run: RunFiles, scanner: str, stays: pl.DataFrame, sessions: Sequence[date]
) -> list[dict[str, Any]]:
    """Return the distribution of each number among a scanner's values at entry.

    Values outside the inner 98 percent are counted in the outermost bins.

    Raises
    ------
    DataError
        If a file is damaged.
    """
    numbers = _numbers(run, scanner, stays, sessions)
    limits = thresholds(where_of(run, scanner))
    names = sorted(numbers.columns, key=lambda name: name not in limits)[:_MOST_NAMES]
    told = (_distribution(name, numbers[name], limits.get(name, [])) for name in names)
    return [one for one in told if one is not None]


def where_of(run: RunFiles, scanner: str) -> str:
    """Return the condition of a screen; nothing for a scanner in code."""
    facts = {} if run.description is None else run.description.facts
    resolved = facts.get("configuration", {}).get("resolved", {})
    for one in resolved.get("scanners", []):
        if one.get("name") == scanner:
            return str((one.get("screen") or {}).get("where") or "")
    return ""


def thresholds(where: str) -> Mapping[str, list[float]]:
    """Return the numbers that names are compared with in a condition: ``rsi_14 > 70``."""
    found: dict[str, list[float]] = {}
    for name, number in _COMPARISON.findall(_TEXTS.sub("''", where)):
        found.setdefault(name, []).append(float(number))
    return found


def _numbers(run: RunFiles, scanner: str, stays: pl.DataFrame, sessions: Sequence[date]) -> pl.DataFrame:
    """Return the columns of numbers among a scanner's values, at entries."""
    keys = [*VALUES_KEYS]
    lazy = run.values(scanner)
    schema = lazy.collect_schema()
    names = [name for name, kind in schema.items() if name not in keys and kind == pl.Float64()]
    if not names or not sessions:
        return pl.DataFrame()
    entries = stays.select(pl.col("entered").alias("scan_at"), "phase", "symbol").lazy()
    joined = lazy.select(*keys, *names).join(entries, on=["scan_at", "phase", "symbol"], how="semi")
    return run.collect(joined.select(names))


def _distribution(name: str, series: pl.Series, limits: Sequence[float]) -> dict[str, Any] | None:
    values = series.drop_nulls().to_numpy()
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = (float(one) for one in np.quantile(values, (0.01, 0.99)))
    low, high = min([low, *limits]), max([high, *limits])
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(np.clip(values, low, high), bins=_BINS, range=(low, high))
    return {
        "name": name,
        "count": len(values),
        "unknown": len(series) - len(values),
        "median": _short(float(np.median(values))),
        "low": _short(low),
        "high": _short(high),
        "thresholds": list(limits),
        "counts": counts.tolist(),
    }


def _short(value: float) -> float:
    return float(f"{value:.6g}")
