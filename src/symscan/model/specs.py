"""Indicator specs, and their keys and configurations."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from symscan.errors import SpecError
from symscan.model.interval import PREMARKET, Interval

MOST_BARS_BACK: Final = 100
"""How many bars back a prior value may be."""

_PRIOR = re.compile(r"prior(?:\((\d{1,9})\))?\.(.*)", re.DOTALL)
_NUMBER = re.compile(r"\d+(p\d+)?")
_WORD = re.compile(r"[a-z][a-z0-9]*")


class IndicatorType(StrEnum):
    """The family an indicator belongs to; it documents, the name decides."""

    TREND = "trend"
    MOMENTUM = "momentum"
    VOLATILITY = "volatility"
    VOLUME = "volume"
    LEVEL = "level"


@dataclass(slots=True)
class IndicatorConfig:
    """An indicator as a scanner requests it.

    Attributes
    ----------
    name
        The indicator's name, such as ``sma``.
    type
        Its family; for the reader, the name decides.
    period
        Its first parameter, in bars; 0 for an indicator that has none.
    interval
        The interval of the bars it reads, such as ``5m``.
    params
        Further parameters by name, such as ``{"deviations": 2.5}``.
    """

    name: str
    type: IndicatorType | None = None
    period: int = 0
    interval: str = "1d"
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class IndicatorSpec:
    """One indicator with all its parameters: equal specs are one key, different ones never share one.

    Attributes
    ----------
    name
        Lower-case words joined by underscores: ``sma``, ``volume_ratio``.
    params
        Every parameter in the order the indicator declares them.
    interval
        The interval of the bars it reads.
    back
        How many completed bars earlier its value is read; 0 for the newest.
    key
        The spec as text: ``sma_20_1d``, ``bbands_20_2p5_5m``, ``prior(3).sma_20_5m``; without an interval
        for what reads the bars before the open: ``premarket_relative_volume_10``.
    """

    name: str
    params: tuple[Decimal, ...]
    interval: Interval
    back: int = 0
    key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        interval = [] if self.interval.is_premarket else [str(self.interval)]
        parts = [self.name, *map(_number_text, self.params), *interval]
        object.__setattr__(self, "key", prior_name("_".join(parts), self.back))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IndicatorSpec) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)  # specs are looked up many times a slice; a text caches its hash

    @property
    def current(self) -> IndicatorSpec:
        """The same indicator's newest value."""
        return replace(self, back=0) if self.back else self

    @property
    def source(self) -> IndicatorSpec:
        """The spec whose indicator keeps the values.

        An earlier value of today is one that the indicator itself has had. One of an earlier session
        needs so many sessions more of history, and an indicator's value must not depend on who else
        reads it: it has an indicator of its own.
        """
        return self.current if self.interval.is_intraday else self

    @staticmethod
    def parse(key: str) -> IndicatorSpec:
        """Parse the spec a key names, its parameters unchecked (the registry has their bounds).

        Raises
        ------
        SpecError
            If the text is not of the form ``name_parameter_interval``, after ``prior.`` or not.
        """
        back, text = split_prior(key)
        *parts, interval = text.split("_")
        is_premarket = parts[:1] == [str(PREMARKET)] and (
            _NUMBER.fullmatch(interval) or _WORD.fullmatch(interval)
        )
        if is_premarket:
            parts.append(interval)
        names = [part for part in parts if _WORD.fullmatch(part)]
        numbers = [part for part in parts if _NUMBER.fullmatch(part)]
        if not names or parts != names + numbers:
            raise SpecError(
                f"'{key}' is not an indicator key; write name_parameters_interval, as in rsi_14_5m"
            )
        params = tuple(_parse_number(number) for number in numbers)
        read = PREMARKET if is_premarket else Interval.parse(interval)
        return IndicatorSpec("_".join(names), params, read, back)

    def __str__(self) -> str:
        return self.key


def split_prior(name: str) -> tuple[int, str]:
    """Split a name into how many bars back it is read, and the name itself: ``prior(3).close``.

    Raises
    ------
    SpecError
        If the number of bars is out of bounds.
    """
    match = _PRIOR.fullmatch(name)
    if match is None:
        return 0, name
    back = int(match[1] or 1)
    if not 1 <= back <= MOST_BARS_BACK:
        raise SpecError(f"prior({back}) is out of bounds; give a number of bars from 1 to {MOST_BARS_BACK}")
    return back, match[2]


def prior_name(name: str, back: int) -> str:
    """Return the one name of a value so many bars back: ``prior.close``, ``prior(3).close``."""
    if back == 0:
        return name
    return f"prior.{name}" if back == 1 else f"prior({back}).{name}"


def _parse_number(text: str) -> Decimal:
    return Decimal(text.replace("p", ".")).normalize()


def _number_text(value: Decimal) -> str:
    return f"{value.normalize():f}".replace(".", "p")
