"""What one scanner could not judge in a session: per symbol and reason, since when and how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symscan.model.events import Counts, UnknownSymbols
from symscan.model.instant import Instant
from symscan.session.unknown import Reason, Reasons


@dataclass(slots=True)
class _Tally:
    scans: Counts
    first_at: Counts
    last_at: Counts

    def columns(self) -> tuple[Counts, Counts, Counts]:
        """First, last and number of scans, as in ``UnknownSymbols``."""
        return self.first_at, self.last_at, self.scans


class UnknownLedger:
    """Counts unknown symbols by reason; grows with the scanner's candidates."""

    def __init__(self) -> None:
        self._symbols: tuple[str, ...] = ()
        self._tallies: dict[Reason, _Tally] = {}

    def record(self, at: Instant, symbols: tuple[str, ...], reasons: Reasons) -> None:
        """Count one scan.

        Parameters
        ----------
        at
            When the scan was.
        symbols
            The scanner's candidates; an earlier scan's are its beginning.
        reasons
            Why each is unknown, ``Reason.NONE`` where it is not, shape ``(len(symbols),)``.
        """
        self._symbols = symbols
        counts = np.bincount(reasons, minlength=len(Reason))
        for code in np.flatnonzero(counts[1:]) + 1:
            tally = self._tally(Reason(int(code)))
            mask = reasons == code
            tally.scans[mask] += 1
            tally.last_at[mask] = at
            tally.first_at[mask & (tally.first_at == 0)] = at

    def entries(self) -> UnknownSymbols:
        """Every symbol and reason, by symbol then reason."""
        names = np.array(self._symbols, np.object_)
        parts = [
            (
                names[rows],
                np.full(len(rows), reason.text, np.object_),
                *(one[rows] for one in tally.columns()),
            )
            for reason, tally in self._tallies.items()
            if len(rows := np.flatnonzero(tally.scans))
        ]
        if not parts:
            return UnknownSymbols()
        symbols, reasons, first_at, last_at, scans = map(np.concatenate, zip(*parts, strict=True))
        order = np.lexsort((reasons.astype(np.str_), symbols.astype(np.str_)))
        return UnknownSymbols(
            tuple(symbols[order].tolist()),
            tuple(reasons[order].tolist()),
            first_at[order],
            last_at[order],
            scans[order],
        )

    def _tally(self, reason: Reason) -> _Tally:
        width = len(self._symbols)
        tally = self._tallies.setdefault(reason, _Tally(*(np.zeros(width, np.int64) for _ in range(3))))
        if len(tally.scans) < width:
            more = np.zeros(width - len(tally.scans), np.int64)
            tally.scans = np.concatenate([tally.scans, more])
            tally.first_at = np.concatenate([tally.first_at, more])
            tally.last_at = np.concatenate([tally.last_at, more])
        return tally
