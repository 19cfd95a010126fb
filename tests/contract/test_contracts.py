"""The contracts of ``symscan.testing``, over every indicator, scanner and strategy there is."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symscan.indicators.base import Indicator
from symscan.indicators.registry import definition, definitions
from symscan.model.bar import Floats
from symscan.runtime.building.plugins import SCANNERS, STRATEGIES
from symscan.testing import IndicatorContract, ScannerContract, StrategyContract, market
from symscan.testing.indicators import play_bars, random_walks

SETTINGS: dict[str, dict[str, Any]] = {"paper_trader": {"scanner": "it", "atr": "atr_5_5m"}}
"""What a built-in plug-in cannot do without."""

SMALL = {
    "relative_volume": (5,),
    "premarket_relative_volume": (5,),
    "same_bar_volume": (5,),
    "opening_range": (15,),
    "vwap_cross": (10,),
}
"""Parameters of those that count in sessions or minutes; the others are tested with their defaults."""

EXAMPLES = Path(__file__).parents[2] / "examples"


def _class(base: type, name: str, **attributes: Any) -> None:
    """Add a class of tests to this module, one for a plug-in."""
    camel = "".join(part.capitalize() for part in name.split("_"))
    title = f"Test{camel}{base.__name__.removesuffix('Contract')}"
    globals()[title] = type(title, (base,), {"__module__": __name__, **attributes})


for _one in (*definitions(), definition("adx"), definition("stoch"), definition("obv")):
    _class(IndicatorContract, _one.name, definition=_one, params=SMALL.get(_one.name))
for _name in SCANNERS.builtin_names():
    _class(ScannerContract, _name, module=f"scanners.{_name}", config={})
for _name in STRATEGIES.builtin_names():
    _class(StrategyContract, _name, module=f"strategies.{_name}", config=SETTINGS.get(_name, {}))

_spec = importlib.util.spec_from_file_location("range_position", EXAMPLES / "range_position.py")
assert _spec is not None and _spec.loader is not None
_range_position = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_range_position)


def test_a_scanner_may_use_an_indicator_of_its_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(ScannerContract):
        module = "mine"
        indicator_modules = ("range_position",)

    (tmp_path / "range_position.py").write_text((EXAMPLES / "range_position.py").read_text())
    (tmp_path / "mine.py").write_text(
        "from symscan import Screen, ScreenScanner\n"
        "class Scanner(ScreenScanner):\n"
        "    def screen(self):\n"
        "        return Screen('range_position_2_1m > 90')\n"
    )
    monkeypatch.chdir(tmp_path)
    scans = Own.play(market.write_store(tmp_path), market.write_universe(tmp_path))
    assert sorted(scans[-1].hits.symbols) == [
        "NEW",
        "QUIET",
        "UP",
    ]  # the last bars of all others fall or stand still


class _Leaky(_range_position.RangePosition):  # type: ignore[misc, name-defined]
    """Takes the mean of all rows into its values."""

    def _read(self) -> tuple[Floats, ...]:
        (values,) = super()._read()
        return (values + np.nanmean(values) if (~np.isnan(values)).any() else values,)


class _Forgetful(_range_position.RangePosition):  # type: ignore[misc, name-defined]
    """Has a value of a row that never had a bar."""

    def _read(self) -> tuple[Floats, ...]:
        return (np.nan_to_num(super()._read()[0]),)


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (_Leaky, IndicatorContract.test_rows_do_not_depend_on_each_other),
        (_Leaky, IndicatorContract.test_a_row_that_misses_a_bar_keeps_its_value),
        (_Forgetful, IndicatorContract.test_a_row_without_bars_stays_unknown),
        (_Forgetful, IndicatorContract.test_rows_are_forgotten_and_added),
    ],
)
def test_an_indicator_that_breaks_the_contract_is_found(broken: type[Indicator], test: Any) -> None:
    class Broken(IndicatorContract):
        definition = replace(_range_position.DEFINITIONS[0], factory=broken)

    walks = random_walks()
    played = play_bars(Broken.make(len(walks[0].present)), walks)
    given = {"walks": walks, "played": played}
    with pytest.raises(AssertionError):
        test(Broken(), **{name: given[name] for name in signature(test).parameters if name != "self"})


class TestRangePosition(IndicatorContract):
    """The example of an indicator of one's own."""

    definition = _range_position.DEFINITIONS[0]
