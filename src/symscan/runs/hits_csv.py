"""``hits.csv``: the hits with the exchange's time and the scanners' values as JSON."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from symscan.runs.schemas import HITS_CSV_COLUMNS
from symscan.runs.texts import with_texts


def hits_csv_frame(hits: pl.DataFrame, metadata: pl.Series, zone: ZoneInfo) -> pl.DataFrame:
    """Return the rows of ``hits.csv``, in the order of the hits: by time, phase, scanner and rank.

    Parameters
    ----------
    hits
        The columns of ``hits``.
    metadata
        What the scanner says of each hit, as JSON.
    """
    local = pl.col("scan_at").dt.convert_time_zone(zone.key).dt.to_string("%Y-%m-%dT%H:%M:%S%:z")
    columns = hits.with_columns(metadata.alias("metadata"), local.alias("scan_at_local"))
    return with_texts(columns.select(HITS_CSV_COLUMNS))
