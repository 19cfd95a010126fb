"""Validate the bars of a feed by the rule that imports use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symscan.model.bar import Mask
from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session
from symscan.sources.bar_rules import valid_mask, zero_volume_mask
from symscan.sources.ports import BarBatch


class BatchValidator:
    """Drops bars that are not valid, and counts them until :meth:`dropped_report` reports them.

    Parameters
    ----------
    session
        The day; bars from before its pre-market or after its close are dropped without being counted.
    ends
        Where a bar of the feed can end, ascending.
    keeps_zero_volume
        Whether bars with a volume of zero are used: those of a store whose import kept them.
    """

    def __init__(self, session: Session, ends: Sequence[Instant], *, keeps_zero_volume: bool = False) -> None:
        self._session = session
        self._ends = np.array(ends, np.int64)
        self._keeps_zero_volume = keeps_zero_volume
        self._malformed = _DropCount("malformed bar", "malformed bars")
        self._untraded = _DropCount("bar without volume", "bars without volume")

    def validate(self, batch: BarBatch) -> tuple[BarBatch, BarBatch | None]:
        """Return the session's valid bars, and the malformed ones if there are any; count what is dropped."""
        ends = batch.ends
        of_session = (ends > self._session.pre_open) & (ends <= self._session.close)
        on_grid = self._ends.take(np.searchsorted(self._ends, ends), mode="clip") == ends
        good = of_session & on_grid & valid_mask(batch.fields, zero_volume=self._keeps_zero_volume)
        if good.all():
            return batch, None
        bad = of_session & ~good
        # As in an import, a bar without volume counts as such, whatever else it holds.
        untraded = bad & zero_volume_mask(batch.fields) & (not self._keeps_zero_volume)
        self._untraded.count_bars(batch, untraded)
        malformed = bad & ~untraded
        self._malformed.count_bars(batch, malformed)
        return select_bars(batch, good), select_bars(batch, malformed) if malformed.any() else None

    def dropped_report(self) -> str | None:
        """Describe the bars dropped since the last call, with examples; None if none were."""
        reports = [one.drain() for one in (self._malformed, self._untraded) if one.count]
        return "; ".join(reports) or None


class _DropCount:
    """Bars dropped for one reason."""

    def __init__(self, one: str, several: str) -> None:
        self.count = 0
        self._names = (one, several)
        self._example = ""

    def count_bars(self, batch: BarBatch, bad: Mask) -> None:
        """Count bars; the last ones give the example."""
        if not bad.any():
            return
        first = int(np.flatnonzero(bad)[0])
        values = ", ".join(f"{value:g}" for value in batch.fields[:, first])
        self.count += int(bad.sum())
        self._example = (
            f"{batch.symbols[first]} ending {to_iso(int(batch.ends[first]))} "
            f"(open, high, low, close, volume: {values})"
        )

    def drain(self) -> str:
        """Describe the bars counted, and reset the count."""
        count, self.count = self.count, 0
        bars = f"{self._names[0]} was" if count == 1 else f"{self._names[1]} were"
        return f"{count} {bars} dropped, such as {self._example}"


def select_bars(batch: BarBatch, mask: Mask) -> BarBatch:
    """Return the bars selected by a mask."""
    symbols = [symbol for symbol, is_chosen in zip(batch.symbols, mask.tolist(), strict=True) if is_chosen]
    return BarBatch(symbols, batch.ends[mask], batch.fields[:, mask], batch.corrected)
