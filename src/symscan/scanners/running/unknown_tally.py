"""Track what one scanner could not judge in a session: per symbol and reason, from when to when."""

from __future__ import annotations

from typing import Final

import numpy as np

from symscan.model.bar import Mask, Rows
from symscan.model.events.session import Counts, ScanPhase, UnknownSymbols
from symscan.model.instant import Instant
from symscan.session.unknown_reasons import Reason, Reasons

_PHASES: Final = tuple(ScanPhase)
"""In the order of a session."""

_Stretches = tuple[Rows, Reasons, Counts, Counts, Counts, Counts]


class UnknownTally:
    """Tracks stretches of scans of one phase in which a symbol was unknown for one reason.

    Symbols that are no candidates any more have no reason: their stretch ends.
    """

    def __init__(self) -> None:
        self._index_of: dict[str, int] = {}
        self._symbols: tuple[str, ...] = ()
        self._indices: Rows = np.zeros(0, np.intp)
        self._reasons: Reasons = np.zeros(0, np.int8)
        self._first_at: Counts = np.zeros(0, np.int64)
        self._last_at: Instant = 0
        self._scans: Counts = np.zeros(0, np.int64)
        self._phase = ScanPhase.PRE_SESSION
        self._ended: list[_Stretches] = []

    def record(self, at: Instant, phase: ScanPhase, symbols: tuple[str, ...], reasons: Reasons) -> None:
        """Record one scan that was ok.

        Parameters
        ----------
        at, phase
            When the scan was.
        symbols
            The scanner's candidates.
        reasons
            Why each is unknown, ``Reason.NONE`` where it is not, shape ``(len(symbols),)``.
        """
        if phase is not self._phase:
            self._end(self._reasons != Reason.NONE)
            self._reasons[:], self._phase = Reason.NONE, phase
        if np.count_nonzero(reasons) or np.count_nonzero(self._reasons):
            self._assign_indices(symbols)
            now = np.zeros(len(self._index_of), np.int8)
            now[self._indices] = reasons
            changed = now != self._reasons
            self._end(changed & (self._reasons != Reason.NONE))
            self._reasons[changed], self._first_at[changed], self._scans[changed] = now[changed], at, 0
            self._scans[now != Reason.NONE] += 1
        self._last_at = at

    def entries(self) -> UnknownSymbols:
        """Return every stretch, also those that last, sorted by symbol, then time."""
        open_stretches = self._stretches(np.flatnonzero(self._reasons))
        indices, reasons, phases, first_at, last_at, scans = map(
            np.concatenate, zip(*self._ended, open_stretches, strict=True)
        )
        if not len(indices):
            return UnknownSymbols()
        names = np.array(list(self._index_of), np.object_)
        alphabet = np.argsort(np.argsort(names.astype(np.str_)))  # of symbols, far fewer than stretches
        order = np.lexsort((phases, first_at, alphabet[indices]))
        texts = np.array([reason.text for reason in Reason], np.object_)
        phase_names = np.array([phase.value for phase in _PHASES], np.object_)
        return UnknownSymbols(
            tuple(names[indices[order]].tolist()),
            tuple(texts[reasons[order]].tolist()),
            tuple(phase_names[phases[order]].tolist()),
            first_at[order],
            last_at[order],
            scans[order],
        )

    def _assign_indices(self, symbols: tuple[str, ...]) -> None:
        """Assign an index to each symbol; candidates may come and go."""
        if symbols is self._symbols or symbols == self._symbols:
            return
        new = [symbol for symbol in dict.fromkeys(symbols) if symbol not in self._index_of]
        self._index_of.update(
            zip(new, range(len(self._index_of), len(self._index_of) + len(new)), strict=True)
        )
        self._indices = np.fromiter(map(self._index_of.__getitem__, symbols), np.intp, len(symbols))
        self._symbols = symbols
        more = len(self._index_of) - len(self._reasons)
        self._reasons = np.append(self._reasons, np.zeros(more, np.int8))
        self._first_at = np.append(self._first_at, np.zeros(more, np.int64))
        self._scans = np.append(self._scans, np.zeros(more, np.int64))

    def _end(self, ended: Mask) -> None:
        """End stretches with the scan before."""
        if ended.any():
            self._ended.append(self._stretches(np.flatnonzero(ended)))

    def _stretches(self, rows: Rows) -> _Stretches:
        phase, last_at = (np.full(len(rows), one) for one in (_PHASES.index(self._phase), self._last_at))
        return rows, self._reasons[rows], phase, self._first_at[rows], last_at, self._scans[rows]
