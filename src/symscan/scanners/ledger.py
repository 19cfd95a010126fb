"""What one scanner could not judge in a session: per symbol and reason, since when and how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symscan.model.events import UnknownSymbol
from symscan.model.instant import Instant
from symscan.session.unknown import Reason, Reasons

_Counts = NDArray[np.int64]


@dataclass(slots=True)
class _Tally:
    scans: _Counts
    first_at: _Counts
    last_at: _Counts


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
        for code in np.unique(reasons[reasons != Reason.NONE]):
            tally = self._tally(Reason(int(code)))
            mask = reasons == code
            tally.scans[mask] += 1
            tally.last_at[mask] = at
            tally.first_at[mask & (tally.first_at == 0)] = at

    def entries(self) -> tuple[UnknownSymbol, ...]:
        """Every symbol and reason, by symbol then reason."""
        found = [
            UnknownSymbol(
                self._symbols[row],
                reason.text,
                int(tally.first_at[row]),
                int(tally.last_at[row]),
                int(tally.scans[row]),
            )
            for reason, tally in self._tallies.items()
            for row in np.flatnonzero(tally.scans)
        ]
        return tuple(sorted(found, key=lambda entry: (entry.symbol, entry.reason)))

    def _tally(self, reason: Reason) -> _Tally:
        width = len(self._symbols)
        tally = self._tallies.setdefault(reason, _Tally(*(np.zeros(width, np.int64) for _ in range(3))))
        if len(tally.scans) < width:
            more = np.zeros(width - len(tally.scans), np.int64)
            tally.scans = np.concatenate([tally.scans, more])
            tally.first_at = np.concatenate([tally.first_at, more])
            tally.last_at = np.concatenate([tally.last_at, more])
        return tally
