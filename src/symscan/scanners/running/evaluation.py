"""Evaluate a scan's result: which candidates were unknown and why, and the values of its hits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np

from symscan.model.bar import Floats, Mask, Rows
from symscan.scanners.base import BaseScanner, ScanResult
from symscan.scanners.jobs.job import Evaluation
from symscan.scanners.jobs.result_validation import ResultError
from symscan.session.candidates import parse_column
from symscan.session.requested import Unanswered
from symscan.session.session_data import SessionData
from symscan.session.unknown_reasons import Missing, Reason, Reasons

Values = dict[str, Floats]
_NONE_UNANSWERED: Final[Mapping[str, Unanswered]] = MappingProxyType({})
_NO_ROWS: Final[Rows] = np.zeros(0, np.intp)
_NO_VALUES: Final[Values] = dict.fromkeys(
    ("price", "previous_close", "change_pct", "gap_pct", "volume", "last_bar_end"), np.zeros(0)
)


class SymbolLookup(Protocol):
    """Finds symbols that the session does not have: a scan may return any."""

    def stored(self) -> Collection[str]:
        """Return the symbols the store has bars of, as of now."""

    def session_with(self, data: SessionData, symbols: Sequence[str]) -> SessionData:
        """Return a session at the instant of ``data`` with today's bars of symbols that have no row there."""


class ResultEvaluator:
    """Evaluates one scanner's results on a session: the running one, or a pinned copy.

    Parameters
    ----------
    data
        The session.
    scanner, holder
        The scanner, and the name it holds symbols under.
    lookup
        Finds symbols without a row; None leaves them unknown.
    """

    def __init__(
        self, data: SessionData, scanner: BaseScanner, holder: str, lookup: SymbolLookup | None = None
    ) -> None:
        self._data = data
        self._scanner = scanner
        self._holder = holder
        self._lookup = lookup
        self._missing = Missing(data, holder)

    def evaluate(
        self, result: ScanResult, unanswered: Mapping[str, Unanswered] = _NONE_UNANSWERED
    ) -> Evaluation:
        """Evaluate a result: why each candidate is unknown, and the values of the symbols found.

        Raises
        ------
        ResultError
            If a symbol found is one that the store has, but for its case.
        """
        candidates = self._data.candidates(self._holder).symbols
        rows = self._data.symbols.rows_or_none(result.symbols) if result.symbols else _NO_ROWS
        reasons = self._reasons(result, rows, unanswered)
        if result.evaluated is not None:
            candidates = tuple(compress(candidates, result.evaluated.tolist()))
            reasons = reasons[result.evaluated]
        if not result.symbols:
            return Evaluation(len(reasons), candidates, reasons, _NO_VALUES)
        values = self._values(result.symbols, rows)
        missing = self._not_in_store(result.symbols, values)
        return Evaluation(len(reasons), candidates, reasons, values, missing)

    def unknown(self, result: ScanResult, unanswered: Mapping[str, Unanswered] = _NONE_UNANSWERED) -> Mask:
        """Return which candidates could not be judged, as a mask."""
        rows = self._data.symbols.rows_or_none(result.symbols)
        unknown: Mask = self._reasons(result, rows, unanswered) != Reason.NONE
        return unknown

    def _values(self, symbols: Sequence[str], rows: Rows) -> Values:
        """Return the values of symbols found; those without a row are looked up."""
        values = values_of(self._data, rows)
        without = (rows < 0).nonzero()[0]
        if self._lookup is None or not without.size:
            return values
        names = [symbols[index] for index in without.tolist()]
        session = self._lookup.session_with(self._data, names)
        for field, column in values_of(session, session.symbols.rows_or_none(names)).items():
            values[field][without] = column
        return values

    def _not_in_store(self, symbols: Sequence[str], values: Values) -> tuple[str, ...]:
        """Return the symbols found that there are no bars of, given their values."""
        barless = np.isnan(values["last_bar_end"]).nonzero()[0].tolist()
        if not barless:
            return ()
        stored = self._lookup.stored() if self._lookup is not None else self._in_store()
        missing = tuple(symbols[index] for index in barless if symbols[index] not in stored)
        _check_case(missing, stored)
        return missing

    def _in_store(self) -> Collection[str]:
        rows = self._data.symbols.in_use
        return self._data.symbols.names(rows[self._data.in_store[rows]])

    def _reasons(self, result: ScanResult, found: Rows, unanswered: Mapping[str, Unanswered]) -> Reasons:
        """Return why candidates are unknown: as the scanner flags them, else by missing data."""
        flagged = result.unknown
        if flagged is not None and not np.count_nonzero(flagged):  # in a third of the time of any()
            return np.zeros(len(flagged), np.int8)
        reasons = self._missing.reasons(self._scanner.reads, self._scanner.max_age_minutes)
        if flagged is None:
            self._add_unanswered(reasons, unanswered)
            reasons[self._is_among(found)] = Reason.NONE
        else:
            reasons[~flagged] = Reason.NONE
            unexplained = flagged & (reasons == Reason.NONE)
            reasons[unexplained] = Reason.NO_VALUE
            if result.without_row is not None:
                reasons[unexplained & result.without_row] = Reason.NO_ROW_YET
        return reasons

    def _add_unanswered(self, reasons: Reasons, unanswered: Mapping[str, Unanswered]) -> None:
        """Count as unknown what could only be judged by indicators that had no reading."""
        if not unanswered:
            return
        reads = self._scanner.reads
        needed = None if reads is None else {parse_column(name).spec for name in reads}
        symbols = self._data.candidates(self._holder).symbols
        for index, symbol in enumerate(symbols):
            first = unanswered.get(symbol)
            if first is None or (needed is not None and first.spec not in needed):
                continue
            reason = Reason.WARMING if first.is_requested else Reason.NOT_REQUESTED
            if reasons[index] == Reason.NONE or reason < reasons[index]:
                reasons[index] = reason

    def _is_among(self, rows: Rows) -> Mask:
        """Return which candidates are in these rows, as a mask."""
        among = np.zeros(self._data.capacity + 1, np.bool_)
        among[rows] = True  # row -1, of a symbol without one, is the spare last item
        among[-1] = False
        found: Mask = among[self._data.candidates(self._holder).chosen]
        return found


def _check_case(missing: Sequence[str], stored: Collection[str]) -> None:
    """Refuse symbols that the store has in another case; one it does not have may be delisted."""
    known = {symbol.casefold(): symbol for symbol in stored} if missing else {}
    for symbol in missing:
        meant = known.get(symbol.strip().casefold())
        if meant is not None:
            raise ResultError(f"ScanResult.symbols holds {symbol!r}; the symbol is '{meant}', case and all")


def values_of(data: SessionData, rows: Rows) -> Values:
    """Return the values of symbols found, by the fields of ``Hits``; unknown where a row is -1."""
    values = data.readings.of_hits(rows)
    if np.count_nonzero(rows < 0):  # in a third of the time of any()
        values = {field: np.where(rows < 0, np.nan, column) for field, column in values.items()}
    return values
