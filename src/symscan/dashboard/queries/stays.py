"""Stays on lists as they were known at an instant: their end, places and extremes included."""

from __future__ import annotations

from typing import Final

import polars as pl

from symscan.dashboard.opened_runs import OpenedRun, as_instant
from symscan.model.instant import Instant
from symscan.model.session import Session

_KEY: Final = ["scanner", "symbol", "episode"]
_OF_SCANS: Final = ("scans", "best_rank", "last_rank", "last_price")
_OF_BARS: Final = ("price_end", "highest", "lowest")


def stays_of_session(opened: OpenedRun, session: Session, until: Instant | None) -> pl.DataFrame:
    """Return the stays of a session, with ``last_price``: that of the last scan that returned the symbol.

    Parameters
    ----------
    until
        The instant as of which they are; None for the close. A stay that goes on then has no end, and its
        scans, places and prices are those known by then. Without a store its ``price_end``, ``highest``
        and ``lowest`` are null: they are prices of bars.
    """
    stays = opened.run.episodes.filter(pl.col("session") == session.date)
    hits = opened.hits(session.date)
    whole = until is None or until >= session.close
    instant = session.close if until is None or whole else until
    entered = stays.filter(pl.col("entered").to_physical() <= instant)
    ended = pl.lit(whole) | (pl.col("left").to_physical() <= instant).fill_null(False)
    over = entered.filter(ended)
    going_on = entered.filter(~ended)
    parts = [_with_last_price(over, hits), _as_of(going_on, hits, opened.regular_bars(session), instant)]
    return pl.concat(parts).sort("entered", "scanner", "first_rank", "symbol")


def _with_last_price(stays: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """Add the price at the last scan that returned the symbol before the stay's end."""
    end = pl.col("left").fill_null(pl.col("entered").dt.offset_by("2d"))
    at, until = pl.col("scan_at"), pl.col("until")
    is_last_scan = (pl.col("why") == "scanner_ended") & (at == until)  # which still returned it
    seen = _joined(stays.with_columns(end.alias("until")), hits)
    of_stay = seen.filter((at < until) | (at == pl.col("entered")) | is_last_scan)
    last = of_stay.group_by(_KEY).agg(pl.col("price_at_scan").last().alias("last_price"))
    return stays.join(last, on=_KEY, how="left", maintain_order="left")


def _as_of(
    stays: pl.DataFrame, hits: pl.DataFrame, bars: pl.DataFrame | None, instant: Instant
) -> pl.DataFrame:
    """Return stays that go on at an instant, with what was known of them then."""
    until = stays.with_columns(as_instant(instant).alias("until"))
    known = _joined(until, hits).filter(pl.col("scan_at") <= pl.col("until"))
    scans = known.group_by(_KEY).agg(
        pl.len().cast(pl.Int32).alias("scans"),
        pl.col("rank_at_scan").min().alias("best_rank"),
        pl.col("rank_at_scan").last().alias("last_rank"),
        pl.col("price_at_scan").last().alias("last_price"),
    )
    prices = _prices(until, bars)
    changed = (*_OF_SCANS, *_OF_BARS, "highest_pct", "lowest_pct")
    rest = stays.drop(*(name for name in changed if name in stays.columns))
    joined = rest.join(scans, on=_KEY, how="left", maintain_order="left").join(
        prices, on=_KEY, how="left", maintain_order="left"
    )
    filled = joined.with_columns(
        pl.lit(None, pl.Datetime("us", "UTC")).alias("left"),
        pl.lit(None, pl.String).alias("why"),
        *([] if bars is None else [pl.col("price_end").fill_null(pl.col("price"))]),
        *(
            ((pl.col(name) / pl.col("price") - 1.0) * 100.0).alias(f"{name}_pct")
            for name in ("highest", "lowest")
        ),
    )
    return filled.select(*stays.columns, "last_price")


def _joined(stays: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
    """Return the scans that returned the symbols of stays since these began, in order of time."""
    seen = hits.select(
        "scanner",
        "symbol",
        "scan_at",
        pl.col("rank").alias("rank_at_scan"),
        pl.col("price").alias("price_at_scan"),
    )
    return (
        stays.select(*_KEY, "entered", "until", "why")
        .join(seen, on=["scanner", "symbol"], how="inner")
        .filter(pl.col("scan_at") >= pl.col("entered"))
        .sort("scan_at")
    )


def _prices(stays: pl.DataFrame, bars: pl.DataFrame | None) -> pl.DataFrame:
    """Return the last close, the highest and the lowest price of the bars that ended since stays began."""
    if bars is None:
        kinds = {name: stays.schema[name] for name in (*_KEY, *_OF_BARS)}
        return pl.DataFrame(schema=kinds)
    wanted = stays.select(*_KEY, "entered", "until").join(
        bars.select("symbol", "end", "high", "low", "close"), on="symbol", how="inner"
    )
    ended = wanted.filter(pl.col("end") > pl.col("entered"), pl.col("end") <= pl.col("until")).sort("end")
    return ended.group_by(_KEY).agg(
        pl.col("close").last().alias("price_end"),
        pl.col("high").max().alias("highest"),
        pl.col("low").min().alias("lowest"),
    )
