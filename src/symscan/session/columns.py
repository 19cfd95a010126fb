"""What a column is called: a session reading, an indicator's key, or one output of an indicator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from symscan.errors import SpecError
from symscan.indicators.registry import definition, spec_of
from symscan.model.readings import SESSION_READINGS
from symscan.model.specs import IndicatorSpec


@dataclass(frozen=True, slots=True)
class Column:
    """A name taken apart: ``spec`` is None for a session reading."""

    name: str
    spec: IndicatorSpec | None = None
    output: str = "value"


@lru_cache(maxsize=4096)
def parse_column(name: str) -> Column:
    """The column a name means: ``close``, ``rsi_14_5m``, ``bbands_20_2_5m.upper``.

    An indicator with several outputs, named without one, means its first.

    Raises
    ------
    SpecError
        If the name is neither a reading nor an indicator, or the output does not exist.
    """
    if name in SESSION_READINGS:
        return Column(name)
    key, _, output = name.partition(".")
    spec = spec_of(key)
    outputs = definition(spec.name).outputs
    if output and output not in outputs:
        raise SpecError(f"'{key}' has no output '{output}'; it has {', '.join(outputs)}")
    return Column(name, spec, output or outputs[0])
