"""The closing table of a run."""

from __future__ import annotations

from collections import Counter
from io import StringIO

from rich.console import Console

from symscan.cli.output.run_report import show_trading
from symscan.observers.results.trading_summary import StrategyFigures, TradingSummary


def test_reasons_that_are_all_different_do_not_bury_the_rest() -> None:
    trading = TradingSummary()
    passed = Counter({**{f"price is {n}": 1 for n in range(10, 60)}, "too dear": 7})
    trading.strategies["mine"] = StrategyFigures(signals=0, passed=passed)
    out = StringIO()
    show_trading(Console(file=out, width=500), trading)
    said = out.getvalue().splitlines()[-1]
    assert said.startswith("mine, left alone: too dear 7, price is 10 1, price is 11 1, ")
    assert said.endswith("price is 18 1, and 41 other reasons")
