"""The decisions of a session as arrays: one table per scanner, over its scans, clauses and symbols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.bar import Floats, Mask
from symscan.model.decisions.clauses import ClauseKind, Code, Codes, margins
from symscan.model.decisions.verdicts import Verdict
from symscan.model.instant import Instant

NOT_JUDGED: Final = 3
"""The verdict where a scan was not about a symbol, beside those of :class:`Verdict`."""


@dataclass(frozen=True, slots=True)
class ClauseHead:
    """A clause without its values.

    Attributes
    ----------
    text
        As written.
    kind
        What it belongs to.
    depth
        How far it stands below the clause before it.
    op
        How values are compared with limits; None where they are not.
    labels
        Texts that values are the numbers of; None where they are numbers.
    """

    text: str
    kind: ClauseKind
    depth: int = 0
    op: str | None = None
    labels: tuple[str, ...] | None = None

    @property
    def decides(self) -> bool:
        """Whether it stands for itself: it is no part of another, and no value that one read."""
        return self.depth == 0


@dataclass(frozen=True, slots=True)
class ScanHead:
    """A scan that was ok: when, and for which phase, as in ``scans.csv``."""

    at: Instant
    phase: str


@dataclass(frozen=True, eq=False)
class ScannerDecisions:
    """The decisions of one scanner in a session.

    Attributes
    ----------
    name
        The scanner.
    clauses
        In the order in which they decide.
    scans
        Those that were ok, in their order.
    symbols
        All that any of them was about.
    verdict
        A ``Verdict`` each, or ``NOT_JUDGED``; shape ``(scans, symbols)``.
    codes
        Whether a clause holds: a ``Code`` each, ``(scans, clauses, symbols)``.
    values, limits
        What was compared with what, ``(scans, clauses, symbols)``; NaN where unknown, or not compared.
    reasons
        Why a symbol is unknown, ``(scans, symbols)``; 0 where it is not.
    age
        How many minutes ago a symbol's last bar ended, ``(scans, symbols)``; NaN without one.
    place
        The place of a hit in its scan's list, from 1; 0 where it is none; ``(scans, symbols)``.
    scale
        The interquartile range of a clause's known values at a scan, ``(scans, clauses)``.
    is_whole
        Whether the values of all are kept, not only of hits and of those that missed by one clause.
    """

    name: str
    clauses: tuple[ClauseHead, ...]
    scans: tuple[ScanHead, ...]
    symbols: tuple[str, ...]
    verdict: NDArray[np.uint8]
    codes: Codes
    values: Floats
    limits: Floats
    reasons: NDArray[np.uint8]
    age: NDArray[np.float32]
    place: NDArray[np.uint32]
    scale: Floats
    is_whole: bool = True

    @cached_property
    def margins(self) -> Floats:
        """By how much each clause is met, negative where it is missed, ``(scans, clauses, symbols)``."""
        found = np.full(self.values.shape, np.nan)
        for at, clause in enumerate(self.clauses):
            found[:, at] = margins(clause.op, self.values[:, at], self.limits[:, at])
        return found

    @cached_property
    def scaled_margins(self) -> Floats:
        """The margins over the interquartile range of the scan, NaN where that is 0."""
        scale = np.where(self.scale > 0.0, self.scale, np.nan)
        return self.margins / scale[:, :, None]

    @cached_property
    def decides(self) -> Mask:
        """Where a clause decides of a symbol, ``(scans, clauses, symbols)``.

        Of a symbol that was a hit and leaves by ``leave_when``, ``where`` decides nothing; of one that is
        held, neither does.
        """
        heads = self.clauses
        decides: Mask = self.codes != Code.NOT_APPLICABLE
        decides &= np.array([one.decides for one in heads], np.bool_)[None, :, None]
        kinds = np.array([one.kind for one in heads])
        decides[:, kinds == ClauseKind.HOLD] = False
        leaves = (decides & (kinds == ClauseKind.LEAVE)[None, :, None]).any(axis=1)
        decides &= ~((kinds == ClauseKind.WHERE)[None, :, None] & leaves[:, None, :])
        overruled = np.isin(kinds, (ClauseKind.WHERE, ClauseKind.LEAVE, ClauseKind.AGE))
        decides &= ~(overruled[None, :, None] & self.is_held[:, None, :])
        return decides

    @cached_property
    def is_held(self) -> Mask:
        """Where a hit is held, whatever else says, ``(scans, symbols)``."""
        holds = np.array([one.kind is ClauseKind.HOLD for one in self.clauses], np.bool_)
        held: Mask = (self.codes[:, holds] == Code.TRUE).any(axis=1)
        return held

    @cached_property
    def missed(self) -> NDArray[np.intp]:
        """The one clause by which a symbol is no hit, ``(scans, symbols)``; -1 where it is not one alone."""
        gives_reasons = np.array([one.kind is not ClauseKind.FOUND for one in self.clauses], np.bool_)
        if not gives_reasons.any():
            return np.full(self.verdict.shape, -1, np.intp)
        fails = self.decides & (self.codes != Code.TRUE)
        alone = (fails.sum(axis=1) == 1) & (self.verdict != Verdict.HIT) & (self.verdict != NOT_JUDGED)
        return np.where(alone, fails.argmax(axis=1), -1)

    def column(self, symbol: str) -> int | None:
        """Return the number of a symbol, None if no scan was about it."""
        return self._columns.get(symbol)

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {symbol: at for at, symbol in enumerate(self.symbols)}


@dataclass(frozen=True, slots=True, eq=False)
class SessionDecisions:
    """The decisions of a session, by scanner in the order of the configuration."""

    day: date
    scanners: Mapping[str, ScannerDecisions]


@dataclass(frozen=True, slots=True)
class RecordedScan:
    """One scan as it was recorded, over its own candidates; ``heads`` are its clauses' columns."""

    head: ScanHead
    columns: NDArray[np.intp]
    heads: NDArray[np.intp]
    verdict: NDArray[np.uint8]
    codes: Codes
    values: Floats
    limits: Floats
    reasons: NDArray[np.uint8]
    age: NDArray[np.float32]
    place: NDArray[np.uint32]


