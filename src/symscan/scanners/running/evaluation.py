"""Evaluate a scan's result: which candidates were unknown and why, and the values of its hits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from symscan.errors import SymscanError
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


class ResultEvaluator:
    """Evaluates one scanner's results on the session as of now.

    Parameters
    ----------
    data
        The session.
    scanner, holder
        The scanner, and the name it holds symbols under.
    place
        Loads today's bars of symbols that have none yet into ``data``; None leaves them unknown.
    stored
        The symbols the store has bars of; None for those of them that the session has.
    """

    def __init__(
        self,
        data: SessionData,
        scanner: BaseScanner,
        holder: str,
        place: Callable[[Sequence[str]], None] | None = None,
        stored: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._data = data
        self._scanner = scanner
        self._holder = holder
        self._place = place
        self._stored = stored
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
        found = self.evaluate_known(result, unanswered)
        missing = self.not_in_store(result.symbols, found.values)
        return replace(found, not_in_store=missing) if missing else found

    def evaluate_known(self, result: ScanResult, unanswered: Mapping[str, Unanswered]) -> Evaluation:
        """Evaluate a result without checking which symbols found the store lacks."""
        if self._place is not None and not self._data.symbols.has_all(result.symbols):
            self._place(result.symbols)
        rows = self._data.symbols.rows_or_none(result.symbols)
        reasons = self._reasons(result, rows, unanswered)
        symbols = self._data.candidates(self._holder).symbols
        unknown = int(np.count_nonzero(reasons))
        return Evaluation(len(reasons), unknown, symbols, reasons, values_of(self._data, rows))

    def not_in_store(self, symbols: Sequence[str], values: Mapping[str, Floats]) -> tuple[str, ...]:
        """Return the symbols found that there are no bars of, given their values.

        Raises
        ------
        ResultError
            If one of them is in the store, but for its case.
        """
        barless = np.isnan(values["last_bar_end"]).nonzero()[0].tolist()
        if not barless:
            return ()
        stored = self._stored() if self._stored is not None else self._in_store()
        missing = tuple(symbols[index] for index in barless if symbols[index] not in stored)
        _check_case(missing, stored)
        return missing

    def _in_store(self) -> Collection[str]:
        rows = self._data.symbols.in_use
        return self._data.symbols.names(rows[self._data.in_store[rows]])

    def unknown(self, result: ScanResult, unanswered: Mapping[str, Unanswered] = _NONE_UNANSWERED) -> Mask:
        """Return which candidates could not be judged, as a mask."""
        rows = self._data.symbols.rows_or_none(result.symbols)
        unknown: Mask = self._reasons(result, rows, unanswered) != Reason.NONE
        return unknown

    def _reasons(self, result: ScanResult, found: Rows, unanswered: Mapping[str, Unanswered]) -> Reasons:
        """Return why candidates are unknown: as the scanner flags them, else by missing data."""
        flagged = result.unknown
        if flagged is not None and not flagged.any():
            return np.zeros(len(flagged), np.int8)
        reasons = self._missing.reasons(self._scanner.reads, self._scanner.max_age_minutes)
        if flagged is None:
            self._add_unanswered(reasons, unanswered)
            reasons[self._is_among(found)] = Reason.NONE
        else:
            reasons[~flagged] = Reason.NONE
            reasons[flagged & (reasons == Reason.NONE)] = Reason.NO_VALUE
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


class SnapshotEvaluator:
    """Evaluates one result on the pinned copy it was computed from, concurrently with the session.

    Parameters
    ----------
    data
        The pinned copy.
    scanner, holder
        The scanner, and the name it holds symbols under.
    place_on
        Loads today's bars of symbols into a session; None leaves those without a row unknown.
    stored
        The symbols the store has bars of; None for those of them that the session has.
    """

    def __init__(
        self,
        data: SessionData,
        scanner: BaseScanner,
        holder: str,
        place_on: Callable[[SessionData, Sequence[str]], None] | None = None,
        stored: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._data = data
        self._evaluator = ResultEvaluator(data, scanner, holder, stored=stored)
        self._place_on = place_on

    def evaluate(
        self, result: ScanResult, unanswered: Mapping[str, Unanswered] = _NONE_UNANSWERED
    ) -> Evaluation:
        """Evaluate a result; keep the unknown candidates alone, since it is stored."""
        found = self._evaluator.evaluate_known(result, unanswered)
        unknown = np.flatnonzero(found.reasons)
        symbols = tuple(found.symbols[index] for index in unknown.tolist())
        values = self._with_outsiders(result.symbols, dict(found.values))
        not_in_store = self._evaluator.not_in_store(result.symbols, values)
        return Evaluation(
            found.universe, found.unknown, symbols, found.reasons[unknown], values, not_in_store=not_in_store
        )

    def _with_outsiders(self, symbols: Sequence[str], values: Values) -> Values:
        """Add the values of symbols without a row, loaded into an empty session of their own."""
        outsiders = np.flatnonzero(self._data.symbols.rows_or_none(symbols) < 0)
        if self._place_on is None or not len(outsiders):
            return values
        names = [symbols[index] for index in outsiders.tolist()]
        empty = self._data.empty_copy()
        try:
            self._place_on(empty, names)
        except SymscanError:  # what cannot be fetched now is not known: no reason to lose the scan
            return values
        for field, column in values_of(empty, empty.symbols.rows_or_none(names)).items():
            values[field][outsiders] = column
        return values


def values_of(data: SessionData, rows: Rows) -> Values:
    """Return the values of symbols found, by the fields of ``Hits``; unknown where a row is -1."""
    values = data.readings.of_hits(rows)
    if (rows < 0).any():
        values = {field: np.where(rows < 0, np.nan, column) for field, column in values.items()}
    return values
