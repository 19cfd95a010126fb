"""Explain the decisions on one symbol: clause by clause at a scan, and how that came about in the day."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from symscan.model.decisions.clauses import ClauseKind, Code
from symscan.model.decisions.verdicts import Verdict
from symscan.model.instant import Instant
from symscan.runs.decisions.table import NOT_JUDGED, ScannerDecisions
from symscan.session.unknown_reasons import Reason

HOLDS: Final = {Code.FALSE: "false", Code.TRUE: "true", Code.UNKNOWN: "unknown", Code.NOT_APPLICABLE: None}
"""Whether a clause holds, in words; None where it does not apply."""

BELOW_TAKE: Final = "below take"
_VERDICTS: Final = {Verdict.NO: "no hit", Verdict.HIT: "hit", Verdict.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """One clause of one scan for one symbol.

    Attributes
    ----------
    clause
        As written.
    kind, depth, op
        As in :class:`~symscan.runs.decisions.table.ClauseHead`.
    value, limit
        What was compared with what; a text where the symbol has one; None where it is unknown, or nothing
        was compared.
    margin
        By how much it is met, negative where it is missed.
    margin_scaled
        The margin over the interquartile range of the scan's known values.
    holds
        ``true``, ``false`` or ``unknown``; None where it does not apply.
    nearest
        Whether it is missed here by less than at any other scan of the day.
    """

    clause: str
    kind: str
    depth: int
    op: str | None
    value: float | str | None
    limit: float | None
    margin: float | None
    margin_scaled: float | None
    holds: str | None
    nearest: bool = False


@dataclass(frozen=True, slots=True)
class Stay:
    """Consecutive scans at which a symbol was a hit.

    Attributes
    ----------
    entered, last
        The first and the last of them.
    scans
        How many they were.
    best, worst
        Its places in the list.
    left
        The first scan afterwards; None where there is none.
    why
        What was no longer so then; None where that is not known.
    """

    entered: Instant
    last: Instant
    scans: int
    best: int
    worst: int
    left: Instant | None
    why: str | None


@dataclass(frozen=True, slots=True)
class ScanExplanation:
    """What one scan decided of a symbol.

    Attributes
    ----------
    verdict
        ``hit``, ``no hit``, ``unknown``, ``below take`` or ``not judged``.
    reason
        Why it is unknown, as in ``unknown.csv``.
    place, places
        Its place among those that met all conditions, and how many these were; None without ``take``.
    age_minutes
        How long before the scan its last bar ended; None without one.
    clauses
        In the order in which they decide, parts and readings below theirs.
    stay
        The stay that it is in, or was in last before the scan.
    contradicts
        Whether clauses and verdict do not add up: all hold and it is no hit, or the other way round.
    is_held
        Whether it is a hit only because ``hold_minutes`` is not over.
    missed
        The number of the one clause by which alone it is no hit; None where it is not one alone.
    """

    scanner: str
    symbol: str
    at: Instant
    phase: str
    verdict: str
    reason: str | None
    place: int | None
    places: int | None
    age_minutes: float | None
    clauses: tuple[ClauseResult, ...]
    stay: Stay | None
    contradicts: bool
    is_held: bool
    missed: int | None

    @property
    def is_hit(self) -> bool:
        """Whether it was found."""
        return self.verdict == _VERDICTS[Verdict.HIT]

    def counted(self, holds: str) -> int:
        """Return how many clauses hold, do not, or are unknown."""
        return sum(one.holds == holds for one in self.clauses if one.depth == 0)

    @property
    def decisive(self) -> int:
        """How many clauses apply."""
        return sum(one.holds is not None for one in self.clauses if one.depth == 0)


def explain_scan(decisions: ScannerDecisions, scan: int, symbol: str) -> ScanExplanation | None:
    """Explain what one scan decided of a symbol; None if no scan of the session was about it."""
    column = decisions.column(symbol)
    if column is None:
        return None
    verdict = int(decisions.verdict[scan, column])
    head = decisions.scans[scan]
    clauses = () if verdict == NOT_JUDGED else tuple(_clauses(decisions, scan, column))
    place, places = _place(decisions, scan, column)
    reason = Reason(int(decisions.reasons[scan, column]))
    decides = decisions.decides[scan, :, column]
    fails = bool((decides & (decisions.codes[scan, :, column] != Code.TRUE)).any())
    return ScanExplanation(
        decisions.name,
        symbol,
        head.at,
        head.phase,
        verdict_text(decisions, scan, column),
        None if reason is Reason.NONE else reason.text,
        place,
        places,
        known(decisions.age[scan, column]),
        clauses,
        _last_stay(stays(decisions, symbol), head.at),
        bool(decides.any())
        and decisions.clauses[0].kind is not ClauseKind.FOUND
        and ((verdict == Verdict.HIT and fails) or (verdict == Verdict.NO and not fails)),
        _is_only_held(decisions, scan, column),
        None if decisions.missed[scan, column] < 0 else int(decisions.missed[scan, column]),
    )


def verdict_text(decisions: ScannerDecisions, scan: int, column: int) -> str:
    """Return the verdict on a symbol, in words."""
    verdict = int(decisions.verdict[scan, column])
    if verdict == NOT_JUDGED:
        return "not judged"
    if verdict == Verdict.NO:
        takes = [at for at, one in enumerate(decisions.clauses) if one.kind is ClauseKind.TAKE]
        if any(decisions.codes[scan, at, column] == Code.FALSE for at in takes):
            return BELOW_TAKE
    return _VERDICTS[Verdict(verdict)]


def stays(decisions: ScannerDecisions, symbol: str) -> list[Stay]:
    """Return the stays of a symbol on a scanner's list, over consecutive scans that were ok."""
    column = decisions.column(symbol)
    if column is None:
        return []
    is_hit = decisions.verdict[:, column] == Verdict.HIT
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_hit, [False]]).astype(np.int8)))
    return [_stay(decisions, column, *pair) for pair in edges.reshape(-1, 2).tolist()]


