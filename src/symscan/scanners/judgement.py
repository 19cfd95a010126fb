"""What the engine makes of a scan's result: which symbols were unknown and why, which were found."""

from __future__ import annotations

import numpy as np

from symscan.model.bar import Floats, Mask, Rows
from symscan.model.events import Hits
from symscan.scanners.base import ScanResult
from symscan.scanners.managed import ManagedScanner
from symscan.session.session_data import SessionData
from symscan.session.unknown import Missing, Reason, Reasons


class Judgement:
    """Holds one scanner's result against the session as of now."""

    def __init__(self, data: SessionData, managed: ManagedScanner) -> None:
        self._data = data
        self._managed = managed

    def reasons(self, result: ScanResult) -> Reasons:
        """Why each candidate is unknown: those the scanner names, else those it misses something of."""
        said = result.unknown
        if said is not None and not said.any():
            return np.zeros(len(said), np.int8)
        reasons = self._missing()
        if said is None:
            reasons[self._is_hit(result)] = Reason.NONE
        else:
            reasons[~said] = Reason.NONE
            reasons[said & (reasons == Reason.NONE)] = Reason.NO_VALUE
        return reasons

    def hits(self, result: ScanResult) -> Hits:
        """The symbols found with their readings; marks those found for the first time."""
        symbols = tuple(result.symbols)
        seen = self._managed.seen
        new = np.array([symbol not in seen for symbol in symbols], np.bool_)
        seen.update(dict.fromkeys(symbols))
        rows = self._rows(symbols)
        return Hits(
            symbols,
            new,
            price=self._taken("close", rows),
            previous_close=self._taken("previous_close", rows),
            change_pct=self._taken("change_pct", rows),
            gap_pct=self._taken("gap_pct", rows),
            volume=self._taken("volume", rows),
            last_bar_end=self._taken("last_bar_end", rows),
            metadata=result.metadata or {},
        )

    def _missing(self) -> Reasons:
        scanner, holder, indicators = self._managed.scanner, self._managed.holder, self._data.indicators
        reads = scanner.reads
        if reads is None:
            asked = (spec for spec in indicators.specs() if indicators.asked(spec, holder).any())
            reads = ("close", *(spec.key for spec in asked))
        missing = Missing(self._data, holder, lambda spec: indicators.asked(spec, holder))
        return missing.reasons(reads, scanner.max_age_minutes)

    def _is_hit(self, result: ScanResult) -> Mask:
        """Which candidates the scan returned: it judged them, whatever it may have missed."""
        is_hit = np.zeros(self._data.capacity + 1, np.bool_)
        is_hit[self._rows(tuple(result.symbols))] = True  # row -1 falls on the spare last place
        is_hit[-1] = False
        found: Mask = is_hit[self._data.candidate_rows(self._managed.holder)]
        return found

    def _rows(self, symbols: tuple[str, ...]) -> Rows:
        """The symbols' rows, -1 for those without one."""
        row_of = self._data.symbols.row
        return np.array([-1 if (row := row_of(symbol)) is None else row for symbol in symbols], np.intp)

    def _taken(self, name: str, rows: Rows) -> Floats:
        return np.where(rows >= 0, self._data.readings.column(name)[rows], np.nan)
