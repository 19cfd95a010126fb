"""The market's clock as of the update that is being processed."""

from __future__ import annotations

from symscan.clock.time_manager import TimeManager
from symscan.model.bar import SourceUpdate
from symscan.model.instant import Instant


class MarketClock:
    """The market's time at which the current update was delivered; a backtest's is the session's own.

    It is taken from the updates, not from a clock, so that a resumed session gets the same times again.

    Parameters
    ----------
    time_manager
        The session's clock, which never runs ahead of the market's.
    """

    def __init__(self, time_manager: TimeManager) -> None:
        self._time = time_manager
        self._at: Instant | None = None

    def now(self) -> Instant:
        """The instant, UTC microseconds."""
        return max(self._time.now, self._at or 0)

    def observe(self, update: SourceUpdate) -> None:
        """Take the time of an update."""
        if update.at is not None:
            self._at = update.at
