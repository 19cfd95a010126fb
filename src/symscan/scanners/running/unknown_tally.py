"""Count what one scanner could not judge in a session: per symbol and reason, since when and how often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symscan.model.bar import Rows
from symscan.model.events.session import Counts, UnknownSymbols
from symscan.model.instant import Instant
from symscan.session.unknown_reasons import Reason, Reasons


@dataclass(slots=True)
class _Tally:
    scans: Counts
    first_at: Counts
    last_at: Counts

    def columns(self) -> tuple[Counts, Counts, Counts]:
        """First, last and number of scans, as in ``UnknownSymbols``."""
        return self.first_at, self.last_at, self.scans


class UnknownTally:
    """Counts unknown symbols by reason, also those that are no candidates any more."""

    def __init__(self) -> None:
        self._index_of: dict[str, int] = {}
        self._symbols: tuple[str, ...] = ()
        self._indices: Rows = np.zeros(0, np.intp)
        self._tallies: dict[Reason, _Tally] = {}

    def record(self, at: Instant, symbols: tuple[str, ...], reasons: Reasons) -> None:
        """Count one scan.

        Parameters
        ----------
        at
            When the scan was.
        symbols
            The scanner's candidates.
        reasons
            Why each is unknown, ``Reason.NONE`` where it is not, shape ``(len(symbols),)``.
        """
        if not reasons.any():
            return
        self._assign_indices(symbols)
        counts = np.bincount(reasons, minlength=len(Reason))
        for code in np.flatnonzero(counts[1:]) + 1:
            tally = self._tally(Reason(int(code)))
            indices = self._indices[reasons == code]
            tally.scans[indices] += 1
            tally.last_at[indices] = at
            tally.first_at[indices[tally.first_at[indices] == 0]] = at

    def entries(self) -> UnknownSymbols:
        """Return every symbol and reason, sorted by symbol, then reason."""
        names = np.array(list(self._index_of), np.object_)
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

    def _assign_indices(self, symbols: tuple[str, ...]) -> None:
        """Assign an index to each symbol; candidates may come and go."""
        if symbols == self._symbols:
            return
        for symbol in symbols:
            self._index_of.setdefault(symbol, len(self._index_of))
        self._indices = np.fromiter(map(self._index_of.__getitem__, symbols), np.intp, len(symbols))
        self._symbols = symbols

    def _tally(self, reason: Reason) -> _Tally:
        width = len(self._index_of)
        tally = self._tallies.setdefault(reason, _Tally(*(np.zeros(width, np.int64) for _ in range(3))))
        if len(tally.scans) < width:
            more = np.zeros(width - len(tally.scans), np.int64)
            tally.scans = np.concatenate([tally.scans, more])
            tally.first_at = np.concatenate([tally.first_at, more])
            tally.last_at = np.concatenate([tally.last_at, more])
        return tally
