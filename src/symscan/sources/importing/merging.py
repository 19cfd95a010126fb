"""Merge a session's rows into its bars: duplicates, conflicts, opening prints, and stored bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl

from symscan.errors import DataError
from symscan.model.bar import FIELDS
from symscan.model.instant import from_datetime, to_iso
from symscan.sources.importing.files import LINE, BarTable
from symscan.sources.importing.options import ImportOptions, OnConflict, OpeningPrint
from symscan.sources.importing.refused_rows import RefusedRows
from symscan.sources.importing.sessions import PRINT
from symscan.sources.store.bar_store import bar_schema

FILE: Final = "file"
"""The column that holds the number of the file a row comes from; null for stored bars."""

_NAMED_CONFLICTS: Final = 5


class Merger:
    """Merges the rows of one import into bars.

    Parameters
    ----------
    options
        How conflicts and opening prints are resolved.
    tables
        The files, in the order of their numbers.
    counts
        Counts what was resolved.
    """

    def __init__(self, options: ImportOptions, tables: Sequence[BarTable], counts: Counter[str]) -> None:
        self._options = options
        self._tables = tables
        self._counts = counts
        self._key = ["symbol", "start"] if options.interval.is_intraday else ["symbol"]

    def merge(self, rows: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
        """Merge a session's rows and stored bars, in the stored order.

        Parameters
        ----------
        rows
            The session's rows, in the order of their files and lines.
        stored
            The session's stored bars.

        Raises
        ------
        DataError
            If two rows of one bar contradict each other and neither is to be preferred, or a row
            may be an opening print or a pre-market bar.
        """
        intraday = self._options.interval.is_intraday
        key = [*self._key, PRINT] if intraday else self._key
        bars = self._without_duplicates(rows, key, is_partial=not stored.is_empty())
        if intraday:
            bars = self._without_prints(bars).with_columns(pl.col("start").cast(pl.Datetime("us", "UTC")))
        self._counts["bars"] += bars.height
        if not stored.is_empty():
            bars = self._without_duplicates(pl.concat([stored, bars], how="diagonal"), self._key)
        return bars.select(bar_schema(self._options.interval).names())

    def _without_duplicates(
        self, rows: pl.DataFrame, key: list[str], *, is_partial: bool = False
    ) -> pl.DataFrame:
        """Return one row per key, sorted by it; ``is_partial`` if more rows of the session follow."""
        rows = rows.sort(key, maintain_order=True)
        repeats = rows.select(pl.all_horizontal(pl.col(key).eq_missing(pl.col(key).shift(1)))).to_series()
        if not repeats[1:].any():
            return rows
        differs = pl.any_horizontal(pl.col(FIELDS) != pl.col(FIELDS).shift(1)).fill_null(False)
        conflicts = rows.select(differs.alias("conflict")).to_series() & repeats
        count = int(conflicts.sum())
        if count and self._options.on_conflict is OnConflict.STOP:
            raise self._refused_rows(rows, conflicts, is_partial)
        self._counts["conflicts"] += count
        self._counts["duplicates"] += int(repeats.sum()) - count
        if self._options.on_conflict is OnConflict.LAST:
            return rows.unique(key, keep="last", maintain_order=True)
        return rows.filter(~repeats)

    def _without_prints(self, bars: pl.DataFrame) -> pl.DataFrame:
        """Merge opening prints into the session's first bars, or drop them."""
        prints = bars.filter(pl.col(PRINT))
        if prints.is_empty():
            return bars.drop(PRINT)
        others = bars.filter(~pl.col(PRINT))
        if self._options.opening_print is None:
            self._refuse_doubtful(prints, others)
        if self._options.opening_print is OpeningPrint.DROP:
            self._counts["prints_dropped"] += prints.height
            return others.drop(PRINT)
        self._counts["prints_merged"] += prints.height
        is_first = pl.col("start") == prints["start"][0]
        first = pl.concat([prints, others.filter(is_first)]).group_by(self._key, maintain_order=True)
        merged = first.agg(
            pl.exclude(FIELDS).first(),
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            pl.col("volume").sum(),
        )
        rest = others.filter(~is_first)
        return pl.concat([merged.select(rest.columns), rest]).sort(self._key).drop(PRINT)

    def _refuse_doubtful(self, prints: pl.DataFrame, others: pl.DataFrame) -> None:
        early = others.filter(pl.col("start") < prints["start"][0])["symbol"].unique()
        doubtful = prints.filter(pl.col("symbol").is_in(early.implode()))
        if doubtful.is_empty():
            return
        raise DataError(
            f"{self._describe_row(doubtful.row(0, named=True))}: this row labelled at the open may be the "
            "opening print or, since there are bars before it, the last bar before the open; say which with "
            "--opening-print merge (it is the print), drop, or keep (it is that bar)"
        )

    def _refused_rows(self, rows: pl.DataFrame, conflicts: pl.Series, is_partial: bool) -> RefusedRows:
        places = conflicts.arg_true().head(_NAMED_CONFLICTS).to_list()
        pairs = [self._describe_row(row) for i in places for row in rows[i - 1 : i + 1].iter_rows(named=True)]
        what = f"of {rows['session'][0]} that contradict another row of the same bar"
        remedy = "mend the files, or give --on-conflict first or last"
        return RefusedRows(what, int(conflicts.sum()), remedy, pairs, is_partial=is_partial)

    def _describe_row(self, row: dict[str, Any]) -> str:
        """Describe a row: its location, symbol, time and values."""
        start = row.get("start")
        where = "the store" if row[FILE] is None else self._tables[row[FILE]].row_name(row[LINE])
        if isinstance(start, datetime):
            start = from_datetime(start)
        when = row["session"] if start is None else to_iso(start)
        values = ", ".join(f"{field} {row[field]:g}" for field in FIELDS)
        return f"{where}: {row['symbol']} at {when}: {values}"
