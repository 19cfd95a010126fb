"""Which of a feed's bars can be used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symscan.model.bar import HIGH, LOW, VOLUME, Floats, Mask
from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session
from symscan.sources.feed import Arrivals


class Checks:
    """Sorts out bars that cannot be, and keeps count of them until it is told.

    Parameters
    ----------
    session
        The day; bars from before its pre-market or after its close are nobody's fault.
    ends
        Where a bar of the feed can end, ascending.
    """

    def __init__(self, session: Session, ends: Sequence[Instant]) -> None:
        self._session = session
        self._ends = np.array(ends, np.int64)
        self._count = 0
        self._example = ""

    def sound(self, arrivals: Arrivals) -> Arrivals:
        """The bars of the session that can be."""
        ends = arrivals.ends
        of_session = (ends > self._session.pre_open) & (ends <= self._session.close)
        on_grid = self._ends.take(np.searchsorted(self._ends, ends), mode="clip") == ends
        can_be = _can_be(arrivals.fields)
        self._note(arrivals, of_session & ~(on_grid & can_be))
        good = of_session & on_grid & can_be
        return arrivals if good.all() else chosen(arrivals, good)

    def complaint(self) -> str | None:
        """What was dropped since the last call, with an example; None if nothing was."""
        if not self._count:
            return None
        count, self._count = self._count, 0
        bars = "bar was" if count == 1 else "bars were"
        return f"{count} malformed {bars} dropped, such as {self._example}"

    def _note(self, arrivals: Arrivals, bad: Mask) -> None:
        if not bad.any():
            return
        first = int(np.flatnonzero(bad)[0])
        values = ", ".join(f"{value:g}" for value in arrivals.fields[:, first])
        self._count += int(bad.sum())
        self._example = (
            f"{arrivals.symbols[first]} ending {to_iso(int(arrivals.ends[first]))} "
            f"(open, high, low, close, volume: {values})"
        )


def _can_be(fields: Floats) -> Mask:
    prices = fields[:VOLUME]
    found: Mask = (
        np.isfinite(fields).all(axis=0)
        & (prices > 0.0).all(axis=0)
        & (fields[HIGH] >= fields[LOW])
        & (fields[VOLUME] >= 0.0)
    )
    return found


def chosen(arrivals: Arrivals, mask: Mask) -> Arrivals:
    """Some of the bars."""
    symbols = [symbol for symbol, is_chosen in zip(arrivals.symbols, mask.tolist(), strict=True) if is_chosen]
    return Arrivals(symbols, arrivals.ends[mask], arrivals.fields[:, mask], arrivals.corrected)
