"""Compare what two plays of a session found: outcomes, symbols in order, metadata, byte for byte."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from symscan.model.instant import Instant
from symscan.research.audit.child.play import Cut, Played, ScanRecord


@dataclass(frozen=True, slots=True)
class ScanDifference:
    """The first difference of two plays.

    Attributes
    ----------
    at, phase
        At which scan; None and empty where the session could not be played or the scanner took no part.
    says
        What the second play did otherwise.
    symbol
        Of which symbol, None where it is of none.
    is_order
        Whether the same hits stand in another order, and nothing else differs.
    """

    at: Instant | None
    phase: str
    says: str
    symbol: str | None = None
    is_order: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """How two plays compare.

    Attributes
    ----------
    keys
        The scans that differ.
    first
        The first difference, None if there is none; one of more than order comes before.
    is_order
        Whether all that differs is the order of hits.
    """

    keys: tuple[tuple[Instant, str], ...]
    first: ScanDifference | None
    is_order: bool = False


def compare(
    before: Played, after: Played, scanner: str, cut: Cut | None = None, among: Collection[str] | None = None
) -> Compared:
    """Compare the scans of a scanner.

    Parameters
    ----------
    cut
        Up to which instant; None compares all.
    among
        Hits that are compared; None for all.
    """
    own, other = before.of(scanner, cut), {one.key: one for one in after.of(scanner, cut)}
    if after.fault is not None or scanner in after.disabled:
        reason = after.fault or f"it takes no part: {after.disabled[scanner]}"
        return Compared(tuple(one.key for one in own), ScanDifference(None, "", reason))
    found = [(one.key, _difference(one, other.get(one.key), among)) for one in own]
    keys = tuple(key for key, one in found if one is not None)
    differences = [one for _, one in found if one is not None]
    first = next((one for one in differences if not one.is_order), next(iter(differences), None))
    return Compared(keys, first, first is not None and first.is_order)


def compare_one(before: Played, after: Played, scanner: str, cut: Cut) -> Compared:
    """Compare the scans at one instant alone."""
    own = [one for one in before.of(scanner, cut) if one.at == cut.at]
    kept = Played(tuple(own), before.disabled, before.fault)
    return compare(kept, after, scanner, cut)


def _difference(
    before: ScanRecord, after: ScanRecord | None, among: Collection[str] | None
) -> ScanDifference | None:
    if after is None:
        return ScanDifference(before.at, before.phase, "it does not scan")
    if before.outcome != after.outcome:
        why = f": {after.error}" if after.error else ""
        return ScanDifference(before.at, before.phase, f"it is {after.outcome}{why}")
    own, other = _hits(before, among), _hits(after, among)
    if own == other:
        return None
    symbol, says = _first(own, other)
    return ScanDifference(before.at, before.phase, says, symbol, is_order=sorted(own) == sorted(other))


def _hits(record: ScanRecord, among: Collection[str] | None) -> list[tuple[str, bytes]]:
    pairs = zip(record.symbols, record.digests, strict=True)
    return [one for one in pairs if among is None or one[0] in among]


def _first(own: Sequence[tuple[str, bytes]], other: Sequence[tuple[str, bytes]]) -> tuple[str, str]:
    """Return the symbol that differs first, and how."""
    mine, others = dict(own), dict(other)
    for symbol in others:
        if symbol not in mine:
            return symbol, f"it finds {symbol}, too"
    for symbol in mine:
        if symbol not in others:
            return symbol, f"it does not find {symbol}"
    for (symbol, _), (there, _) in zip(own, other, strict=True):
        if symbol != there:
            return there, f"it ranks {there} before {symbol}"
    symbol = next(one for one, digest in own if others[one] != digest)
    return symbol, f"it finds {symbol} with other values"


def first_reading(before: ScanRecord, after: ScanRecord, symbol: str) -> tuple[str, float, float] | None:
    """Return the first reading of a symbol that differs, with both values; None if none does."""
    if symbol not in before.candidates or symbol not in after.candidates:
        return None
    here, there = before.candidates.index(symbol), after.candidates.index(symbol)
    for name, values in before.readings.items():
        if name in after.readings:
            one, other = float(values[here]), float(after.readings[name][there])
            if not np.array_equal([one], [other], equal_nan=True):
                return name, one, other
    return None
