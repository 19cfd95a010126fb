"""Validate imported rows: drop or refuse those that are no valid bar."""

from __future__ import annotations

from collections import Counter
from typing import Final

import polars as pl

from symscan.model.bar import FIELDS
from symscan.sources.bar_rules import (
    contradiction,
    missing_value,
    negative_volume,
    not_positive,
    zero_volume_expr,
)
from symscan.sources.importing.files import LINE
from symscan.sources.importing.options import BadRows, ImportOptions, ZeroVolume
from symscan.sources.importing.refused_rows import RefusedRows
from symscan.sources.importing.rows import Rows
from symscan.sources.importing.timestamps import WHEN

_NAMED_ROWS: Final = 5


def valid_rows(rows: Rows, options: ImportOptions, counts: Counter[str]) -> pl.DataFrame:
    """Return the rows that are valid bars; rows without volume are dropped first, whatever else they hold.

    Raises
    ------
    RefusedRows
        If some are invalid and not to be dropped; the first are named.
    """
    frame = rows.frame
    if options.zero_volume is ZeroVolume.DROP:
        traded = frame.filter(~zero_volume_expr())
        counts["zero_volume"] += frame.height - traded.height
        frame = traded
    fault = _fault()
    bad = frame.select(fault).to_series()
    if bad.null_count() == frame.height:
        return frame
    if options.bad_rows is BadRows.STOP:
        raise _refused_rows(rows, frame.with_columns(bad).filter(bad.is_not_null()))
    counts["bad_rows"] += frame.height - bad.null_count()
    return frame.filter(bad.is_null())


def _fault() -> pl.Expr:
    """Describe what is wrong with a row; null if it is valid."""
    return (
        pl.when(pl.any_horizontal(pl.col("symbol", WHEN).is_null()) | missing_value())
        .then(pl.lit("a value is missing or not finite"))
        .when(not_positive())
        .then(pl.lit("a price is not above zero"))
        .when(contradiction())
        .then(pl.lit("the high is not the highest, or the low not the lowest price"))
        .when(negative_volume())
        .then(pl.lit("the volume is negative"))
        .alias("fault")
    )


def _refused_rows(rows: Rows, bad: pl.DataFrame) -> RefusedRows:
    named = [
        f"{rows.table.row_name(line)}: {symbol}: {fault} (open, high, low, close, volume: {values})"
        for line, symbol, fault, values in bad.head(_NAMED_ROWS)
        .select(
            LINE, "symbol", "fault", pl.concat_str(FIELDS, separator=", ", ignore_nulls=False).fill_null("")
        )
        .iter_rows()
    ]
    remedy = "mend the file, or give --bad-rows drop"
    return RefusedRows("that cannot be bars", bad.height, remedy, named)
