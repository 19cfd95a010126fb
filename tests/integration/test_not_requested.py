"""Reading what was never requested: an error that names the missing call, wherever a scanner runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.harness import SESSION, MemorySession
from symscan.model.events.session import Event, Outcome, ScanFinished, ScannerDone
from symscan.model.events.trading import StrategyFailed
from symscan.model.instant import MINUTE
from symscan.model.interval import FIVE_MINUTES, ONE_MINUTE
from symscan.runtime.building.plugins import load_scanner
from symscan.runtime.provisioning.provisioner import MemberNeeds
from symscan.scanners.base import BaseScanner
from symscan.scanners.execution.inline import Execution
from symscan.scanners.execution.process.scanner import ProcessScanner
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.strategies.base import BaseStrategy, StrategyContext
from symscan.strategies.runner import StrategyRunner

MINE = '''
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    """Runs one line of code at each scan, over three symbols."""

    def setup(self, context):
        self._universe = ["A", "B", "C"]
        exec(self.config.get("setup", ""), {"view": context.session_data})
        return True

    def scan(self, context):
        names = {"view": context.session_data, "found": [], "minute": context.current_time.minute - 30}
        exec(self.config["scan"], names)
        return ScanResult(names["found"])
'''
NEVER = 100_000.0
"""Seconds a scan may take: its process may be slow to start, and a skipped scan would say nothing."""

MINUTES = tuple(SESSION.open + minute * MINUTE for minute in (3, 6, 9))
INDICATOR = (
    'sma_2_1m was not requested: call context.session_data.add_indicator(symbols, "sma_2_1m") in setup'
)
BARS = '5m bars were not requested: call context.session_data.add_session_bars(symbols, "5m") in setup'

here = pytest.mark.parametrize("make", ["backtest", "thread"], indirect=True)

Make = Callable[..., tuple[BaseScanner, Execution | None]]


@pytest.fixture(params=["backtest", "thread", "process"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes a scanner of MINE and what runs it, in each of the ways in which scanners run."""
    (tmp_path / "mine.py").write_text(MINE)
    made: list[ProcessScanner] = []

    def one(**config: Any) -> tuple[BaseScanner, Execution | None]:
        load = partial(load_scanner, "mine", "mine", config, (tmp_path,))
        if request.param == "backtest":
            return load(), None
        execution = ThreadedExecution(lambda: None, waits_for_session=True)
        if request.param == "thread":
            return load(), execution
        made.append(ProcessScanner(load, config))
        return made[-1], execution

    yield one
    for scanner in made:
        scanner.close()


def _played(scanner: BaseScanner, execution: Execution | None) -> list[Event]:
    managed = ManagedScanner("mine", scanner, DueTimes((), MINUTES), NEVER)
    played = MemorySession([managed], execution=execution)
    played.coordinator.run()
    return played.told.events


def _scans(events: list[Event]) -> list[tuple[Any, ...]]:
    scans = [one for one in events if isinstance(one, ScanFinished)]
    return [(one.outcome, one.judged, one.unknown, one.error) for one in scans]


def _unknown(events: list[Event]) -> dict[str, list[str]]:
    (done,) = (one for one in events if isinstance(one, ScannerDone))
    found: dict[str, list[str]] = {}
    for symbol, reason in zip(done.unknown.symbols, done.unknown.reasons, strict=True):
        found.setdefault(reason, []).append(symbol)
    return found


def test_it_is_an_error_of_that_scan(make: Make) -> None:
    scan = (
        "looks = {3: lambda: view.frame(['close', 'sma_2_1m']), "
        "6: lambda: [view.get_latest_bar(one, '5m') for one in view.symbols], "
        "9: lambda: [view.get_bars(one, '5m', 3) for one in view.symbols]}; looks[minute]()"
    )
    messages = (INDICATOR, BARS, BARS)
    scans = _scans(_played(*make(scan=scan)))
    assert [one[:3] for one in scans] == [(Outcome.FAILED, 0, 0)] * len(messages)
    for (*_, error), message in zip(scans, messages, strict=True):
        assert error.startswith("mine.py:") and error.endswith(f"NotRequested: {message}")


