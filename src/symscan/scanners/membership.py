"""Periods of membership: from when until when each row of a universe's file is true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Final

from symscan.errors import UniverseError

START: Final = "from"
"""The column of the first date of a period; empty: since ever."""

END: Final = "to"
"""The column of the first date after a period; empty: to this day."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period in which a symbol is a member.

    Attributes
    ----------
    symbol
        The member.
    start
        Its first date; None: since ever.
    end
        The first date after it; None: it has not ended.
    line
        Where it is in its file.
    others
        The texts of the row's static columns.
    """

    symbol: str
    start: date | None
    end: date | None
    line: int
    others: tuple[str, ...] = ()

    def includes(self, day: date) -> bool:
        """Whether the symbol is a member on a date."""
        return self._first <= day < self._after

    def meets(self, first: date, last: date) -> bool:
        """Whether it is a member on any date of a range, both included."""
        return self._first <= last and first < self._after

    def overlaps(self, earlier: Period) -> bool:
        """Whether it begins before an earlier one of the same symbol has ended."""
        return self._first < earlier._after

    @property
    def _first(self) -> date:
        return self.start or date.min

    @property
    def _after(self) -> date:
        return self.end or date.max

    def __str__(self) -> str:
        return f"{self.start or 'the beginning'} to {self.end or 'today'}"


def parse_period(
    path: Path, line: int, symbol: str, start: str, end: str, others: Sequence[str] = ()
) -> Period:
    """Return the period of a row.

    Raises
    ------
    UniverseError
        If a text is not a date, or the period ends before it begins.
    """
    period = Period(
        symbol, _parsed(path, line, START, start), _parsed(path, line, END, end), line, tuple(others)
    )
    if period.start is not None and period.end is not None and period.end <= period.start:
        raise UniverseError(
            f"{path}:{line}: {symbol} is a member from {start} to {end}, which is no day: 'to' is the first "
            "date after the membership"
        )
    return period


def _parsed(path: Path, line: int, column: str, text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UniverseError(
            f"{path}:{line}: '{text}' in column '{column}' is not a date; write 2022-06-09"
        ) from None


def ordered(periods: Sequence[Period]) -> list[Period]:
    """Return periods by symbol and date."""
    return sorted(periods, key=lambda one: (one.symbol, one.start or date.min, one.line))


def overlapping(periods: Sequence[Period]) -> Iterator[tuple[Period, Period]]:
    """Pairs of periods of one symbol that have dates in common, the earlier one first."""
    for earlier, later in pairwise(ordered(periods)):
        if later.symbol == earlier.symbol and later.overlaps(earlier):
            yield earlier, later


def interruptions(periods: Sequence[Period]) -> Iterator[tuple[Period, Period]]:
    """Pairs of successive periods of one symbol with dates between them, on which it is no member."""
    for earlier, later in pairwise(ordered(periods)):
        if (
            later.symbol == earlier.symbol
            and earlier.end is not None
            and earlier.end < (later.start or date.min)
        ):
            yield earlier, later


def check_overlaps(path: Path, periods: Sequence[Period]) -> None:
    """Refuse periods of one symbol that have dates in common.

    Raises
    ------
    UniverseError
        If there are any; it names every pair with its lines.
    """
    faults = [overlap_fault(path, *pair) for pair in overlapping(periods)]
    if faults:
        raise UniverseError("\n".join(faults))


def overlap_fault(path: Path, earlier: Period, later: Period) -> str:
    """Return the message of two overlapping rows, at the place of the one further down."""
    first, second = sorted((earlier, later), key=lambda one: one.line)
    return (
        f"{path}:{second.line}: {second.symbol} is a member from {second}, and on line {first.line} from "
        f"{first}: let one end where the other begins"
    )
