"""From the bars of an answer to the rows of a store: the session they belong to, and what is no bar."""

from __future__ import annotations

from collections import Counter
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from symscan.model.bar import FIELDS
from symscan.model.instant import MINUTE
from symscan.model.session import Session
from symscan.sources.alpaca.parts import Part
from symscan.sources.parquet import bar_schema
from symscan.sources.validate import contradiction, not_positive

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
    index = _by_hours(rows, part.sessions) if part.interval.is_intraday else _by_date(rows, part.sessions)
    days = np.array([*(one.date for one in part.sessions), None], "datetime64[D]")
    placed = rows.with_columns(pl.Series("session", days[index]).cast(pl.Date))
    inside = placed.filter(pl.col("session").is_not_null())
    counts["outside"] += placed.height - inside.height
    return inside


def _by_hours(rows: pl.DataFrame, sessions: tuple[Session, ...]) -> NDArray[np.intp]:
    """The session whose hours, pre-market and post-market included, contain each start; -1 if none does."""
    start = rows["start"].to_physical().to_numpy()
    begins, ends = np.array([(one.pre_open, one.post_close) for one in sessions], np.int64).T
    index = np.searchsorted(begins, start, "right") - 1
    inside = (index >= 0) & (start < ends[index])
    return np.where(inside, index, -1)


def _by_date(rows: pl.DataFrame, sessions: tuple[Session, ...]) -> NDArray[np.intp]:
    """The session of each start's date in New York; -1 if there is none."""
    local = rows["start"].dt.convert_time_zone(NEW_YORK.key).dt.date().to_numpy()
    days = np.array([one.date for one in sessions], "datetime64[D]")
    index = np.searchsorted(days, local, "right") - 1
    return np.where((index >= 0) & (days[index] == local), index, -1)


def _sound(rows: pl.DataFrame, counts: Counter[str]) -> pl.DataFrame:
    """Rows that are bars: with trades in them, finite, not contradicting themselves, on whole minutes."""
    traded = rows.filter(pl.col("volume").ne_missing(0.0))
    counts["zero_volume"] += rows.height - traded.height
    unknown = pl.any_horizontal(pl.col(FIELDS).is_null() | ~pl.col(FIELDS).is_finite())
    off_grid = pl.col("start").to_physical() % MINUTE != 0
    bad = unknown | not_positive() | contradiction() | (pl.col("volume") < 0.0) | off_grid
    sound = traded.filter(~bad.fill_null(True))
    counts["bad_bars"] += traded.height - sound.height
    return sound
