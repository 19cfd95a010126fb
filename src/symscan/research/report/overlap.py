"""How far scanners find the same, and which of them is first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Final

import polars as pl

_MOST_PAIRS: Final = 20
_DAY: Final = ["session", "symbol"]


def overlap(stays: pl.DataFrame, scanners: Sequence[str]) -> dict[str, Any]:
    """Return the shares of symbols of a session that scanners have in common, and who is first.

    Returns
    -------
    dict
        ``scanners``; ``pct``: of what the scanner of the row found, how much the one of the column found
        in the same session, too; ``lead``: for each pair, how often which was first, and the median of
        minutes from one to the other.
    """
    firsts = {
        name: stays.filter(pl.col("scanner") == name).group_by(_DAY).agg(pl.col("entered").min())
        for name in scanners
    }
    both = {(a, b): firsts[a].join(firsts[b], on=_DAY, suffix="_b") for a, b in combinations(scanners, 2)}
    return {
        "scanners": list(scanners),
        "pct": [[_share(a, b, firsts, both) for b in scanners] for a in scanners],
        "lead": _leads(both),
    }


def _share(
    a: str, b: str, firsts: dict[str, pl.DataFrame], both: dict[tuple[str, str], pl.DataFrame]
) -> float | None:
    whole = firsts[a].height
    if not whole:
        return None
    common = whole if a == b else (both[a, b] if (a, b) in both else both[b, a]).height
    return round(100.0 * common / whole, 1)


def _leads(both: dict[tuple[str, str], pl.DataFrame]) -> list[dict[str, Any]]:
    rows = [_lead(a, b, frame) for (a, b), frame in both.items() if frame.height]
    return sorted(rows, key=lambda one: -one["both"])[:_MOST_PAIRS]


def _lead(a: str, b: str, frame: pl.DataFrame) -> dict[str, Any]:
    minutes = (frame["entered_b"] - frame["entered"]).dt.total_seconds() / 60.0
    median = minutes.median()
    return {
        "a": a,
        "b": b,
        "both": frame.height,
        "a_first": int((minutes > 0).sum()),
        "b_first": int((minutes < 0).sum()),
        "median_minutes": round(median, 1) if isinstance(median, float) else None,
    }
