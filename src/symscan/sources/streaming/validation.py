"""Which of a feed's bars can be used: those of the session that are valid, as the importer's are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symscan.model.bar import Mask
from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session
from symscan.sources.bar_rules import valid_mask, zero_volume_mask
from symscan.sources.ports import BarBatch


class BatchValidator:
    """Drops bars that are not valid, and counts them until :meth:`complaint` reports them.

    Parameters
    ----------
    session
        The day; bars from before its pre-market or after its close are nobody's fault.
    ends
        Where a bar of the feed can end, ascending.
    keeps_zero_volume
        Whether bars with a volume of zero are used: those of a store that was told to keep them.
    """

    def __init__(self, session: Session, ends: Sequence[Instant], *, keeps_zero_volume: bool = False) -> None:
        self._session = session
        self._ends = np.array(ends, np.int64)
        self._keeps_zero_volume = keeps_zero_volume
        self._malformed = _Dropped("malformed bar", "malformed bars")
        self._untraded = _Dropped("bar without volume", "bars without volume")

    def sound(self, arrivals: BarBatch) -> BarBatch:
        """The bars of the session that can be."""
        ends = arrivals.ends
        of_session = (ends > self._session.pre_open) & (ends <= self._session.close)
        on_grid = self._ends.take(np.searchsorted(self._ends, ends), mode="clip") == ends
        good = of_session & on_grid & valid_mask(arrivals.fields, zero_volume=self._keeps_zero_volume)
        if good.all():
            return arrivals
        bad = of_session & ~good
        # As in an import, a bar without volume counts as such, whatever else it holds.
        untraded = bad & zero_volume_mask(arrivals.fields) & (not self._keeps_zero_volume)
        self._untraded.note(arrivals, untraded)
        self._malformed.note(arrivals, bad & ~untraded)
        return chosen(arrivals, good)

    def complaint(self) -> str | None:
        """What was dropped since the last call, with examples; None if nothing was."""
        said = [one.take() for one in (self._malformed, self._untraded) if one.count]
        return "; ".join(said) or None


class _Dropped:
    """Bars dropped for one reason."""

    def __init__(self, one: str, several: str) -> None:
        self.count = 0
        self._names = (one, several)
        self._example = ""

    def note(self, arrivals: BarBatch, bad: Mask) -> None:
        """Count bars; the last ones give the example."""
        if not bad.any():
            return
        first = int(np.flatnonzero(bad)[0])
        values = ", ".join(f"{value:g}" for value in arrivals.fields[:, first])
        self.count += int(bad.sum())
        self._example = (
            f"{arrivals.symbols[first]} ending {to_iso(int(arrivals.ends[first]))} "
            f"(open, high, low, close, volume: {values})"
        )

    def take(self) -> str:
        """Say how many there were, and begin anew."""
        count, self.count = self.count, 0
        bars = f"{self._names[0]} was" if count == 1 else f"{self._names[1]} were"
        return f"{count} {bars} dropped, such as {self._example}"


def chosen(arrivals: BarBatch, mask: Mask) -> BarBatch:
    """Some of the bars."""
    symbols = [symbol for symbol, is_chosen in zip(arrivals.symbols, mask.tolist(), strict=True) if is_chosen]
    return BarBatch(symbols, arrivals.ends[mask], arrivals.fields[:, mask], arrivals.corrected)
