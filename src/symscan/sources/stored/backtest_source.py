"""The bar source of a backtest: plays a stored day slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import polars as pl

from symscan.bars.dense import BAR_COLUMNS, DenseBars, Slots, number
from symscan.model.bar import BarSlice, Block, DayComplete
from symscan.model.events.session import Event
from symscan.model.instant import MINUTE, Instant
from symscan.model.session import Session
from symscan.sources.stored.day_layout import (
    DayLayout,
    DayStore,
    finest_interval,
    has_premarket,
    lay_out,
    put_bars,
)
from symscan.sources.stored.played_days import PlayedDay, PlayedDays

_REST_SHARE: Final = 8
"""The rest of a day is copied when a symbol leaves where it is no more than this part of it."""


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
    following
        The session that is played next: its bars are read while this one plays; None for none.

    Raises
    ------
    DataError
        If the store has no intraday bars of that day, or they cannot be read.
    """

    def __init__(
        self,
        store: DayStore,
        session: Session,
        start: Instant | None = None,
        played: PlayedDays | None = None,
        *,
        completes_day: bool = False,
        following: Session | None = None,
    ) -> None:
        self._store = store
        self._completes_day = completes_day
        self._played = played or PlayedDays()
        self._session = session
        self.base = finest_interval(store, session)
        self._now: Instant = session.pre_open
        self._start = session.open if start is None else min(start, session.open)
        self._following = following
        self._columns: dict[str, int] = {}
        self._capacity = 0
        self._path = store.path(self.base, session.date)
        self._layout: DayLayout | None = None
        self._ahead = self._played.ahead.take(self._path)
        if self._ahead is None:  # read at once, so that a session whose bars cannot be read does not begin
            self._has_premarket = has_premarket(store, session)
        else:
            self._has_premarket = self._ahead.premarket is not None
        self._rest: DenseBars | None = None
        self._day = PlayedDay(DenseBars(Slots.regular(session, self.base), 0), {})

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
        self._capacity = capacity
        if self._layout is None or self._layout.capacity != capacity:
            if self._columns:
                self._lay_out()
            return
        self._day.reuse(set(rows.values()))
        put_bars(self._store, self._session, rows, self._deliver_from(), self._now)
        self._keep(rows)

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
        if self._layout is None:
            self._lay_out()
        if self._following is not None:
            self._read_ahead(self._following)
        slot_of = self._slots()
        for end in range(self._first(), self._session.close + 1, MINUTE):
            self._now = end
            bars, slot = self._bars_at(end), slot_of.get(end)
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

    def _bars_at(self, end: Instant) -> DenseBars | None:
        """Return the bars of the phase that an instant ends in."""
        if self._layout is None:
            return None
        return self._layout.regular if end > self._session.open else self._layout.premarket

    def _slots(self) -> dict[Instant, int]:
        """The slot that ends at an instant, in the pre-market up to the open, then in the regular session."""
        phases = (Slots.premarket(self._session, self.base), Slots.regular(self._session, self.base))
        return {end: slot for slots in phases for slot, end in enumerate(slots.ends)}

    def _lay_out(self) -> None:
        """Lay out the day for all columns; bars already delivered are left out."""
        self._played.begin(self._path)
        self._layout = self._layout_read_ahead()
        if self._layout is None:
            self._played.ahead.wait()
            self._layout = lay_out(
                self._store,
                self._session,
                self._columns,
                self._capacity,
                self._played.arrays,
                self._now,
                premarket=self._has_premarket,
            )
        self._rest = None
        self._day = PlayedDay(self._layout.regular, {})
        self._played.put(self._path, self._day)
        self._keep(self._columns)

    def _layout_read_ahead(self) -> DayLayout | None:
        """Return what was read while the session before this one played, once, if it is what is needed."""
        layout, self._ahead = self._ahead, None
        if layout is None or layout.capacity != self._capacity or layout.columns != self._columns:
            return None
        return layout

    def _read_ahead(self, following: Session) -> None:
        """Read the bars of the next session, into the memory of the last one's."""
        self._played.keep_only(self._path)
        path = self._store.path(finest_interval(self._store, following), following.date)
        columns, arrays = dict(self._columns), self._played.arrays
        layout = partial(lay_out, self._store, following, columns, self._capacity, arrays)
        self._played.ahead.begin(path, layout)

    def _keep(self, rows: Mapping[str, int]) -> None:
        """Keep symbols for the sessions that come, if all of their bars are there."""
        if self._now <= self._session.open:
            self._day.columns.update(rows)

    def _deliver_from(self) -> list[DenseBars]:
        """Return the bars that slices are made of from now on."""
        if self._layout is None:
            return []
        return self._layout.bars() if self._rest is None else [self._rest]

    def _split_rest(self) -> bool:
        """Deliver the rest of the day from a copy, if it is short: history still has all bars of who leaves.

        Mostly that is after the last scan of a scanner, whose universe leaves.
        """
        if self._layout is None:
            return False
        whole = self._layout.regular
        slots, first = whole.slots, whole.slots.after(self._now)
        if (len(slots) - first) * _REST_SHARE > len(slots):
            return False
        rest = Slots(slots.start + first * slots.step, slots.stop, slots.step)
        self._rest = DenseBars.of(rest, whole.fields[first:].copy(), whole.present[first:].copy())
        return True

    def _read_bars(self, symbols: Sequence[str]) -> pl.DataFrame:
        return self._store.load(self.base, [self._session.date], symbols, BAR_COLUMNS)
