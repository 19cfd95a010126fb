"""The two screens of the benchmark ``range`` over all days at once: what polars alone needs.

    python benchmarks/screens_in_polars.py OUT DAILY MINUTES...

It reads the store's files of minutes, sorted by symbol and start, and the raw daily bars. It shares no code
with the engine, holds the whole range in memory, and knows these two screens only; no splits, no pre-market,
no half days, no symbol without daily bars.

Wilder's averages begin anew on every day, with the bars of the five sessions before it. They are not
computed anew: they are linear, so that an average with another seed is the one over all days plus what is
left of the difference of the two seeds.
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
_FIVES: Final = 78
_TAKE: Final = 50
_MOST: Final = 1 << 12
"""More than there are days, and minutes of one."""


def find_hits(daily: Path, minutes: Sequence[Path]) -> pl.DataFrame:
    """Return ``scanner, day, mark, symbol``: the number of the day, and minutes since the open."""
    stored = pl.read_parquet(daily)
    symbols = pl.Enum(stored["symbol"].unique().sort())
    dates = [date.fromisoformat(path.name[:10]) for path in minutes]
    number = {day: place for place, day in enumerate([*stored["date"].unique().sort(), *dates])}
    first = len(number) - len(dates)
    fives = pl.concat(
        pl.collect_all([_fives_of(path, day, symbols) for day, path in enumerate(minutes, first)])
    ).sort("key")
    days = _days(stored, fives, number, symbols)
    known = _carried(_with_rsi(fives)).filter(pl.col("mark") <= _LAST_SCAN)
    known = known.join(days.lazy(), on=["symbol", "day"], how="left")
    found = pl.concat(pl.collect_all([_strong(known), _busy(known)]))
    names = symbols.categories[found["symbol"]].alias("symbol")
    found = found.select("scanner", pl.col("day") - first, "mark", names)
    return found.sort("scanner", "day", "mark", "symbol")


def _fives_of(path: Path, day: int, symbols: pl.Enum) -> pl.LazyFrame:
    """Return what is known of a day at every fifth minute in which a symbol traded."""
    minute = pl.col("start").dt.hour().cast(pl.Int32) * 60 + pl.col("start").dt.minute() - _OPEN
    bars = pl.scan_parquet(path).select(
        "close",
        "volume",
        key=pl.col("symbol").cast(symbols).to_physical().cast(pl.Int32) * _FIVES + minute // 5,
        end=minute + 1,
        turnover=(pl.col("high") + pl.col("low") + pl.col("close")) * pl.col("volume"),
    )
    fives = (
        bars.with_columns(pl.col("key").set_sorted())
        .group_by("key", maintain_order=True)
        .agg(pl.col("close", "end").last(), pl.col("volume", "turnover").sum())
    )
    symbol, mark = pl.col("key") // _FIVES, pl.col("key") % _FIVES * 5 + 5
    return fives.select(
        "close",
        "end",
        pl.col("volume", "turnover").cum_sum().over(symbol.set_sorted(), mapping_strategy="explode"),
        key=(symbol.cast(pl.Int64) * _MOST + day) * _MOST + mark,
        symbol=symbol,
        mark=mark,
        day=pl.lit(day, pl.Int32),
    )


def _with_rsi(fives: pl.DataFrame) -> pl.LazyFrame:
    """Add the RSI; rows are by symbol, day and time."""
    begin = pl.lit(_begins(fives))
    change = pl.when(pl.col("symbol") == pl.col("symbol").shift()).then(pl.col("close").diff())
    known = fives.lazy().with_columns(
        row=pl.int_range(pl.len(), dtype=pl.Int32),
        begin=begin.gather((pl.col("key") // _MOST).rle_id()),
        up=change.clip(0),
        down=(-change).clip(0),
    )
    age, at = pl.col("row") - pl.col("begin"), pl.col("begin").clip(upper_bound=pl.len() - 1)
    left = (1 - 1 / _RSI) ** age.cast(pl.Float64)
    means = []
    for name in ("up", "down"):
        moves = pl.col(name).fill_null(0.0).ewm_mean(alpha=1 / _RSI, adjust=False)
        mean = moves.over(pl.col("symbol").set_sorted(), mapping_strategy="explode")
        seed = pl.col(name).rolling_mean(_RSI)
        means.append((mean + left * (seed - mean).gather(at)).alias(f"mean_{name}"))
    rsi = pl.when(pl.col("age") >= 0).then(
        100 * pl.col("mean_up") / (pl.col("mean_up") + pl.col("mean_down"))
    )
    columns = ("symbol", "day", "mark", "end", "close", "volume", "turnover")
    return known.select(*columns, *means, age=age).select(*columns, rsi=rsi.fill_nan(None))


def _begins(fives: pl.DataFrame) -> pl.Series:
    """Return the row with which the seed of an RSI ends, for each symbol and day in their order."""
    first = (
        fives.lazy()
        .select("symbol", "day", row=pl.int_range(pl.len(), dtype=pl.Int32))
        .group_by((fives["key"] // _MOST).set_sorted(), maintain_order=True)
        .first()
    )
    wanted = first.with_columns(pl.col("day") - _RSI_SESSIONS)
    seen = wanted.select("symbol", "day").join_asof(
        first.select("symbol", "day", "row"),
        on="day",
        by="symbol",
        strategy="forward",
        check_sortedness=False,
    )
    return seen.collect()["row"] + _RSI


def _carried(fives: pl.LazyFrame) -> pl.LazyFrame:
    """Add the marks without a bar at which the last one ended no more than five minutes ago."""
    same = (
        (pl.col("symbol").shift(-1) == pl.col("symbol"))
        & (pl.col("day").shift(-1) == pl.col("day"))
        & (pl.col("mark").shift(-1) == pl.col("mark") + 5)
    ).fill_null(False)
    later = fives.filter(~same & (pl.col("end") == pl.col("mark"))).with_columns(pl.col("mark") + 5)
    return pl.concat([fives, later])


def _days(
    stored: pl.DataFrame, fives: pl.DataFrame, number: dict[date, int], symbols: pl.Enum
) -> pl.DataFrame:
    """Return what is known of a day before its open: the last close, and the means of 20 days."""
    before = stored.select(
        symbol=pl.col("symbol").cast(symbols).to_physical().cast(pl.Int32),
        day=pl.col("date").replace_strict(number, return_dtype=pl.Int32),
        close="close",
        volume=pl.col("volume").cast(pl.Float64),
    )
    played = fives.group_by("symbol", "day", maintain_order=True).agg(pl.col("close", "volume").last())
    days = pl.concat([before, played]).sort("symbol", "day")
    whole = pl.col("day") - pl.col("day").shift(_DAYS - 1).over("symbol") == _DAYS - 1
    means = [
        pl.when(whole).then(pl.col(name).rolling_mean(_DAYS).over("symbol")).alias(f"mean_{name}")
        for name in ("close", "volume")
    ]
    return days.select("symbol", pl.col("day") + 1, *means, previous="close")


def _strong(known: pl.LazyFrame) -> pl.LazyFrame:
    change = (pl.col("close") / pl.col("previous") - 1) * 100
    vwap = pl.col("turnover") / (pl.col("volume") * 3)
    met = (pl.col("close") > vwap + 1e-9) & (change > 0.2 + 1e-9) & (pl.col("rsi") > 55 + 1e-9)
    best = known.filter(met).with_columns(change=change).sort("change", "symbol", descending=[True, False])
    return _named(best.group_by("day", "mark", maintain_order=True).head(_TAKE), "strong")


def _busy(known: pl.LazyFrame) -> pl.LazyFrame:
    met = (
        (pl.col("volume") > 0.3 * pl.col("mean_volume"))
        & (pl.col("rsi") > 60 + 1e-9)
        & (pl.col("close") > pl.col("mean_close") + 1e-9)
    )
    return _named(known.filter(met), "busy")


def _named(found: pl.LazyFrame, scanner: str) -> pl.LazyFrame:
    return found.select(pl.lit(scanner).alias("scanner"), "day", "mark", "symbol")


if __name__ == "__main__":
    find_hits(Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]]).write_parquet(sys.argv[1])
