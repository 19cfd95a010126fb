"""The bar source of a backtest: plays a stored day slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from symscan.bars.dense import BAR_COLUMNS, DenseBars, Slots, number
from symscan.errors import DataError
from symscan.model.bar import BarSlice, Block, DayComplete
from symscan.model.events.session import Event
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.sources.stored.played_days import PlayedDay, PlayedDays

_REST_SHARE: Final = 8
"""The rest of a day is copied when a symbol leaves where it is no more than this part of it."""


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


class BacktestSource:
    """Plays the stored bars of one session; a bar is delivered at its end, never before.

    Parameters
    ----------
    store
        Where the bars are.
    session
        The trading day.
    start
        The first instant to play; None for the first that the stored bars reach into.
    played
        The days of the run, among which this one is kept for those after it.
    completes_day
        Whether the last update is that the day is complete.

    Raises
    ------
    DataError
        If the store has no intraday bars of that day.
    """

    def __init__(
        self,
        store: DayStore,
        session: Session,
        start: Instant | None = None,
        played: PlayedDays | None = None,
        *,
        completes_day: bool = False,
    ) -> None:
        self._store = store
        self._completes_day = completes_day
        self._played = played or PlayedDays()
        self._session = session
        self.base = finest_interval(store, session)
        self._now: Instant = session.pre_open
        self._start = session.open if start is None else min(start, session.open)
        self._has_premarket = _first_start(store, self.base, session) < session.open
        self._premarket: DenseBars | None = None
        self._regular = DenseBars(Slots.regular(session, self.base), 0)
        self._columns: dict[str, int] = {}
        self._path = store.path(self.base, session.date)
        self._rest: DenseBars | None = None
        self._day = PlayedDay(self._regular, {})

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Deliver bars of these symbols in these columns from the next slice on.

        Parameters
        ----------
        rows
            The column of each new symbol.
        capacity
            How many columns the blocks are to have.
        """
        self._columns.update(rows)
        self._day.reuse(set(rows.values()))
        if capacity != self._regular.present.shape[1]:
            self._allocate(capacity)
        else:
            self._load_bars(rows)

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""
        gone = [self._columns.pop(symbol) for symbol in symbols if symbol in self._columns]
        if gone and self._rest is None and not self._split_rest():
            self._day.forget(symbols)
        for bars in self._deliver_from():
            bars.clear(gone, after=self._now)

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """The session's bars that ended at these instants, over ``symbols``."""
        frame = self._read_bars(symbols)
        columns = number(symbols)
        played: dict[Instant, Block] = {}
        for slots in (Slots.premarket(self._session, self.base), Slots.regular(self._session, self.base)):
            bars = DenseBars(slots, len(symbols))
            bars.put(frame, columns)
            played.update((block.end, block) for block in bars.blocks())
        return [played[end] for end in ends if end <= self._now]

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """Nothing to wait for: the bars are there."""

    def prefer(self, symbols: Sequence[str]) -> None:
        """Nothing to do: every symbol is subscribed."""

    def drain_events(self) -> list[Event]:
        """Return no events."""
        return []

    def slices(self) -> Iterator[BarSlice | DayComplete]:
        """Every minute of the session in order up to its close, with the bars that end then."""
        session, slot_of = self._session, self._slots()
        for end in range(self._first(), session.close + 1, MINUTE):
            self._now = end
            bars = self._regular if end > session.open else self._premarket
            slot = slot_of.get(end)
            if bars is not None and slot is not None and self._rest is not None:
                bars, slot = self._rest, slot - len(bars.slots)  # from its end: the rest is shorter
            if bars is None or slot is None:
                yield BarSlice(end)
            else:
                yield BarSlice(end, Block(end, bars.fields[slot], bars.present[slot]))
        if self._completes_day:
            yield DayComplete()

    def _first(self) -> Instant:
        return min(self._start, self._session.pre_open + MINUTE) if self._has_premarket else self._start

    def _slots(self) -> dict[Instant, int]:
        """The slot that ends at an instant, in the pre-market up to the open, then in the regular session."""
        phases = (Slots.premarket(self._session, self.base), Slots.regular(self._session, self.base))
        return {end: slot for slots in phases for slot, end in enumerate(slots.ends)}

    def _allocate(self, capacity: int) -> None:
        """Allocate all columns; bars already delivered are not loaded again."""
        self._played.begin(self._path)
        arrays = self._played.arrays
        self._regular, self._rest = DenseBars(Slots.regular(self._session, self.base), capacity, arrays), None
        if self._has_premarket:
            self._premarket = DenseBars(Slots.premarket(self._session, self.base), capacity, arrays)
        self._day = PlayedDay(self._regular, {})
        self._played.put(self._path, self._day)
        self._load_bars(self._columns)

    def _load_bars(self, rows: Mapping[str, int]) -> None:
        if not rows:
            return
        for part in self._store.load_batches(self.base, self._session.date, list(rows), BAR_COLUMNS):
            for bars in self._deliver_from():
                bars.put(part, rows, self._now)
        if self._now <= self._session.open:  # else the bars before it are missing
            self._day.columns.update(rows)

    def _deliver_from(self) -> list[DenseBars]:
        """Return the bars that slices are made of from now on."""
        bars = (self._premarket, self._regular if self._rest is None else self._rest)
        return [one for one in bars if one is not None]

    def _split_rest(self) -> bool:
        """Deliver the rest of the day from a copy, if it is short: history still has all bars of who leaves.

        Mostly that is after the last scan of a scanner, whose universe leaves.
        """
        slots = self._regular.slots
        first = slots.after(self._now)
        if (len(slots) - first) * _REST_SHARE > len(slots):
            return False
        rest = Slots(slots.start + first * slots.step, slots.stop, slots.step)
        fields, present = self._regular.fields[first:].copy(), self._regular.present[first:].copy()
        self._rest = DenseBars.of(rest, fields, present)
        return True

    def _read_bars(self, symbols: Sequence[str]) -> pl.DataFrame:
        return self._store.load(self.base, [self._session.date], symbols, BAR_COLUMNS)


def _first_start(store: DayStore, base: Interval, session: Session) -> Instant:
    first = store.first_start(base, session.date)
    return session.open if first is None else first


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
