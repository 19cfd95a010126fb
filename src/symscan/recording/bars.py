"""Read the bars of a recorded session: the final ones, and those that came late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl

from symscan.model.bar import FIELDS
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval
from symscan.recording.bar_codec import BarGroup, Origin, unpack
from symscan.recording.session_log import SessionRecord

_LATE: Final = frozenset({Origin.LATE, Origin.CORRECTED, Origin.RECOVERED})
_INSTANT: Final = pl.Datetime("us", "UTC")
_ORIGINS: Final = pl.Enum([one.value for one in Origin])
_COLUMNS: Final = ("symbol", "start", *FIELDS)


def bars(record: SessionRecord) -> pl.DataFrame:
    """Return the session's bars; of several of one symbol and minute, the last that came.

    Returns
    -------
    polars.DataFrame
        ``symbol``, ``start`` (Datetime in UTC), ``open``, ``high``, ``low``, ``close``, ``volume``,
        sorted by symbol and start.
    """
    frame = _frame(record, frozenset(Origin))
    ordered = frame.sort(
        "place", "start", maintain_order=True
    )  # of numbers: of texts it takes ten times as long
    is_last = pl.any_horizontal(pl.col("place", "start").ne_missing(pl.col("place", "start").shift(-1)))
    return _with_symbols(record, ordered.filter(is_last)).select(_COLUMNS)


def late_bars(record: SessionRecord) -> pl.DataFrame:
    """Return the bars that came, or came again, after their slice was closed, in the order they came.

    Returns
    -------
    polars.DataFrame
        The columns of :func:`bars`, ``origin`` (``late``, ``corrected`` or ``recovered``),
        ``arrived_at`` on the market's clock, and ``session_time``: the end of the slice before.
    """
    frame = _with_symbols(record, _frame(record, _LATE))
    steps = pl.DataFrame(
        [(step.at, step.end) for step in record.steps()],
        {"arrived_at": _INSTANT, "session_time": _INSTANT},
        orient="row",
    ).with_row_index("seq", 1)
    named = frame.join(steps, on="seq", how="left", maintain_order="left")
    return named.select(*_COLUMNS, "origin", "arrived_at", "session_time")


def _frame(record: SessionRecord, origins: frozenset[Origin]) -> pl.DataFrame:
    """Return all bars of some origins in the order they came; ``place`` is the symbol's rank by name."""
    length = Interval.parse(record.meta["base"]).minutes * MINUTE
    groups = [(seq, group) for seq, group in _groups(record) if group.origin in origins]
    frame = pl.concat([_rows(seq, group, length) for seq, group in [(0, _EMPTY), *groups]])
    order = pl.Series(np.argsort(np.argsort(np.array(record.symbols, np.str_))), dtype=pl.Int32)
    return frame.with_columns(order.gather(frame["number"]).alias("place"))


def _with_symbols(record: SessionRecord, frame: pl.DataFrame) -> pl.DataFrame:
    names = pl.Series(record.symbols, dtype=pl.String)
    return frame.with_columns(names.gather(frame["number"]).alias("symbol"))


def _groups(record: SessionRecord) -> Iterator[tuple[int, BarGroup]]:
    for seq, step in enumerate(record.steps(), start=1):
        for group in unpack(step.bars):
            yield seq, group


def _rows(seq: int, group: BarGroup, length: Instant) -> pl.DataFrame:
    count = len(group.numbers)
    starts = np.broadcast_to(group.ends - length, count)
    columns = zip(FIELDS, group.fields, strict=True)
    return pl.DataFrame(
        {
            "number": pl.Series(group.numbers, dtype=pl.Int32),
            "start": pl.Series(starts, dtype=pl.Int64).cast(_INSTANT),
            **{name: pl.Series(values, dtype=pl.Float64) for name, values in columns},
        }
    ).with_columns(pl.lit(seq, pl.UInt32).alias("seq"), pl.lit(group.origin.value, _ORIGINS).alias("origin"))


_EMPTY: Final = BarGroup(Origin.SLICE, np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros((5, 0)))
