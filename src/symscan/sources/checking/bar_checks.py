"""Check the bars of one session: their values, and their times within it."""

from __future__ import annotations

from typing import Final

import polars as pl

from symscan.model.bar import FIELDS
from symscan.model.instant import MINUTE
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.sources.bar_rules import (
    contradiction,
    missing_value,
    negative_volume,
    not_positive,
    zero_volume_expr,
)
from symscan.sources.checking.findings import Findings

_PRICES: Final = pl.concat_str(FIELDS[:4], separator=" ", ignore_nulls=False).fill_null("?")
_START: Final = pl.col("start").to_physical()


def check_values(bars: pl.DataFrame, findings: Findings) -> None:
    """Check order, duplicates and values."""
    key = ["symbol", "start"] if "start" in bars.columns else ["symbol"]
    _check_order(bars, key, findings)
    is_missing = bars.select(missing_value().alias("missing")).to_series()
    values = pl.lit("open high low close volume: ") + _row_text()
    _add(findings, "missing_value", bars.filter(is_missing), values)
    whole = bars.filter(~is_missing)
    lowest = pl.min_horizontal(FIELDS[:4])
    _add(findings, "not_positive", whole.filter(not_positive()), "open high low close: " + _PRICES, -lowest)
    excess = pl.max_horizontal(
        pl.max_horizontal("open", "close", "low") - pl.col("high"),
        pl.col("low") - pl.min_horizontal("open", "close"),
    )
    _add(findings, "contradiction", whole.filter(contradiction()), "open high low close: " + _PRICES, excess)
    untraded = whole.filter(zero_volume_expr() | negative_volume())
    _add(findings, "no_volume", untraded, pl.format("volume {}", "volume"))


def check_in_session(bars: pl.DataFrame, interval: Interval, session: Session, findings: Findings) -> None:
    """Check grid, hours, and missing bars of regular hours."""
    step = interval.minutes * MINUTE
    off_grid = (_START - session.open) % step != 0
    _add(findings, "off_grid", bars.filter(off_grid), pl.lit(f"is off the {interval} grid"))
    outside = (session.pre_open > _START) | (session.post_close <= _START)
    _add(findings, "outside_hours", bars.filter(outside), pl.lit("is outside the session"))
    regular = bars.filter((session.open <= _START) & (session.close > _START) & ~off_grid)
    _check_gaps(regular, step, session, findings)


def _check_order(bars: pl.DataFrame, key: list[str], findings: Findings) -> None:
    same_symbol = pl.col("symbol") == pl.col("symbol").shift(1)
    backward = pl.col("symbol") < pl.col("symbol").shift(1)
    if "start" in key:
        backward |= same_symbol & (pl.col("start") < pl.col("start").shift(1))
    _add(findings, "disorder", bars.filter(backward), pl.lit("comes too late in its file"))
    repeated = bars.filter(~pl.struct(key).is_first_distinct()) if _has_repeats(bars, key) else bars.clear()
    _add(findings, "duplicate", repeated, pl.lit("is stored again"))


def _has_repeats(bars: pl.DataFrame, key: list[str]) -> bool:
    return bars.select(key).n_unique() < bars.height


def _check_gaps(regular: pl.DataFrame, step: int, session: Session, findings: Findings) -> None:
    slots = -(-(session.close - session.open) // step)
    number = (_START - session.open) // step
    gaps = (
        regular.with_columns(number.alias("slot"))
        .group_by("symbol", maintain_order=True)
        .agg(
            (slots - pl.col("slot").n_unique()).alias("missing"),
            pl.max_horizontal(
                pl.col("slot").diff().max() - 1, pl.col("slot").min(), slots - 1 - pl.col("slot").max()
            ).alias("longest"),
        )
        .filter(pl.col("missing") > 0)
    )
    named = gaps.select(
        "symbol",
        pl.lit(str(session.date)).alias("at"),
        pl.format(f"lacks {{}} of {slots} bars, {{}} in a row", "missing", "longest").alias("detail"),
        pl.col("missing").alias("badness"),
    )
    findings.add("gap", named, count=int(gaps["missing"].sum()))


def _row_text() -> pl.Expr:
    return pl.concat_str([pl.col(field).cast(pl.String).fill_null("null") for field in FIELDS], separator=" ")


def _add(
    findings: Findings, kind: str, bars: pl.DataFrame, detail: pl.Expr, badness: pl.Expr | None = None
) -> None:
    at = pl.col("start").dt.strftime("%Y-%m-%dT%H:%M:%SZ") if "start" in bars.columns else pl.col("session")
    found = bars.select(
        "symbol",
        at.cast(pl.String).alias("at"),
        detail.alias("detail"),
        (pl.lit(0.0) if badness is None else badness).alias("badness"),
    )
    findings.add(kind, found)
