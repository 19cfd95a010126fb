"""Change the future in frames of bars: deleted, changed, with newcomers, with strangers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval
from symscan.model.session import Session

PRICES: Final = ("open", "high", "low", "close")
MADE_UP: Final = "ZZAUD"
"""What the names of made-up symbols begin with."""

_LEAST, _MOST = 0.5, 2.0


def is_known(interval: Interval, session: Session, at: Instant) -> pl.Expr:
    """Return which rows of a session's bars ended by an instant; the last regular one ends at the close."""
    start = pl.col("start").to_physical()
    end = start + interval.minutes * MINUTE
    within = pl.when(start < session.close).then(pl.min_horizontal(end, pl.lit(session.close))).otherwise(end)
    return within <= at


def changed(bars: pl.DataFrame, is_future: pl.Expr, seed: Sequence[int]) -> pl.DataFrame:
    """Return bars with other prices and volumes in the future: a factor for each symbol, volumes permuted."""
    random = np.random.default_rng(list(seed))
    symbols = bars["symbol"].unique().sort()
    factors = pl.DataFrame(
        {"symbol": symbols, "factor": _LEAST * (_MOST / _LEAST) ** random.random(len(symbols))}
    )
    rows = bars.with_row_index("row")
    future = rows.filter(is_future).join(factors, on="symbol", how="left", maintain_order="left")
    volumes = future["volume"].to_numpy()[random.permutation(future.height)]
    future = future.with_columns(
        *(pl.col(name) * pl.col("factor") for name in PRICES), pl.Series("volume", volumes)
    ).drop("factor")
    return pl.concat([rows.filter(~is_future), future]).sort("row").drop("row")


def with_copies(bars: pl.DataFrame, copied: pl.Expr, count: int, seed: Sequence[int]) -> pl.DataFrame:
    """Return bars with made-up symbols among them, copies of others that move a lot.

    Parameters
    ----------
    copied
        Which rows are copied.
    count
        Of how many symbols; fewer if there are not so many.
    """
    random = np.random.default_rng(list(seed))
    rows = bars.filter(copied)
    symbols = rows["symbol"].unique().sort().to_list()
    if not symbols:
        return bars
    chosen = [symbols[at] for at in random.permutation(len(symbols))[:count]]
    names = pl.DataFrame(
        {"symbol": chosen, "name": made_up(len(chosen)), "factor": 1.5 ** (np.arange(len(chosen)) % 7 - 3)}
    )
    made = rows.join(names, on="symbol", how="inner")
    made = made.with_columns(
        *(pl.col(name) * pl.col("factor") for name in PRICES),
        (pl.col("volume") * 10.0).alias("volume"),
        pl.col("name").alias("symbol"),
    ).select(bars.columns)
    order = ["symbol", "start"] if "start" in bars.columns else ["symbol"]
    return pl.concat([bars, made]).sort(order)


def made_up(count: int) -> list[str]:
    """Return names of made-up symbols."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [f"{MADE_UP}{letters[at // 26]}{letters[at % 26]}" for at in range(count)]


def only(bars: pl.DataFrame, symbols: Collection[str]) -> pl.DataFrame:
    """Return the bars of some symbols."""
    return bars.filter(pl.col("symbol").is_in(list(symbols)))


def splits_until(splits: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return the splits known on a date: those in effect by then."""
    return splits.filter(pl.col("ex_date") <= day)


def splits_made_up(splits: pl.DataFrame, day: date, tomorrow: date, symbols: Collection[str]) -> pl.DataFrame:
    """Return the splits known on a date, and one of every symbol on the next."""
    ratios = [float(2 + at % 3) for at in range(len(symbols))]
    made = pl.DataFrame(
        {"symbol": sorted(symbols), "ex_date": [tomorrow] * len(symbols), "ratio": ratios},
        schema=splits.schema,
    )
    return pl.concat([splits_until(splits, day), made]).sort("symbol", "ex_date")
