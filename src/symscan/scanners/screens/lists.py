"""Who is on another scanner's list, as columns over a screen's universe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

import numpy as np

from symscan.model.bar import Floats, Mask
from symscan.model.instant import MINUTE, Instant
from symscan.scanners.past_scans import PastScans

_NAME: Final = re.compile(r"in_scanner\('(?P<scanner>(?:[^']|'')*)'(?:, (?P<minutes>[^)]*))?\)")


class ListName(NamedTuple):
    """What a column of a list is of: a scanner, and how long ago its scans may be; None: its last one."""

    scanner: str
    minutes: float | None

    @staticmethod
    def parse(column: str) -> ListName | None:
        """Parse the name of a column, None if it is none of a list: ``in_scanner('gaps', 60)``."""
        match = _NAME.fullmatch(column)
        if match is None:
            return None
        minutes = None if match["minutes"] is None else float(match["minutes"])
        return ListName(match["scanner"].replace("''", "'"), minutes)

    @property
    def column(self) -> str:
        """The one name of its column."""
        quoted = self.scanner.replace("'", "''")
        return f"in_scanner('{quoted}'{'' if self.minutes is None else f', {self.minutes:g}'})"


def no_such_scanner(name: str, names: Sequence[str]) -> str:
    """Say that a scanner does not exist, and which do."""
    close = get_close_matches(name, names, n=1)
    guess = f"did you mean '{close[0]}'? " if close else ""
    return f"there is no scanner '{name}'; {guess}there are: {', '.join(names) or 'none'}"


class _Listed(NamedTuple):
    """One scan's list, over the universe of the scanner that reads it."""

    at: Instant
    found: Mask
    unknown: Mask


class ScannerLists:
    """The lists of other scanners over one universe; each of their scans is looked up once.

    Parameters
    ----------
    universe
        The symbols, in their order.
    """

    def __init__(self, universe: Sequence[str]) -> None:
        self._place = {symbol: place for place, symbol in enumerate(universe)}
        self._listed: dict[str, list[_Listed]] = {}
        self._at: Instant = 0

    def update(self, past: Mapping[str, PastScans], at: Instant) -> None:
        """Add the scans since the last update."""
        self._at = at
        for name, scans in past.items():
            listed = self._listed.setdefault(name, [])
            for scan in scans.scans[len(listed) :]:
                listed.append(_Listed(scan.at, self._mask(scan.hits), self._mask(scan.unknown)))

    def column(self, name: ListName) -> Floats:
        """Return 1 for who is on a list, 0 for who is not, and NaN for whom that is unknown."""
        listed = self._listed.get(name.scanner, [])
        if name.minutes is None:
            return _values(listed[-1:]) if listed else np.full(len(self._place), np.nan)
        return self._any(listed, name.minutes)

    def found(self, scanner: str, minutes: float | None) -> Mask:
        """Return who was found by any scan of the last minutes; None: of the session."""
        values: Mask = self._any(self._listed.get(scanner, []), minutes) == 1.0
        return values

    def _any(self, listed: Sequence[_Listed], minutes: float | None) -> Floats:
        """Return who was found by any of the scans in time; nobody was by none."""
        since = -1 if minutes is None else self._at - round(minutes * MINUTE)
        in_time = [one for one in listed if one.at > since]
        return _values(in_time) if in_time else np.zeros(len(self._place))

    def _mask(self, symbols: Sequence[str]) -> Mask:
        mask = np.zeros(len(self._place), np.bool_)
        mask[[self._place[symbol] for symbol in symbols if symbol in self._place]] = True
        return mask


def _values(listed: Sequence[_Listed]) -> Floats:
    found = np.logical_or.reduce([one.found for one in listed])
    unknown = np.logical_or.reduce([one.unknown for one in listed])
    return np.where(found, 1.0, np.where(unknown, np.nan, 0.0))
