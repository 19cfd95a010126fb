"""The market's clock as the session knows it: that of the moment it is carrying out."""

from __future__ import annotations

from symscan.clock.time_manager import TimeManager
from symscan.model.bar import SourceUpdate
from symscan.model.instant import Instant


class MarketClock:
    """What the market's clock said when the present moment was given; a backtest's is the session's own.

    It is taken from the moments, not from a clock: a resumed session says the same as the first time.

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

    def hear(self, moment: SourceUpdate) -> None:
        """A moment is given."""
        if moment.at is not None:
            self._at = moment.at
