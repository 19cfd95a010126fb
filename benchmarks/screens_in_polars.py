"""The two screens of the benchmark ``range`` over all days at once: what polars alone needs.

    python benchmarks/screens_in_polars.py OUT DAILY MINUTES...

It shares no code with the engine, holds the whole range in memory, and knows these two screens only; no
splits, no pre-market, no half days. Minutes are files by date, each from one open to one close.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

_LAST_SCAN: Final = 385
_RSI_SESSIONS: Final = 5
_RSI: Final = 14
_OPEN: Final = 14 * 60 + 30
_DAYS: Final = 20
_TAKE: Final = 50
_BY_DAY: Final = ("symbol", "day")


def find_hits(daily: Path, minutes: Sequence[Path]) -> pl.DataFrame:
    """Return ``scanner, day, mark, symbol``: the number of the day, and minutes since the open."""
    stored = pl.read_parquet(daily)
    dates = [date.fromisoformat(path.stem.removeprefix("1m_")) for path in minutes]
    number = {day: place for place, day in enumerate([*stored["date"].unique().sort(), *dates])}
    first = len(number) - len(dates)
    fives = _fives(minutes, number)
    days = _days(stored, fives, number)
    known = fives.join(_rsi(fives, range(first, len(number))), on=[*_BY_DAY, "mark"], how="left")
    known = _carried(known).join(days, on=_BY_DAY, how="left").filter(pl.col("mark") <= _LAST_SCAN)
    found = pl.concat([_strong(known), _busy(known)])
    return found.with_columns(pl.col("day") - first).sort("scanner", "day", "mark", "symbol")


def _fives(paths: Sequence[Path], number: dict[date, int]) -> pl.DataFrame:
    """Return what is known at every fifth minute in which a symbol traded, by day, symbol and time."""
    days = [number[date.fromisoformat(path.stem.removeprefix("1m_"))] for path in paths]
    return pl.concat(pl.collect_all([_fives_of(path, day) for path, day in zip(paths, days, strict=True)]))


def _fives_of(path: Path, day: int) -> pl.LazyFrame:
    minute = pl.col("ts").dt.hour().cast(pl.Int32) * 60 + pl.col("ts").dt.minute() - _OPEN
    turnover = (pl.col("high") + pl.col("low") + pl.col("close")) * pl.col("volume")
    return (
        pl.scan_parquet(path)
        .select("symbol", "close", pl.col("volume").cast(pl.Float64), end=minute + 1, turnover=turnover)
        .sort("symbol", maintain_order=True)  # the file is by time
        .with_columns(pl.col("volume", "turnover").cum_sum().over("symbol"))
        .group_by("symbol", ((pl.col("end") - 1) // 5 * 5 + 5).alias("mark"), maintain_order=True)
        .agg(pl.lit(day, pl.Int32).alias("day").first(), pl.col("close", "volume", "turnover", "end").last())
    )


def _carried(fives: pl.DataFrame) -> pl.DataFrame:
    """Add the marks without a bar at which the last one ended no more than five minutes ago."""
    later = fives.filter(pl.col("end") == pl.col("mark")).with_columns(pl.col("mark") + 5)
    return pl.concat([fives, later.join(fives, on=[*_BY_DAY, "mark"], how="anti")])


def _days(stored: pl.DataFrame, fives: pl.DataFrame, number: dict[date, int]) -> pl.DataFrame:
    """Return what is known of a day before its open: the last close, and the means of 20 days."""
    before = stored.select(
        "symbol",
        day=pl.col("date").replace_strict(number, return_dtype=pl.Int32),
        close=pl.col("close"),
        volume=pl.col("volume").cast(pl.Float64),
    )
    played = fives.group_by(_BY_DAY, maintain_order=True).agg(pl.col("close", "volume").last())
    days = pl.concat([before, played]).sort(_BY_DAY)
    whole = pl.col("day") - pl.col("day").shift(_DAYS - 1).over("symbol") == _DAYS - 1
    means = [
        pl.when(whole).then(pl.col(name).rolling_mean(_DAYS).over("symbol")).alias(f"mean_{name}")
        for name in ("close", "volume")
    ]
    return days.select("symbol", pl.col("day") + 1, *means, previous="close")


def _rsi(fives: pl.DataFrame, days: Sequence[int]) -> pl.DataFrame:
    """Return the RSI of every day, each from exactly the sessions before it that it may see."""
    parts = [
        _rsi_of(fives.lazy().filter(pl.col("day").is_between(day - _RSI_SESSIONS, day)), day) for day in days
    ]
    return pl.concat(pl.collect_all(parts))


def _rsi_of(fives: pl.LazyFrame, day: int) -> pl.LazyFrame:
    change = pl.col("close").diff().over("symbol")
    number = pl.int_range(pl.len()).over("symbol")
    moves = fives.select(*_BY_DAY, "mark", number=number, up=change.clip(0), down=(-change).clip(0))
    smoothed = [
        pl.when(pl.col("number") == _RSI)
        .then(pl.col(name).rolling_mean(_RSI).over("symbol"))
        .when(pl.col("number") > _RSI)
        .then(name)
        .alias(name)
        for name in ("up", "down")
    ]
    mean = {
        name: pl.col(name).ewm_mean(alpha=1 / _RSI, adjust=False, ignore_nulls=True).over("symbol")
        for name in ("up", "down")
    }
    share = mean["up"] / (mean["up"] + mean["down"])
    return (
        moves.with_columns(smoothed)
        .with_columns(rsi=100 * share)
        .filter(pl.col("day") == day)
        .select(*_BY_DAY, "mark", pl.col("rsi").fill_nan(None))
    )


def _strong(known: pl.DataFrame) -> pl.DataFrame:
    change = (pl.col("close") / pl.col("previous") - 1) * 100
    vwap = pl.col("turnover") / (pl.col("volume") * 3)
    met = (pl.col("close") > vwap + 1e-9) & (change > 0.2 + 1e-9) & (pl.col("rsi") > 55 + 1e-9)
    best = known.with_columns(change=change).filter(met).sort("change", "symbol", descending=[True, False])
    kept = best.group_by("day", "mark", maintain_order=True).head(_TAKE)
    return _named(kept, "strong")


def _busy(known: pl.DataFrame) -> pl.DataFrame:
    met = (
        (pl.col("volume") > 0.3 * pl.col("mean_volume"))
        & (pl.col("rsi") > 60 + 1e-9)
        & (pl.col("close") > pl.col("mean_close") + 1e-9)
    )
    return _named(known.filter(met), "busy")


def _named(found: pl.DataFrame, scanner: str) -> pl.DataFrame:
    return found.select(pl.lit(scanner).alias("scanner"), "day", "mark", "symbol")


if __name__ == "__main__":
    find_hits(Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]]).write_parquet(sys.argv[1])
