"""What the engine makes of a scan's result: which symbols were unknown and why, which were found."""

from __future__ import annotations

import numpy as np

from symscan.model.bar import Mask
from symscan.model.events import Hits
from symscan.scanners.base import BaseScanner, ScanResult
from symscan.session.session_data import SessionData
from symscan.session.unknown import Missing, Reason, Reasons

_OF_A_HIT = {
    "price": "close",
    "previous_close": "previous_close",
    "change_pct": "change_pct",
    "gap_pct": "gap_pct",
    "volume": "volume",
    "last_bar_end": "last_bar_end",
}
"""The reading behind each column of a hit."""


class Judgement:
    """Holds one scanner's results against the session as of now.

    Parameters
    ----------
    data
        The session.
    scanner, holder
        The scanner, and the name it holds symbols under.
    """

    def __init__(self, data: SessionData, scanner: BaseScanner, holder: str) -> None:
        self._data = data
        self._scanner = scanner
        self._holder = holder
        self._missing = Missing(data, holder)
        self._seen: set[str] = set()

    def reasons(self, result: ScanResult) -> Reasons:
        """Why each candidate is unknown: those the scanner names, else those it misses something of."""
        said = result.unknown
        if said is not None and not said.any():
            return np.zeros(len(said), np.int8)
        reasons = self._missing.reasons(self._scanner.reads, self._scanner.max_age_minutes)
        if said is None:
            reasons[self._is_hit(result)] = Reason.NONE
        else:
            reasons[~said] = Reason.NONE
            reasons[said & (reasons == Reason.NONE)] = Reason.NO_VALUE
        return reasons

    def hits(self, result: ScanResult) -> Hits:
        """The symbols found with their readings; marks those found for the first time."""
        symbols = tuple(result.symbols)
        known = np.fromiter(map(self._seen.__contains__, symbols), np.bool_, len(symbols))
        self._seen.update(symbols)
        rows = self._data.symbols.rows_or_none(symbols)
        values = {field: self._data.readings.column(name, rows) for field, name in _OF_A_HIT.items()}
        if (rows < 0).any():  # a symbol without a row: nothing is known of it
            values = {field: np.where(rows < 0, np.nan, column) for field, column in values.items()}
        return Hits(symbols, ~known, **values, metadata=result.metadata or {})

    def _is_hit(self, result: ScanResult) -> Mask:
        """Which candidates the scan returned: it judged them, whatever it may have missed."""
        is_hit = np.zeros(self._data.capacity + 1, np.bool_)
        is_hit[self._data.symbols.rows_or_none(result.symbols)] = True  # -1 is the spare last place
        is_hit[-1] = False
        found: Mask = is_hit[self._data.candidates(self._holder).rows]
        return found
