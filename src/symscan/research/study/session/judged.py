"""Collect what the scans of a session said of each candidate, as columns over one table of symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from symscan.model.bar import Floats, Mask, Rows
from symscan.model.decisions.verdicts import ScanVerdicts, Verdict, Verdicts
from symscan.model.events.session import ScanPhase
from symscan.model.instant import Instant
from symscan.model.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class JudgedScan:
    """One scan that was ok. Symbols are columns of the session's table.

    Attributes
    ----------
    at, decided_at
        The instant it was as of, and when its result counted from.
    hits
        The symbols it returned, best first, shape ``(hits,)``.
    new, price, hit_change_pct
        Whether a hit is the scanner's first of it in the session, its last price then, and its change.
    candidates
        The symbols it had to judge, shape ``(candidates,)``.
    verdict
        What it said of each candidate.
    change_pct
        Each candidate's change since the previous close, in percent, NaN where unknown.
    have_bars_today
        Whether any hit has a bar of the day so far.
    """

    scanner: str
    phase: ScanPhase
    at: Instant
    decided_at: Instant
    hits: Rows
    new: Mask
    price: Floats
    hit_change_pct: Floats
    candidates: Rows
    verdict: Verdicts
    change_pct: Floats
    have_bars_today: bool

    def without_candidates(self) -> JudgedScan:
        """Return the scan with its hits alone."""
        return replace(self, candidates=_NOBODY, verdict=_NOTHING, change_pct=_UNKNOWN)


_NOBODY: Final = np.empty(0, np.intp)
_NOTHING: Final = np.empty(0, np.int8)
_UNKNOWN: Final = np.empty(0)


@dataclass(eq=False)
class VerdictLog:
    """Keeps the verdicts of one session: an observer of its scans.

    Attributes
    ----------
    scans
        In the order they were applied.
    symbols
        The table of symbols: whoever was a candidate or a hit.
    """

    scans: list[JudgedScan] = field(default_factory=list)
    symbols: list[str] = field(default_factory=list)
    _column_of: dict[str, int] = field(default_factory=dict)
    _last: dict[str, tuple[Sequence[str], Rows]] = field(default_factory=dict)

    def on_judged(self, session: Session, verdicts: ScanVerdicts) -> None:  # noqa: ARG002 - an observer's
        """Keep the verdicts of a scan."""
        scan, hits = verdicts.scan, verdicts.scan.hits
        self.scans.append(
            JudgedScan(
                scan.scanner,
                scan.phase,
                scan.at,
                scan.decided_at,
                self.columns(hits.symbols),
                hits.new,
                hits.price,
                hits.change_pct,
                self._candidates(scan.scanner, verdicts.candidates),
                verdicts.verdict,
                verdicts.column("change_pct"),
                hits.have_bars_today,
            )
        )

    def wants_clauses(self, scanner: str) -> bool:  # noqa: ARG002 - an observer's
        """Whether clauses are wanted: a study needs none."""
        return False

    def columns(self, symbols: Sequence[str]) -> Rows:
        """Return the columns of symbols; those seen for the first time are added to the table."""
        column_of = self._column_of
        for symbol in symbols:
            if symbol not in column_of:
                column_of[symbol] = len(self.symbols)
                self.symbols.append(symbol)
        return np.fromiter(map(column_of.__getitem__, symbols), np.intp, len(symbols))

    def _candidates(self, scanner: str, symbols: Sequence[str]) -> Rows:
        """Return the candidates' columns; mostly they are those of the scan before."""
        before = self._last.get(scanner)
        if before is None or before[0] is not symbols:
            before = self._last[scanner] = symbols, self.columns(symbols)
        return before[1]


@dataclass(frozen=True, slots=True, eq=False)
class HitRows:
    """The hits of one scanner's scans, a row each, in the order of scans and ranks.

    Attributes
    ----------
    scan, column
        Which scan of the scanner's, and which symbol.
    rank
        Its place among the scan's hits, from 1.
    new
        Whether it is the scanner's first of the symbol in the session.
    entered
        Whether the symbol was not on the scanner's list before.
    stay
        Which stay of the symbol on the list it is, from 1.
    price, change_pct
        Its last price at the scan, and its change since the previous close.
    """

    scan: Rows
    column: Rows
    rank: Rows
    new: Mask
    entered: Mask
    stay: Rows
    price: Floats
    change_pct: Floats

    @classmethod
    def of(cls, scans: Sequence[JudgedScan], symbols: int) -> HitRows:
        """Compare each scan with the one before it.

        Parameters
        ----------
        scans
            Those of one scanner that were ok: one that was not leaves its list as it was.
        symbols
            How many the session's table has.
        """
        listed, stays = np.zeros(symbols, np.bool_), np.zeros(symbols, np.intp)
        entered, stay = [], []
        for scan in scans:
            is_new_there = ~listed[scan.hits]
            stays[scan.hits[is_new_there]] += 1
            listed[:] = False
            listed[scan.hits] = True
            entered.append(is_new_there)
            stay.append(stays[scan.hits])
        return cls(
            np.repeat(np.arange(len(scans)), [len(scan.hits) for scan in scans]),
            _joined([scan.hits for scan in scans], np.intp),
            _joined([np.arange(1, len(scan.hits) + 1) for scan in scans], np.intp),
            _joined([scan.new for scan in scans], np.bool_),
            _joined(entered, np.bool_),
            _joined(stay, np.intp),
            _joined([scan.price for scan in scans], np.float64),
            _joined([scan.hit_change_pct for scan in scans], np.float64),
        )

    def chosen(self, mask: Mask) -> HitRows:
        """Return some of the rows."""
        return HitRows(*(getattr(self, name)[mask] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.scan)


def pool_of(scans: Sequence[JudgedScan], symbols: int) -> Verdicts:
    """Return the verdicts of one scanner's scans over the table, shape ``(scans, symbols)``.

    A symbol that was no candidate is unknown: it is nobody's control.
    """
    verdict = np.full((len(scans), symbols), Verdict.UNKNOWN, np.int8)
    for row, scan in zip(verdict, scans, strict=True):
        row[scan.candidates] = scan.verdict
        row[scan.hits] = Verdict.HIT
    return verdict


def _joined(parts: Sequence[np.ndarray[tuple[int], np.dtype[np.generic]]], kind: type) -> np.ndarray:
    return np.concatenate([np.empty(0, kind), *parts])
