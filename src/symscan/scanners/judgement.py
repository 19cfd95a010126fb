"""What the engine makes of a scan's result: which symbols were unknown and why, which were found."""

from __future__ import annotations

import numpy as np

from symscan.model.bar import Mask, Rows
from symscan.model.events import Hits
from symscan.scanners.base import BaseScanner, ScanResult
from symscan.session.session_data import SessionData
from symscan.session.unknown import Missing, Reason, Reasons


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

    def judge(self, result: ScanResult) -> tuple[Reasons, Hits]:
        """Why each candidate is unknown, and the symbols found with their readings."""
        rows = self._data.symbols.rows_or_none(result.symbols)
        return self._reasons(result, rows), self._hits(result, rows)

    def _reasons(self, result: ScanResult, found: Rows) -> Reasons:
        """Those unknown whom the scanner names, else those it misses something of and did not find."""
        said = result.unknown
        if said is not None and not said.any():
            return np.zeros(len(said), np.int8)
        reasons = self._missing.reasons(self._scanner.reads, self._scanner.max_age_minutes)
        if said is None:
            reasons[self._is_among(found)] = Reason.NONE
        else:
            reasons[~said] = Reason.NONE
            reasons[said & (reasons == Reason.NONE)] = Reason.NO_VALUE
        return reasons

    def _hits(self, result: ScanResult, rows: Rows) -> Hits:
        symbols = tuple(result.symbols)
        known = np.fromiter(map(self._seen.__contains__, symbols), np.bool_, len(symbols))
        self._seen.update(symbols)
        values = self._data.readings.of_hits(rows)
        if (rows < 0).any():  # a symbol without a row: nothing is known of it
            values = {field: np.where(rows < 0, np.nan, column) for field, column in values.items()}
        return Hits(symbols, ~known, **values, metadata=result.metadata or {})

    def _is_among(self, rows: Rows) -> Mask:
        """Which candidates are in these rows."""
        among = np.zeros(self._data.capacity + 1, np.bool_)
        among[rows] = True  # row -1, of a symbol without one, is the spare last place
        among[-1] = False
        found: Mask = among[self._data.candidates(self._holder).chosen]
        return found
