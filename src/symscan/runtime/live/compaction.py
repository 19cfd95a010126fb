"""Write the recorded bars of a live session into the bar store after its close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from symscan.model.bar import FIELDS
from symscan.model.interval import Interval
from symscan.recording.bars import bars
from symscan.recording.session_log import SessionRecord
from symscan.sources.bar_rules import valid_expr
from symscan.sources.store.bar_store import BarStore, bar_schema

_KEY: Final = ["symbol", "start"]
_WAIT_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """Counts of a session's bars that were archived, skipped or in conflict.

    Attributes
    ----------
    bars
        How many the session took in.
    added
        How many of them the store did not have.
    conflicts
        How many the store has otherwise; it keeps its own.
    invalid
        How many were left out since they are no valid bars.
    """

    bars: int
    added: int
    conflicts: int
    invalid: int = 0


def compact(record: SessionRecord, store: BarStore, day: date, origin: str | None) -> ArchiveReport:
    """Write the bars of a recorded session into the store; a second time changes nothing.

    A bar the store has already stays as it is: what was imported or fetched is as the source finally
    says it, while a stream may have missed a correction. Bars that are not valid are left out and counted,
    those without volume among them: nothing gets into a store by itself that a check of it would report.

    Parameters
    ----------
    record
        The session's record.
    store
        Where to.
    day
        The session's date.
    origin
        Where the bars come from, broker and feed; None where they are those of the store itself.

    Raises
    ------
    DataError
        If the store holds bars of another origin, or another process keeps changing it.
    """
    interval = Interval.parse(record.meta["base"])
    taken = bars(record).with_columns(pl.lit(day).alias("session")).select(bar_schema(interval).names())
    stored = store.load(interval, [day])
    missing = _missing(taken, stored)
    invalid = missing.height - missing.filter(valid_expr()).height
    if missing.height == invalid:
        return ArchiveReport(taken.height, 0, _conflicts(taken, stored), invalid)
    with store.updating(_WAIT_SECONDS) as update:
        update.set_origin(store.origin if origin is None else origin)
        stored = store.load(interval, [day])  # what it has now: it is changed by nobody else any more
        new = _missing(taken, stored).filter(valid_expr())
        update.put(interval, day, pl.concat([stored, new]).sort(_KEY))
    return ArchiveReport(taken.height, new.height, _conflicts(taken, stored), invalid)


def _missing(taken: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    return taken.join(stored, on=_KEY, how="anti")


def _conflicts(taken: pl.DataFrame, stored: pl.DataFrame) -> int:
    both = taken.join(stored, on=_KEY, suffix=" stored")
    differs = pl.any_horizontal(pl.col(name) != pl.col(f"{name} stored") for name in FIELDS)
    return both.filter(differs).height
