"""Check daily bars against the regular intraday bars of their session."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from symscan.model.bar import BASIS_TOLERANCE
from symscan.model.session import Session
from symscan.sources.checking.findings import Findings


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far daily bars may lie from summed intraday ones, as fractions of the daily value.

    The official daily bar knows auctions and trades that many intraday feeds leave out: its close is
    the closing auction's, and its volume is larger.
    """

    price: float = 0.005
    volume: float = 0.5


def check_daily(
    daily: pl.DataFrame, intraday: pl.DataFrame, session: Session, tolerances: Tolerances, findings: Findings
) -> None:
    """Compare the daily bars of a session with its summed regular intraday bars."""
    start = pl.col("start").to_physical()
    summed = (
        intraday.lazy()
        .filter((start >= session.open) & (start < session.close))
        .group_by("symbol", maintain_order=True)
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        .collect()
    )
    day = str(session.date)
    _add_unmatched("only_daily", daily.join(summed, on="symbol", how="anti"), day, findings)
    _add_unmatched("only_intraday", summed.join(daily, on="symbol", how="anti"), day, findings)
    both = daily.join(summed, on="symbol", suffix="_summed", maintain_order="left")
    rebased = _deviation("close") > BASIS_TOLERANCE
    _add_pair("basis", "close", both.filter(rebased), day, findings)
    both = both.filter(~rebased)
    for field in ("open", "high", "low", "close"):
        _add_pair(f"daily_{field}", field, both.filter(_deviation(field) > tolerances.price), day, findings)
    _add_pair("daily_volume", "volume", both.filter(_deviation("volume") > tolerances.volume), day, findings)


def _deviation(field: str) -> pl.Expr:
    return (pl.col(f"{field}_summed") / pl.col(field) - 1.0).abs()


def _add_pair(kind: str, field: str, both: pl.DataFrame, day: str, findings: Findings) -> None:
    change = 100.0 * (pl.col(f"{field}_summed") / pl.col(field) - 1.0)
    found = both.select(
        "symbol",
        pl.lit(day).alias("at"),
        pl.format(
            f"daily {field} {{}}, intraday {{}} ({{}}%)", field, f"{field}_summed", change.round(2)
        ).alias("detail"),
        change.abs().alias("badness"),
    )
    findings.add(kind, found)


def _add_unmatched(kind: str, bars: pl.DataFrame, day: str, findings: Findings) -> None:
    found = bars.select(
        "symbol", pl.lit(day).alias("at"), pl.lit("").alias("detail"), pl.lit(0.0).alias("badness")
    )
    findings.add(kind, found)
