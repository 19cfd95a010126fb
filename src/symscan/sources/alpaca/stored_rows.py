"""From the bars of an answer to the rows of a store: the session they belong to, and what is no bar."""

from __future__ import annotations

from collections import Counter
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from symscan.model.instant import MINUTE
from symscan.sources.alpaca.download_batches import Part
from symscan.sources.bar_rules import valid_expr, zero_volume_expr
from symscan.sources.importing.session_assignment import SessionTable
from symscan.sources.store.bar_store import bar_schema

NEW_YORK: Final = ZoneInfo("America/New_York")
"""Alpaca's daily bars begin at midnight there."""


def stored_rows(bars: pl.DataFrame, part: Part, counts: Counter[str]) -> pl.DataFrame:
    """The bars of a part's answer as a store keeps them, sorted.

    Parameters
    ----------
    bars
        ``symbol``, ``start`` (Datetime in UTC) and the fields, in any order.
    part
        What was asked; bars of other symbols and times are no answer to it.
    counts
        Where what was left out is counted: ``outside`` any session, ``zero_volume``, ``bad_bars``.
    """
    rows = bars.filter(pl.col("symbol").is_in(part.symbols))
    rows = _sound(_in_session(rows, part, counts), counts)
    key = ["session", "symbol", *(["start"] if part.interval.is_intraday else [])]
    rows = rows.sort(key, maintain_order=True)
    is_repeated = pl.all_horizontal(pl.col(key).eq_missing(pl.col(key).shift(-1)))
    rows = rows.filter(~is_repeated)  # the last of equals stays; unique() takes seven times as long
    return rows.select(bar_schema(part.interval).names()).cast(bar_schema(part.interval))


def _in_session(rows: pl.DataFrame, part: Part, counts: Counter[str]) -> pl.DataFrame:
    """Rows with their session; those that lie in none go."""
    table = SessionTable(part.sessions, NEW_YORK)
    assign = table.by_hours if part.interval.is_intraday else table.by_local_date
    numbers = assign(rows["start"].to_physical().to_numpy())
    placed = rows.with_columns(table.dates_of(numbers))
    inside = placed.filter(pl.col("session").is_not_null())
    counts["outside"] += placed.height - inside.height
    return inside


def _sound(rows: pl.DataFrame, counts: Counter[str]) -> pl.DataFrame:
    """Rows that are valid bars, on whole minutes."""
    traded = rows.filter(~zero_volume_expr())
    counts["zero_volume"] += rows.height - traded.height
    on_grid = pl.col("start").to_physical() % MINUTE == 0
    sound = traded.filter(valid_expr() & on_grid)
    counts["bad_bars"] += traded.height - sound.height
    return sound
