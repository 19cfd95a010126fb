"""A screen's result for one symbol: each of its conditions, with the values it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ConditionVerdict:
    """One of the conditions that ``AND`` joins.

    Attributes
    ----------
    text
        As written.
    is_true
        Whether it is met; None where it is unknown.
    values
        What it reads, by name; None where it is unknown.
    """

    text: str
    is_true: bool | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SymbolVerdict:
    """A screen's result for one symbol at one instant.

    Attributes
    ----------
    conditions
        In the order of the screen's ``where``.
    place
        The symbol's place among all that meet ``where``, 1 is the best; None where it does not.
    take
        How many of them are hits at most, None for all.
    age_minutes, max_age_minutes
        How long ago its last bar ended, None where it has none; and how long ago it may have. None
        where the screen sets no limit.
    """

    symbol: str
    conditions: tuple[ConditionVerdict, ...]
    place: int | None
    take: int | None = None
    age_minutes: float | None = None
    max_age_minutes: float | None = None

    @property
    def is_hit(self) -> bool:
        """Whether it is found."""
        return self.place is not None and (self.take is None or self.place <= self.take)

    @property
    def is_stale(self) -> bool:
        """Whether its last bar is too old to judge it by."""
        if self.max_age_minutes is None:
            return False
        return self.age_minutes is None or self.age_minutes > self.max_age_minutes

    @property
    def false(self) -> int:
        """How many conditions it does not meet."""
        return sum(one.is_true is False for one in self.conditions)

    @property
    def unknown(self) -> int:
        """How many conditions cannot be judged."""
        return sum(one.is_true is None for one in self.conditions)
