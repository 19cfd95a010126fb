"""Pause scans while the session is behind the feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from symscan.model.bar import BarSlice
from symscan.model.events.feed import LagBegan, LagEnded
from symscan.model.events.session import Event, Outcome, ScanFinished

_SECOND: Final = 1_000_000


class LagMonitor:
    """Compares each slice's lag with a limit.

    Parameters
    ----------
    limit_seconds
        How far behind the clock a slice may be when it is carried out.
    """

    def __init__(self, limit_seconds: float = 30.0) -> None:
        self._limit = round(limit_seconds * _SECOND)
        self._skipped = 0
        self.paused: str | None = None
        """Why scans pause, None if they do not."""

    def update(self, bar_slice: BarSlice) -> list[Event]:
        """Update from a slice; returns an event if the session fell behind with it, or caught up."""
        was_behind = self.paused is not None
        seconds = bar_slice.lag / _SECOND
        is_behind = bar_slice.lag > self._limit and not bar_slice.is_recovered
        self.paused = f"behind the feed by {seconds:.0f} s" if is_behind else None
        if is_behind and not was_behind:
            return [LagBegan(bar_slice.end, seconds)]
        if was_behind and not is_behind:
            skipped, self._skipped = self._skipped, 0
            return [LagEnded(bar_slice.end, skipped)]
        return []

    def count_skipped(self, scans: Sequence[ScanFinished]) -> None:
        """Count the scans that were skipped because of the lag; called while scans pause."""
        self._skipped += sum(scan.outcome is Outcome.SKIPPED and scan.error == self.paused for scan in scans)
