"""Intervals: how long a bar covers."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from functools import cache

from symscan.errors import SpecError

_PATTERN = re.compile(r"([1-9]\d*)(mo|[mhdw])")
_LONGEST_MINUTES = 24 * 60


class Unit(IntEnum):
    """What an interval counts; ordered from fine to coarse."""

    PREMARKET = -1
    MINUTE = 0
    DAY = 1
    WEEK = 2
    MONTH = 3


_LETTERS = {"d": Unit.DAY, "w": Unit.WEEK, "mo": Unit.MONTH}


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The length of a bar: ``1m`` to ``24h``, ``1d``, ``1w`` or ``1mo``. Orders from fine to coarse.

    ``count`` is in minutes for intraday intervals and 1 for the others. Whole hours are written
    in hours, so that one length has one name: ``60m`` parses to ``1h``. ``PREMARKET`` is no length that
    can be written: it stands for the finest bars before the open, for what reads those.
    """

    unit: Unit
    count: int

    def __hash__(self) -> int:
        return self.unit * (_LONGEST_MINUTES + 1) + self.count  # looked up several times a slice

    @staticmethod
    @cache
    def parse(text: str) -> Interval:
        """The interval a text such as ``5m`` names.

        Raises
        ------
        SpecError
            If the text names no interval.
        """
        match = _PATTERN.fullmatch(text)
        if match:
            count, letter = int(match[1]), match[2]
            minutes = count * {"m": 1, "h": 60}.get(letter, 0)
            if 0 < minutes <= _LONGEST_MINUTES:
                return Interval(Unit.MINUTE, minutes)
            if count == 1 and letter in _LETTERS:
                return Interval(_LETTERS[letter], 1)
        raise SpecError(f"'{text}' is not an interval; write 1m, 5m, 15m, 1h, 1d, 1w or 1mo")

    @property
    def is_intraday(self) -> bool:
        """Whether bars of this interval lie inside one session."""
        return self.unit <= Unit.MINUTE

    @property
    def is_premarket(self) -> bool:
        """Whether the bars are those before the open."""
        return self.unit is Unit.PREMARKET

    @property
    def minutes(self) -> int:
        """The length in minutes.

        Raises
        ------
        ValueError
            For ``1d``, ``1w`` and ``1mo``, whose length the calendar decides.
        """
        if not self.is_intraday:
            raise ValueError(f"{self} has no length in minutes")
        return self.count

    def first_date(self, day: date) -> date:
        """The first date of the day, week or month that a date lies in."""
        match self.unit:
            case Unit.WEEK:
                return day - timedelta(days=day.weekday())
            case Unit.MONTH:
                return day.replace(day=1)
        return day

    def last_date(self, day: date) -> date:
        """The last date of the day, week or month that a date lies in."""
        match self.unit:
            case Unit.WEEK:
                return day + timedelta(days=6 - day.weekday())
            case Unit.MONTH:
                return day.replace(day=monthrange(day.year, day.month)[1])
        return day

    def __str__(self) -> str:
        if self.is_premarket:
            return "premarket"
        if not self.is_intraday:
            return next(f"1{letter}" for letter, unit in _LETTERS.items() if unit is self.unit)
        return f"{self.count // 60}h" if self.count % 60 == 0 else f"{self.count}m"


PREMARKET = Interval(Unit.PREMARKET, 1)
ONE_MINUTE = Interval(Unit.MINUTE, 1)
FIVE_MINUTES = Interval(Unit.MINUTE, 5)
ONE_DAY = Interval(Unit.DAY, 1)
ONE_WEEK = Interval(Unit.WEEK, 1)
ONE_MONTH = Interval(Unit.MONTH, 1)