@here
def test_the_finest_bars_and_the_readings_are_everybodys(make: Make) -> None:
    scan = "view.column('vwap'); found = [s for s in view.symbols if view.get_bars(s, '1m', 2)]"
    events = _played(*make(scan=scan))
    assert [one.hits.symbols for one in events if isinstance(one, ScanFinished)] == [("A", "B")] * 3


def test_symbols_judged_by_nothing_but_nones_are_unknown(make: Make) -> None:
    """The shape of the specification's gap example, with its request forgotten."""
    scan = "[view.get_latest_bar(s) and view.get_indicator(s, 'sma_2_1m') for s in view.symbols]"
    events = _played(*make(scan=scan))
    assert _scans(events) == [(Outcome.OK, 0, 3, None)] * 3
    assert _unknown(events) == {"no_bar_today": ["C"], "not_requested": ["A", "B"]}


@here
def test_one_indicator_that_answers_is_enough(make: Make) -> None:
    setup = "view.add_indicator(view.symbols or ['A', 'B'], 'ema_2_1m')"
    scan = (
        "[view.get_indicator('A', key) for key in ('sma_2_1m', 'ema_2_1m')]; "
        "view.get_indicator('B', 'sma_2_1m'); found = ['C']; view.get_indicator('C', 'sma_2_1m')"
    )
    events = _played(*make(setup=setup, scan=scan))
    assert _scans(events) == [(Outcome.OK, 2, 1, None)] * 3  # A is judged, C is a hit
    assert _unknown(events) == {"not_requested": ["B"]}


@here
def test_what_is_requested_in_a_scan_is_unknown_until_it_is_there(make: Make) -> None:
    scan = (
        "view.add_indicator(['A', 'B', 'C'], 'sma_2_1m'); view.add_session_bars(['A'], '5m'); "
        "view.get_latest_bar('A', '5m'); mean = view.column('sma_2_1m'); found = ['A'] * int(mean[0] > 0)"
    )
    events = _played(*make(scan=scan))
    assert _scans(events) == [(Outcome.OK, 0, 3, None), *[(Outcome.OK, 2, 1, None)] * 2]
    assert [one.hits.symbols for one in events if isinstance(one, ScanFinished)] == [(), ("A",), ("A",)]
    assert _unknown(events) == {"no_bar_today": ["C"], "warming": ["A", "B"]}


class _Looking(BaseStrategy):
    def __init__(self, look: Callable[[StrategyContext], Any]) -> None:
        super().__init__({})
        self.look = look
        self.seen: list[Any] = []

    def on_slice(self, context: StrategyContext) -> None:
        self.seen.append(self.look(context))


def _failures(look: Callable[[StrategyContext], Any], config_symbols: tuple[str, ...] = ("A",)) -> list[str]:
    needs = MemberNeeds((ONE_MINUTE, FIVE_MINUTES), 0, ())
    played = MemorySession(config_symbols=config_symbols, needs=needs)
    played.until(6)
    strategy = StrategyRunner("mine", _Looking(look), played.data, played.time, "backtest")
    return [one.error for one in strategy.decide([]) if isinstance(one, StrategyFailed)]


def test_a_strategy_reads_what_members_are_given_and_what_it_requested() -> None:
    assert _failures(lambda context: context.session_data.get_latest_bar("A", "5m").close) == []  # type: ignore[union-attr]
    assert _failures(lambda context: context.session_data.column("sma_2_1m"), ()) == []  # there is no member
    (error,) = _failures(lambda context: context.session_data.column("sma_2_1m"))
    assert "NotRequested: sma_2_1m was not requested: call context.session_data.add_indicator" in error
    (error,) = _failures(lambda context: context.session_data.get_latest_bar("A", "3m"))
    assert "NotRequested: 3m bars were not requested" in error
