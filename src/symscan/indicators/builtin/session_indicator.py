"""The base of indicators within a session, with a clock that derives a bar's slot from the bars' ends."""

from __future__ import annotations

from typing import Self

import numpy as np

from symscan.indicators.base import Indicator
from symscan.indicators.state import MaskRows
from symscan.model.bar import Block, Mask, Rows
from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec

_NIGHT = 12 * 60 * MINUTE
"""Longer than any session and shorter than any night: what ends so much later is of another session."""


class SessionClock:
    """Follows blocks that come one per slot of each session, empty ones too, as history and slices do.

    Parameters
    ----------
    interval
        The blocks' length; intraday.

    Attributes
    ----------
    end
        The end of the newest block, -1 before the first.
    slot
        Its place in its session: 0 for the bar that begins at the open.
    """

    def __init__(self, interval: Interval) -> None:
        self.end: Instant = -1
        self.slot = -1
        self._step = interval.minutes * MINUTE
        self._open: Instant = -1

    @property
    def minutes(self) -> int:
        """Minutes from the open to the newest block's end; a bar longer than its session counts in full."""
        return (self.end - self._open) // MINUTE

    def advance_to(self, end: Instant) -> bool:
        """Advance to a block; return whether it is the first of a session."""
        is_first = self.end < 0 or end - self.end > _NIGHT
        if is_first:
            self._open = end - self._step
        self.end = end
        self.slot = -(-(end - self._open) // self._step) - 1  # a session's last bar may be a short one
        return is_first

    def catch_up(self, other: SessionClock) -> None:
        """Take over another clock if it is ahead."""
        if other.end > self.end:
            self.end, self.slot, self._open = other.end, other.slot, other._open


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

    def update(self, rows: Mask, bars: Block, find: MaskRows | None = None) -> None:
        """Update some rows with this bar, and advance the clock for all; see ``Indicator.update``."""
        if self._clock.advance_to(bars.end):
            self._end_session()
            self._state.forget(np.arange(self._state.rows, dtype=np.intp))
        super().update(rows, bars, find)
        self._end_slot(rows, bars)

    def _load_rows(self, other: Self, rows: Rows | slice) -> None:
        super()._load_rows(other, rows)
        self._clock.catch_up(other.clock)

    def _store_rows(self, rows: Rows, fresh: Self) -> None:
        super()._store_rows(rows, fresh)
        self._clock.catch_up(fresh.clock)

    def _end_slot(self, rows: Mask, bars: Block) -> None:
        """Apply a slot's end to all rows; the same slot may end again, for other ``rows``."""

    def _end_session(self) -> None:
        """Keep what outlives the session that ended before the newest block."""
