"""Lay a stored day out in dense arrays, for the session that plays it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Protocol

import polars as pl
from msgspec import Struct

from symscan.bars.arrays import ArrayPool
from symscan.bars.dense import BAR_COLUMNS, DenseBars, Slots
from symscan.errors import DataError
from symscan.model.instant import Instant
from symscan.model.interval import Interval
from symscan.model.session import Session


class DayStore(Protocol):
    """Holds the bars of days: the bar store, or a recorded session."""

    root: Path
    """Its name in messages."""

    def intervals(self, session: date | None = None) -> tuple[Interval, ...]:
        """The intervals there are bars of, fine to coarse."""

    def path(self, interval: Interval, session: date) -> Path | None:
        """The file of a date, whose path changes with its content; None where bars are in no file."""

    def first_start(self, interval: Interval, session: date) -> Instant | None:
        """When the earliest bar of a date starts."""

    def load(
        self,
        interval: Interval,
        sessions: Sequence[date],
        symbols: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """The bars of some dates, by symbol and start."""

    def load_batches(
        self, interval: Interval, session: date, symbols: Sequence[str], columns: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        """The bars of one date as :meth:`load` gives them, part by part."""


class DayLayout(Struct, frozen=True):
    """The bars of a stored day.

    Attributes
    ----------
    columns
        The column of each symbol.
    regular, premarket
        The bars of the two phases; None where none ended before the open.
    """

    columns: Mapping[str, int]
    regular: DenseBars
    premarket: DenseBars | None

    @property
    def capacity(self) -> int:
        """How many columns there are."""
        capacity: int = self.regular.present.shape[1]
        return capacity

    def bars(self) -> list[DenseBars]:
        """Return the bars of both phases."""
        return [self.regular] if self.premarket is None else [self.premarket, self.regular]


def lay_out(
    store: DayStore,
    session: Session,
    columns: Mapping[str, int],
    capacity: int,
    arrays: ArrayPool,
    after: Instant = 0,
    *,
    premarket: bool | None = None,
) -> DayLayout:
    """Lay out the finest bars of a day.

    Parameters
    ----------
    columns
        The column of each symbol.
    capacity
        How many columns there are to be.
    arrays
        Gives the memory.
    after
        Bars that ended up to this instant are left out.
    premarket
        Whether there are bars before the open; None: it is looked up.

    Raises
    ------
    DataError
        If the store has no intraday bars of that day, or they cannot be read.
    """
    base = finest_interval(store, session)
    if premarket is None:
        premarket = has_premarket(store, session)
    regular = DenseBars(Slots.regular(session, base), capacity, arrays)
    early = DenseBars(Slots.premarket(session, base), capacity, arrays) if premarket else None
    layout = DayLayout(columns, regular, early)
    put_bars(store, session, columns, layout.bars(), after)
    return layout


def put_bars(
    store: DayStore,
    session: Session,
    columns: Mapping[str, int],
    bars: Sequence[DenseBars],
    after: Instant = 0,
) -> None:
    """Write the stored bars of symbols that end after an instant into their columns."""
    if columns:
        base = finest_interval(store, session)
        for part in store.load_batches(base, session.date, list(columns), BAR_COLUMNS):
            for one in bars:
                one.put(part, columns, after)


def has_premarket(store: DayStore, session: Session) -> bool:
    """Return whether there are bars before a session's open.

    Raises
    ------
    DataError
        If the store has no intraday bars of that day, or they cannot be read.
    """
    first = store.first_start(finest_interval(store, session), session.date)
    return first is not None and first < session.open


def finest_interval(store: DayStore, session: Session) -> Interval:
    """The finest interval the store has bars of, for one session.

    Raises
    ------
    DataError
        If it has no intraday bars of that day.
    """
    intraday = [interval for interval in store.intervals(session.date) if interval.is_intraday]
    if not intraday:
        raise DataError(
            f"{store.root} has no intraday bars of {session.date}; import some, or choose another date"
        )
    return min(intraday)