def tabulate(
    name: str, clauses: Sequence[ClauseHead], symbols: Sequence[str], scans: Sequence[RecordedScan]
) -> ScannerDecisions:
    """Make one table of recorded scans; what a scan was not about is not judged."""
    count, width, most = len(scans), len(symbols), len(clauses)
    verdict = np.full((count, width), NOT_JUDGED, np.uint8)
    codes = np.full((count, most, width), Code.NOT_APPLICABLE, np.uint8)
    values, limits = (np.full((count, most, width), np.nan) for _ in range(2))
    reasons, place = np.zeros((count, width), np.uint8), np.zeros((count, width), np.uint32)
    age = np.full((count, width), np.nan, np.float32)
    for at, scan in enumerate(scans):
        own, where = scan.columns, np.ix_(scan.heads, scan.columns)
        verdict[at, own], reasons[at, own] = scan.verdict, scan.reasons
        age[at, own], place[at, own] = scan.age, scan.place
        codes[at][where], values[at][where], limits[at][where] = scan.codes, scan.values, scan.limits
    heads = tuple(one.head for one in scans)
    scale = _spreads(values)
    scale[:, [one.op is None for one in clauses]] = np.nan
    return ScannerDecisions(
        name,
        tuple(clauses),
        heads,
        tuple(symbols),
        verdict,
        codes,
        values,
        limits,
        reasons,
        age,
        place,
        scale,
    )


def _spreads(values: Floats) -> Floats:
    """Return the interquartile range of the known values of each scan and clause, NaN without any."""
    ordered = np.sort(values, axis=2)  # what is unknown comes last
    known = (~np.isnan(values)).sum(axis=2)
    low, high = (_quantile(ordered, known, share) for share in (0.25, 0.75))
    return high - low


def _quantile(ordered: Floats, known: NDArray[np.intp], share: float) -> Floats:
    """Return a quantile of the first so many of sorted values, between two of them by their distance."""
    if not ordered.shape[2]:
        return np.full(known.shape, np.nan)
    at = np.maximum(known - 1, 0) * share
    below = np.floor(at).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(known - 1, 0))
    first, second = (np.take_along_axis(ordered, one[:, :, None], axis=2)[:, :, 0] for one in (below, above))
    return np.where(known > 0, first + (second - first) * (at - below), np.nan)
