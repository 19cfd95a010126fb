"""Reject bars that end after the market's clock."""

from __future__ import annotations

from typing import Final

import numpy as np

from symscan.model.events.feed import BarsRefused
from symscan.model.instant import MINUTE, Instant, to_iso
from symscan.sources.ports import BarBatch
from symscan.sources.streaming.validation import select_bars

FUTURE_TOLERANCE: Final = MINUTE
"""How far after the market's clock a bar may end: that clock is an estimate, mostly right to a few ms."""


class FutureBars:
    """Rejects bars that end after the market's clock, and counts them until they are reported."""

    def __init__(self) -> None:
        self._count = 0
        self._example = ""

    def refuse(self, batch: BarBatch, now: Instant) -> tuple[BarBatch, list[str]]:
        """Return the bars that end by now, within a tolerance, and the symbols of the others."""
        is_future = batch.ends > now + FUTURE_TOLERANCE
        if not is_future.any():
            return batch, []
        refused = np.flatnonzero(is_future).tolist()
        first = refused[0]
        self._count += len(refused)
        end = to_iso(int(batch.ends[first]))
        self._example = f"{batch.symbols[first]} ending {end}, which came at {to_iso(now)}"
        return select_bars(batch, ~is_future), [batch.symbols[place] for place in refused]

    def report(self, now: Instant) -> BarsRefused | None:
        """Return an event about the bars rejected since the last call; None if none were."""
        if not self._count:
            return None
        count, self._count = self._count, 0
        bars = "bar was" if count == 1 else "bars were"
        reason = f"{count} {bars} dated after the market's clock, such as {self._example}"
        return BarsRefused(now, count, f"{reason}; check this computer's clock if that goes on")
