"""An indicator's value for one symbol: a number, with a flag for whether it is known."""

from __future__ import annotations

from collections.abc import Mapping


class IndicatorReading(float):
    """The current value of an indicator for one symbol; behaves as its number, NaN while unknown.

    True in a condition while it is known, even when it is 0. The outputs of an indicator with
    several are attributes (``reading.upper``); the number is the first of them.
    """

    __slots__ = ("_outputs",)
    _outputs: Mapping[str, float]

    def __new__(cls, value: float, outputs: Mapping[str, float] | None = None) -> IndicatorReading:
        reading = super().__new__(cls, value)
        reading._outputs = outputs or {}
        return reading

    @property
    def valid(self) -> bool:
        """Whether the value is known."""
        return self == self

    @property
    def current_value(self) -> float:
        """The plain number, NaN while unknown."""
        return float(self)

    def __bool__(self) -> bool:
        return self == self

    def __getattr__(self, name: str) -> float:
        try:
            return self._outputs[name]
        except KeyError:
            has = ", ".join(self._outputs) or "value only"
            raise AttributeError(f"this indicator has no output '{name}' (it has: {has})") from None
