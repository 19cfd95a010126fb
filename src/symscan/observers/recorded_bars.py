"""The bars of a recorded session: as they are finally known, and those that came late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import polars as pl

from symscan.model.bar import FIELDS
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval
from symscan.observers.session_record import SessionRecord, Step
from symscan.observers.taken_bars import Origin, TakenBars, unpack

_LATE: Final = frozenset({Origin.LATE, Origin.CORRECTED, Origin.RECOVERED})
_INSTANT: Final = pl.Datetime("us", "UTC")
_COLUMNS: Final = ("symbol", "start", *FIELDS)


def bars(record: SessionRecord) -> pl.DataFrame:
    """The bars the session took in; of several of one symbol and minute, the last that came.

    Returns
    -------
    polars.DataFrame
        ``symbol``, ``start`` (Datetime in UTC), ``open``, ``high``, ``low``, ``close``, ``volume``,
        sorted by symbol and start.
    """
    frame = _frame(record, lambda origin: True)  # noqa: ARG005
    last = frame.unique(["symbol", "start"], keep="last", maintain_order=True)
    return last.select(_COLUMNS).sort("symbol", "start")


def late_bars(record: SessionRecord) -> pl.DataFrame:
    """The bars that came, or came anew, after their slice was closed, in the order they came.

    Returns
    -------
    polars.DataFrame
        The columns of :func:`bars`, ``origin`` (``late``, ``corrected`` or ``recovered``),
        ``arrived_at`` on the market's clock, and ``session_time``: the end of the slice before.
    """
    frame = _frame(record, _LATE.__contains__)
    return frame.select(*_COLUMNS, "origin", "arrived_at", "session_time")


def _frame(record: SessionRecord, is_wanted: Callable[[Origin], bool]) -> pl.DataFrame:
    """All bars of some origins, one row each, in the order they came."""
    names = pl.Series("symbol", record.symbols, pl.String)
    length = Interval.parse(record.meta["base"]).minutes * MINUTE
    frames = [_group(step, group, length) for step, group in _groups(record) if is_wanted(group.origin)]
    numbered = pl.concat([_group(None, _NONE, length), *frames])
    return numbered.with_columns(names.gather(numbered["number"]).alias("symbol"))


def _groups(record: SessionRecord) -> Iterator[tuple[Step, TakenBars]]:
    for step in record.steps():
        for group in unpack(step.bars):
            yield step, group


def _group(step: Step | None, group: TakenBars, length: Instant) -> pl.DataFrame:
    count = len(group.numbers)
    starts = np.broadcast_to(group.ends - length, count)
    arrived_at, session_time = (None, None) if step is None else (step.at, step.end)
    return pl.DataFrame(
        {
            "number": pl.Series(group.numbers, dtype=pl.Int32),
            "start": pl.Series(starts, dtype=pl.Int64).cast(_INSTANT),
            **{
                name: pl.Series(values, dtype=pl.Float64)
                for name, values in zip(FIELDS, group.fields, strict=True)
            },
        }
    ).with_columns(
        pl.lit(group.origin.value).alias("origin"),
        pl.lit(arrived_at, pl.Int64).cast(_INSTANT).alias("arrived_at"),
        pl.lit(session_time, pl.Int64).cast(_INSTANT).alias("session_time"),
    )


_NONE: Final = TakenBars(Origin.SLICE, np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros((5, 0)))
