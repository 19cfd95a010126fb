"""The page of indicators against the indicators there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symscan.errors import SpecError
from symscan.indicators.registry import definition, definitions, spec_of

PAGE = (Path(__file__).parents[2] / "docs" / "INDICATORS.md").read_text()
ROWS = re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("key", [key for key, _ in ROWS])
def test_every_key_is_one(key: str) -> None:
    assert spec_of(key).key == key


def test_every_indicator_of_our_own_is_there() -> None:
    assert {spec_of(key).name for key, _ in ROWS} >= {one.name for one in definitions()}


@pytest.mark.parametrize("one", definitions(), ids=lambda one: one.name)
def test_parameters_and_values_are_as_declared(one: object) -> None:
    known = definition(one.name)  # type: ignore[attr-defined]
    (row,) = (row for key, row in ROWS if spec_of(key).name == known.name)
    parameters, values, summary = (cell.strip() for cell in row.split("|"))
    assert parameters == ", ".join(parameter.name for parameter in known.parameters)
    assert re.findall(r"`(\w+)`", values) == list(known.outputs if len(known.outputs) > 1 else ())
    assert summary == known.summary


def test_what_adds_up_or_compares_is_told() -> None:
    adds_up = PAGE.partition("What adds up bars from its first (")[2].partition(")")[0]
    assert all(definition(name).is_intraday_only for name in re.findall(r"`(\w+)`", adds_up))
    for name in ("beta", "correl", "mavp", "add", "maxindex"):
        with pytest.raises(SpecError):
            definition(name)
