"""Convert the bars of an answer to rows of a store: assign sessions, drop invalid bars."""

from __future__ import annotations

from collections import Counter
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from symscan.model.instant import MINUTE
from symscan.sources.alpaca.download_batches import DownloadBatch
from symscan.sources.bar_rules import valid_expr, zero_volume_expr
from symscan.sources.importing.session_assignment import SessionTable
from symscan.sources.store.bar_store import bar_schema

NEW_YORK: Final = ZoneInfo("America/New_York")
"""Alpaca's daily bars begin at midnight there."""


def stored_rows(bars: pl.DataFrame, batch: DownloadBatch, counts: Counter[str]) -> pl.DataFrame:
    """Return the bars of a batch as the store keeps them, sorted.

    Parameters
    ----------
    bars
        ``symbol``, ``start`` (Datetime in UTC) and the fields, in any order.
    batch
        The request; bars of other symbols and times are dropped.
    counts
        Counts dropped bars: ``outside`` any session, ``zero_volume``, ``bad_bars``.
    """
    rows = bars.filter(pl.col("symbol").is_in(batch.symbols))
    rows = _valid_rows(_in_session(rows, batch, counts), counts)
    key = ["session", "symbol", *(["start"] if batch.interval.is_intraday else [])]
    rows = rows.sort(key, maintain_order=True)
    is_repeated = pl.all_horizontal(pl.col(key).eq_missing(pl.col(key).shift(-1)))
    rows = rows.filter(~is_repeated)  # the last of equals stays; unique() takes seven times as long
    return rows.select(bar_schema(batch.interval).names()).cast(bar_schema(batch.interval))


def _in_session(rows: pl.DataFrame, batch: DownloadBatch, counts: Counter[str]) -> pl.DataFrame:
    """Assign each row its session; drop those outside of any."""
    table = SessionTable(batch.sessions, NEW_YORK)
    assign = table.by_hours if batch.interval.is_intraday else table.by_local_date
    numbers = assign(rows["start"].to_physical().to_numpy())
    assigned = rows.with_columns(table.dates_of(numbers))
    inside = assigned.filter(pl.col("session").is_not_null())
    counts["outside"] += assigned.height - inside.height
    return inside


def _valid_rows(rows: pl.DataFrame, counts: Counter[str]) -> pl.DataFrame:
    """Return the rows that are valid bars on whole minutes."""
    traded = rows.filter(~zero_volume_expr())
    counts["zero_volume"] += rows.height - traded.height
    on_grid = pl.col("start").to_physical() % MINUTE == 0
    valid = traded.filter(valid_expr() & on_grid)
    counts["bad_bars"] += traded.height - valid.height
    return valid
