"""Falling behind the feed: scans pause until the session has caught up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from symscan.model.bar import BarSlice
from symscan.model.events import Event, Outcome, ScanFinished
from symscan.model.live_events import LagBegan, LagEnded

_SECOND: Final = 1_000_000


class LagWatch:
    """Compares each slice with the market's clock.

    Parameters
    ----------
    limit_seconds
        How far behind the clock a slice may be when it is carried out.
    """

    def __init__(self, limit_seconds: float = 30.0) -> None:
        self._limit = round(limit_seconds * _SECOND)
        self._is_behind = False
        self._skipped = 0

    def look(self, bar_slice: BarSlice) -> list[Event]:
        """Whether the session fell behind with this slice, or caught up."""
        was_behind = self._is_behind
        self._is_behind = bar_slice.lag > self._limit and not bar_slice.is_recovered
        if self._is_behind and not was_behind:
            return [LagBegan(bar_slice.end, bar_slice.lag / _SECOND)]
        if was_behind and not self._is_behind:
            skipped, self._skipped = self._skipped, 0
            return [LagEnded(bar_slice.end, skipped)]
        return []

    def paused(self, bar_slice: BarSlice) -> str | None:
        """Why scans pause, None if they do not."""
        return f"behind the feed by {bar_slice.lag / _SECOND:.0f} s" if self._is_behind else None

    def note(self, scans: Sequence[ScanFinished]) -> None:
        """Count the scans that were skipped for it."""
        if self._is_behind:
            self._skipped += sum(scan.outcome is Outcome.SKIPPED for scan in scans)
