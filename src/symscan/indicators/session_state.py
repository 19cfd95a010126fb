"""Indicators that begin anew with each session and know where in it they are."""

from __future__ import annotations

from typing import Self

import numpy as np

from symscan.indicators.base import Indicator
from symscan.indicators.session_clock import SessionClock
from symscan.indicators.state import Finder
from symscan.model.bar import Block, Mask, Rows
from symscan.model.specs import IndicatorSpec


class SessionIndicator(Indicator):
    """An indicator whose row state is today's alone: a row is blank until its first bar of the session.

    It must be given a block for every slot of a session, also where a row, or every row, has no bar:
    time passes for rows without one too. Its outputs may depend on the newest block's slot.

    Parameters
    ----------
    spec
        The checked spec.
    rows
        The capacity of all vectors.
    """

    def __init__(self, spec: IndicatorSpec, rows: int) -> None:
        self._clock = SessionClock(spec.interval)
        super().__init__(spec, rows, seed_bars=1)

    @property
    def clock(self) -> SessionClock:
        """Where in the session the newest block stands."""
        return self._clock

    def update(self, rows: Mask, bars: Block, find: Finder | None = None) -> None:
        """Give some rows this bar, and let time pass for all; see ``Indicator.update``."""
        if self._clock.advance_to(bars.end):
            self._end_session()
            self._state.forget(np.arange(self._state.rows, dtype=np.intp))
        super().update(rows, bars, find)
        self._end_slot(rows, bars)

    def _become(self, other: Self, rows: Rows | slice) -> None:
        super()._become(other, rows)
        self._clock.catch_up(other.clock)

    def _take_over(self, rows: Rows, fresh: Self) -> None:
        super()._take_over(rows, fresh)
        self._clock.catch_up(fresh.clock)

    def _end_slot(self, rows: Mask, bars: Block) -> None:
        """What a slot's end changes for all rows; the same slot may end again, for other ``rows``."""

    def _end_session(self) -> None:
        """Keep what outlives the session that the newest block has just left behind."""
