"""What the engine makes of a scan's result: who was unknown and why, and what was known of those found."""

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
    """Holds one scanner's results against the session as of now.

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

    def judge(
        self, result: ScanResult, unanswered: Mapping[str, Unanswered] = _NONE_UNANSWERED
    ) -> Evaluation:
        """Why each candidate is unknown, and what is known of the symbols found.

        Raises
        ------
        ResultError
            If a symbol found is one that the store has, but for its case.
        """
        found = self.finding(result, unanswered)
        return replace(found, not_in_store=self.lacking(result.symbols, found.values))

    def finding(self, result: ScanResult, unanswered: Mapping[str, Unanswered]) -> Evaluation:
        """The same, but for whom the store lacks."""
        if self._place is not None and not self._data.symbols.has_all(result.symbols):
            self._place(result.symbols)
        rows = self._data.symbols.rows_or_none(result.symbols)
        reasons = self._reasons(result, rows, unanswered)
        symbols = self._data.candidates(self._holder).symbols
        unknown = int(np.count_nonzero(reasons))
        return Evaluation(len(reasons), unknown, symbols, reasons, values_of(self._data, rows))

    def lacking(self, symbols: Sequence[str], values: Mapping[str, Floats]) -> tuple[str, ...]:
        """Those of the symbols found that there are no bars of, given what is known of them.

        Raises
        ------
        ResultError
            If one of them is in the store, but for its case.
        """
        barless = np.flatnonzero(np.isnan(values["last_bar_end"])).tolist()
        if not barless:
            return ()
        stored = self._stored() if self._stored is not None else self._in_store()
        lacking = tuple(symbols[place] for place in barless if symbols[place] not in stored)
        _check_case(lacking, stored)
        return lacking

    def _in_store(self) -> Collection[str]:
        rows = self._data.symbols.in_use
        return self._data.symbols.names(rows[self._data.in_store[rows]])

    def unknown(self, result: ScanResult, unanswered: Mapping[str, Unanswered] = _NONE_UNANSWERED) -> Mask:
        """Which candidates could not be judged."""
        rows = self._data.symbols.rows_or_none(result.symbols)
        unknown: Mask = self._reasons(result, rows, unanswered) != Reason.NONE
        return unknown

    def _reasons(self, result: ScanResult, found: Rows, unanswered: Mapping[str, Unanswered]) -> Reasons:
        """Those unknown whom the scanner names, else those it misses something of and did not find."""
        said = result.unknown
        if said is not None and not said.any():
            return np.zeros(len(said), np.int8)
        reasons = self._missing.reasons(self._scanner.reads, self._scanner.max_age_minutes)
        if said is None:
            self._add_unanswered(reasons, unanswered)
            reasons[self._is_among(found)] = Reason.NONE
        else:
            reasons[~said] = Reason.NONE
            reasons[said & (reasons == Reason.NONE)] = Reason.NO_VALUE
        return reasons

    def _add_unanswered(self, reasons: Reasons, unanswered: Mapping[str, Unanswered]) -> None:
        """Count as unknown what could only be judged by indicators that had no reading."""
        reads = self._scanner.reads
        needed = None if reads is None else {parse_column(name).spec for name in reads}
        symbols = self._data.candidates(self._holder).symbols if unanswered else ()
        for place, symbol in enumerate(symbols):
            first = unanswered.get(symbol)
            if first is None or (needed is not None and first.spec not in needed):
                continue
            reason = Reason.WARMING if first.is_requested else Reason.NOT_REQUESTED
            if reasons[place] == Reason.NONE or reason < reasons[place]:
                reasons[place] = reason

    def _is_among(self, rows: Rows) -> Mask:
        """Which candidates are in these rows."""
        among = np.zeros(self._data.capacity + 1, np.bool_)
        among[rows] = True  # row -1, of a symbol without one, is the spare last place
        among[-1] = False
        found: Mask = among[self._data.candidates(self._holder).chosen]
        return found


def _check_case(lacking: Sequence[str], stored: Collection[str]) -> None:
    """A symbol written otherwise is a mistake; one that nobody has may be a delisted one."""
    known = {symbol.casefold(): symbol for symbol in stored} if lacking else {}
    for symbol in lacking:
        meant = known.get(symbol.strip().casefold())
        if meant is not None:
            raise ResultError(f"ScanResult.symbols holds {symbol!r}; the symbol is '{meant}', case and all")


class SnapshotEvaluator:
    """Holds one result against the pinned copy it was found in, beside the session.

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
        self._judgement = ResultEvaluator(data, scanner, holder, stored=stored)
        self._place_on = place_on

    def judge(
        self, result: ScanResult, unanswered: Mapping[str, Unanswered] = _NONE_UNANSWERED
    ) -> Evaluation:
        """Evaluate the unknown candidates alone: what comes of it is kept and sent."""
        found = self._judgement.finding(result, unanswered)
        places = np.flatnonzero(found.reasons)
        symbols = tuple(found.symbols[place] for place in places.tolist())
        values = self._with_strangers(result.symbols, dict(found.values))
        lacking = self._judgement.lacking(result.symbols, values)
        return Evaluation(
            found.universe, found.unknown, symbols, found.reasons[places], values, not_in_store=lacking
        )

    def _with_strangers(self, symbols: Sequence[str], values: Values) -> Values:
        """The values with those of symbols the session has no row of.

        They are looked up in an empty session: other scans share the pinned copy.
        """
        strangers = np.flatnonzero(self._data.symbols.rows_or_none(symbols) < 0)
        if self._place_on is None or not len(strangers):
            return values
        names = [symbols[place] for place in strangers.tolist()]
        beside = self._data.emptied()
        try:
            self._place_on(beside, names)
        except SymscanError:  # what cannot be fetched now is not known: no reason to lose the scan
            return values
        for field, column in values_of(beside, beside.symbols.rows_or_none(names)).items():
            values[field][strangers] = column
        return values


def values_of(data: SessionData, rows: Rows) -> Values:
    """What is known of symbols found, by the names of ``Hits``; unknown where a row is -1."""
    values = data.readings.of_hits(rows)
    if (rows < 0).any():
        values = {field: np.where(rows < 0, np.nan, column) for field, column in values.items()}
    return values
