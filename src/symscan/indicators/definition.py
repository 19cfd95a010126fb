"""The declaration of an indicator: its parameters with bounds, its warm-up, its formula's source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from symscan.indicators.base import Indicator
from symscan.model.specs import IndicatorSpec, IndicatorType

_LONGEST_PERIOD = 10_000
_MOST_DECIMALS = 6


class Factory(Protocol):
    """Makes an indicator of a spec: its class."""

    outputs: tuple[str, ...]

    def __call__(self, spec: IndicatorSpec, rows: int) -> Indicator: ...


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an indicator; bounds are inclusive."""

    name: str
    default: Decimal
    lowest: Decimal
    highest: Decimal
    is_integer: bool = True

    def fault(self, value: Decimal) -> str | None:
        """Return what is wrong with a value, None if nothing is."""
        if not value.is_finite():
            return f"{self.name} is {value}, not a number"
        if self.is_integer and value != value.to_integral_value():
            return f"{self.name} is {value}, it must be a whole number"
        if not self.lowest <= value <= self.highest:
            return f"{self.name} is {value}, it must be from {self.lowest} to {self.highest}"
        if value != round(value, _MOST_DECIMALS):
            return f"{self.name} is {value}, give at most {_MOST_DECIMALS} decimals"
        return None


def bar_count(default: int, lowest: int = 1, name: str = "period") -> Parameter:
    """Make a parameter that counts bars."""
    return Parameter(name, Decimal(default), Decimal(lowest), Decimal(_LONGEST_PERIOD))


@dataclass(frozen=True, slots=True)
class Definition:
    """One kind of indicator.

    Attributes
    ----------
    name
        As in a key: ``volume_ratio``.
    type
        Its family.
    parameters
        In the order the key holds them.
    factory
        Makes the indicator.
    bars_to_warm
        Bars of history for given parameter values: the exact window, or until the seed has decayed to 1e-8.
    summary
        What it is, in one line.
    source
        Where the formula comes from.
    is_intraday_only
        Whether it has no meaning on bars of days, weeks and months.
    fault
        What is wrong with parameters that are each within bounds, None if nothing is.
    sessions_to_warm
        Sessions of history for given parameter values, of what counts in sessions instead of bars.
    spec_fault
        What is wrong with parameters and interval together, None if nothing is.
    is_premarket
        Whether it reads the bars before the open instead; its name begins with ``premarket_``, and its key
        holds no interval.
    """

    name: str
    type: IndicatorType
    parameters: tuple[Parameter, ...]
    factory: Factory
    bars_to_warm: Callable[..., int]
    summary: str
    source: str
    is_intraday_only: bool = False
    fault: Callable[..., str | None] = lambda *_: None
    sessions_to_warm: Callable[..., int] = lambda *_: 0
    spec_fault: Callable[[IndicatorSpec], str | None] = lambda _: None
    is_premarket: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its outputs: ``("value",)``, or the fields of a struct."""
        return self.factory.outputs

    def warm_up_bars(self, spec: IndicatorSpec) -> int:
        """Return how many bars of history make a checked spec's value independent of where they begin."""
        return self.bars_to_warm(*spec.params)

    def warm_up_sessions(self, spec: IndicatorSpec) -> int:
        """Return how many whole sessions of history a checked spec needs, 0 for what counts in bars."""
        return self.sessions_to_warm(*spec.params)
