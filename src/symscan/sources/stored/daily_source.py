"""The bar source of a store that has only daily bars: a session is one bar, complete at the close."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from symscan.model.bar import BarSlice, Block, DayComplete
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.model.interval import ONE_DAY
from symscan.model.session import Session


class DailySource:
    """Plays a session of daily bars: the open, the close with the day's bar, and the complete day.

    Parameters
    ----------
    session
        The trading day.
    day
        Reads its daily bars over symbols.
    """

    base = ONE_DAY

    def __init__(self, session: Session, day: Callable[[Sequence[str]], Block]) -> None:
        self._session = session
        self._day = day
        self._rows: dict[str, int] = {}
        self._capacity = 0
        self._now: Instant = session.pre_open

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Deliver bars of these symbols in these columns from the next slice on."""
        self._rows.update(rows)
        self._capacity = capacity

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""
        for symbol in symbols:
            self._rows.pop(symbol, None)

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """The session's bars that ended at these instants, over ``symbols``."""
        return [self._day(symbols) for end in ends if end == self._session.close <= self._now]

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """Nothing to wait for: the bars are there."""

    def prefer(self, symbols: Sequence[str]) -> None:
        """Nothing to do: every symbol is subscribed."""

    def drain_events(self) -> list[Event]:
        """Return no events."""
        return []

    def slices(self) -> Iterator[BarSlice | DayComplete]:
        """The open, the close with the day's bars, and that the day is complete."""
        self._now = self._session.open
        yield BarSlice(self._now)
        self._now = self._session.close
        yield BarSlice(self._now, self._block())
        yield DayComplete()

    def _block(self) -> Block:
        """Return the day's bars over all columns."""
        bars = self._day(tuple(self._rows))
        block = Block.blank(self._session.close, self._capacity)
        block.put(np.fromiter(self._rows.values(), np.intp, len(self._rows)), bars.present, bars.fields)
        return block
