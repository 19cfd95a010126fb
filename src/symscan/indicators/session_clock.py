"""Where in its session a bar stands, told from the ends of the bars alone."""

from __future__ import annotations

from symscan.model.instant import MINUTE, Instant
from symscan.model.interval import Interval

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
        """Go on to a block; returns whether it is the first of a session."""
        is_first = self.end < 0 or end - self.end > _NIGHT
        if is_first:
            self._open = end - self._step
        self.end = end
        self.slot = -(-(end - self._open) // self._step) - 1  # a session's last bar may be a short one
        return is_first

    def catch_up(self, other: SessionClock) -> None:
        """Take over a clock that has come further."""
        if other.end > self.end:
            self.end, self.slot, self._open = other.end, other.slot, other._open