def _stay(decisions: ScannerDecisions, column: int, first: int, end: int) -> Stay:
    places = decisions.place[first:end, column]
    left = decisions.scans[end].at if end < len(decisions.scans) else None
    return Stay(
        decisions.scans[first].at,
        decisions.scans[end - 1].at,
        end - first,
        int(places.min()),
        int(places.max()),
        left,
        None if left is None else what_fails(decisions, end, column),
    )


def what_fails(decisions: ScannerDecisions, scan: int, column: int) -> str:
    """Say by what a symbol is no hit at a scan."""
    if decisions.verdict[scan, column] == NOT_JUDGED:
        return "it was not judged"
    fails = decisions.decides[scan, :, column] & (decisions.codes[scan, :, column] != Code.TRUE)
    told = [_failure(decisions, scan, at, column) for at in np.flatnonzero(fails).tolist()]
    return "; ".join(told) or "the scanner did not return it"


def _failure(decisions: ScannerDecisions, scan: int, clause: int, column: int) -> str:
    head, value = decisions.clauses[clause], known(decisions.values[scan, clause, column])
    if decisions.codes[scan, clause, column] == Code.UNKNOWN:
        return f"{head.text} is unknown"
    if head.kind is ClauseKind.TAKE and value is not None:
        return f"place {value:g}, {head.text}"
    return f"{head.text} is false" + ("" if value is None else f" at {value:.5g}")


def _clauses(decisions: ScannerDecisions, scan: int, column: int) -> Iterator[ClauseResult]:
    for at, head in enumerate(decisions.clauses):
        code = Code(int(decisions.codes[scan, at, column]))
        value: float | str | None = known(decisions.values[scan, at, column])
        if head.labels is not None and isinstance(value, float):
            value = head.labels[int(value)]
        yield ClauseResult(
            head.text,
            str(head.kind),
            head.depth,
            head.op,
            value,
            known(decisions.limits[scan, at, column]),
            known(decisions.margins[scan, at, column]),
            known(decisions.scaled_margins[scan, at, column]),
            HOLDS[code],
            code is Code.FALSE and _is_nearest(decisions, scan, at, column),
        )


def _is_nearest(decisions: ScannerDecisions, scan: int, clause: int, column: int) -> bool:
    """Whether a clause that is missed is missed by less than at any other scan that missed it."""
    missed = decisions.codes[:, clause, column] == Code.FALSE
    margin = decisions.margins[:, clause, column]
    others = np.where(missed, margin, np.nan)
    if missed.sum() < 2 or math.isnan(others[scan]):
        return False
    return bool(others[scan] == np.nanmax(others)) and int(np.nanargmax(others)) == scan


def _place(decisions: ScannerDecisions, scan: int, column: int) -> tuple[int | None, int | None]:
    """Return a symbol's place under ``take``, and how many had one: in its group, where there are groups."""
    for at, head in enumerate(decisions.clauses):
        if head.kind is ClauseKind.TAKE:
            place = known(decisions.values[scan, at, column])
            ranked = decisions.codes[scan, at] != Code.NOT_APPLICABLE
            if at + 1 < len(decisions.clauses) and decisions.clauses[at + 1].depth == 1:
                groups = decisions.values[scan, at + 1]
                ranked = ranked & (groups == groups[column])
            return (None, None) if place is None else (int(place), int(ranked.sum()))
    place = int(decisions.place[scan, column])
    if not place:
        return None, None
    return place, int((decisions.verdict[scan] == Verdict.HIT).sum())


def _is_only_held(decisions: ScannerDecisions, scan: int, column: int) -> bool:
    """Whether a hit is held that would leave: what ends a stay is ``leave_when``, or ``where`` without it."""
    if not decisions.is_held[scan, column]:
        return False
    kinds, codes = [one.kind for one in decisions.clauses], decisions.codes[scan, :, column]
    ends = [at for at, one in enumerate(kinds) if one is ClauseKind.LEAVE]
    ends = ends or [at for at, one in enumerate(kinds) if one is ClauseKind.WHERE]
    ends += [at for at, one in enumerate(kinds) if one is ClauseKind.AGE]
    return any(codes[at] != Code.TRUE and decisions.clauses[at].decides for at in ends)


def _last_stay(found: Sequence[Stay], at: Instant) -> Stay | None:
    before = [one for one in found if one.entered <= at]
    return before[-1] if before else None


def known(value: Any) -> float | None:
    """Return a number, None where it is NaN."""
    number = float(value)
    return None if math.isnan(number) else number
