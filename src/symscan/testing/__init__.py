"""Contracts of plug-ins and ports as classes of tests: derive one, say what is tested, and run pytest.

::

    from symscan.testing import ScannerContract


    class TestMine(ScannerContract):
        module = "my_scanner"
        config = {"min_change": 1.0}

What a contract states is in the docstrings of its class and tests. It needs pytest, and symscan does not.
"""

from __future__ import annotations

from pkgutil import iter_modules

try:
    import pytest
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("symscan.testing needs pytest; install it: pip install pytest") from error

# Before they are imported, so that a failing contract shows the values it compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))

from symscan.testing.bar_sources import BarSourceCase, BarSourceContract  # noqa: E402
from symscan.testing.brokers import BrokerCase, BrokerContract  # noqa: E402
from symscan.testing.executions import ExecutionContract  # noqa: E402
from symscan.testing.feeds import FeedCase, FeedContract  # noqa: E402
from symscan.testing.history_sources import HistoryCase, HistorySourceContract  # noqa: E402
from symscan.testing.indicators import IndicatorContract  # noqa: E402
from symscan.testing.observers import ObserverContract  # noqa: E402
from symscan.testing.scanners import ScannerContract  # noqa: E402
from symscan.testing.strategies import StrategyContract  # noqa: E402

__all__ = [
    "BarSourceCase",
    "BarSourceContract",
    "BrokerCase",
    "BrokerContract",
    "ExecutionContract",
    "FeedCase",
    "FeedContract",
    "HistoryCase",
    "HistorySourceContract",
    "IndicatorContract",
    "ObserverContract",
    "ScannerContract",
    "StrategyContract",
]
