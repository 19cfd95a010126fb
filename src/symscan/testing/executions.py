"""The contract of executions: what carries out scanners' jobs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from symscan.model.events.session import Event, Outcome, ScanFinished, ScannerDisabled
from symscan.model.session import Session
from symscan.observers.collector import EventCollector
from symscan.runtime.assembly import Backtest
from symscan.runtime.building.build import SessionPorts, build, first_due
from symscan.runtime.publisher import EventPublisher, StepLog
from symscan.scanners.execution.inline import Execution
from symscan.sources.stored.backtest_source import BacktestSource
from symscan.sources.stored.history import StoreHistory
from symscan.testing import market

_SCANNER = '''
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    """Finds the next symbol that is up, and does what its settings say."""

    def setup(self, context):
        if self.config.get("at_setup"):
            raise ValueError("not today")
        self._universe = self._load_universe()
        self.scans = 0
        return context.session_data.add_indicator(self._universe, "sma_3_1m")

    def scan(self, context):
        self.scans += 1
        if self.config.get("at_scan") == self.scans:
            raise ValueError("at once")
        view = context.session_data
        means, prices = view.column("sma_3_1m"), view.column("close")
        found = [one for one, mean, price in zip(view.symbols, means, prices) if price > mean]
        if found:
            view.add_symbol(found[0])
        return ScanResult(found, {one: {"scan": self.scans} for one in found})
'''


class ExecutionContract:
    """What every execution must keep to: where a job runs decides nothing but how long it takes.

    A session is played with a scanner that remembers, one that raises at its third scan, and one that
    cannot be set up. Derive a class whose name begins with ``Test`` and say how the execution is made;
    a session waits for it, as it does where a feed waits for the session.

    Attributes
    ----------
    isolates
        Whether scanners are made in processes of their own.
    """

    isolates: ClassVar[bool] = False

    @abstractmethod
    def execution(self, session: Session, folder: Path) -> tuple[Execution, StepLog | None]:
        """Make the execution, and what records the steps where it must be there."""

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A folder with the market and the scanner."""
        folder = tmp_path_factory.mktemp("execution")
        market.write_store(folder)
        (folder / "contract_scanner.py").write_text(_SCANNER, encoding="utf-8")
        return folder

    @pytest.fixture(scope="class")
    @classmethod
    def backtest(cls, folder: Path) -> Backtest:
        """The session, assembled."""
        universe = market.write_universe(folder)
        patience: dict[str, Any] = {"isolation": "process" if cls.isolates else "thread"}
        settings: Sequence[dict[str, Any]] = ({}, {"at_scan": 3}, {"at_setup": True})
        scanners = [
            market.scanner(
                "contract_scanner", config, universe, name=f"it{number}", timeout_seconds=600, **patience
            )
            for number, config in enumerate(settings)
        ]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            return market.assemble(folder / "store", {"scanners": scanners})

    @pytest.fixture(scope="class")
    @classmethod
    def events(cls, backtest: Backtest, folder: Path) -> list[Event]:
        """The events of a session with this execution."""
        (session,) = backtest.sessions
        execution, step_log = cls().execution(session, folder)
        collector = EventCollector()
        managed = backtest.checked.scanners.managed(session, isolates=cls.isolates)
        source = BacktestSource(backtest.store, session, start=first_due(managed, session))
        history = StoreHistory(backtest.store, backtest.checked.calendar, backtest.block_cache)
        publisher = EventPublisher(session, [collector], step_log=step_log)
        build(
            backtest.checked, session, managed, SessionPorts(history, source, publisher, execution=execution)
        ).run()
        return collector.events

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls, backtest: Backtest) -> list[Event]:
        """The events of the backtest."""
        collector = EventCollector()
        (session,) = backtest.sessions
        backtest.coordinator(session, [collector]).run()
        return collector.events

    def test_scans_have_the_results_of_the_backtest(
        self, events: Sequence[Event], expected: Sequence[Event]
    ) -> None:
        """Each scan is carried out once, with the same hits, metadata and memory."""
        assert _scans(events, "it0") == _scans(expected, "it0")
        assert len(_scans(events, "it0")) == 13

    def test_a_scan_that_raises_is_an_outcome(
        self, events: Sequence[Event], expected: Sequence[Event]
    ) -> None:
        """The scanner goes on with its next scan."""
        scans = _scans(events, "it1")
        assert scans == _scans(expected, "it1")
        assert [scan[1] for scan in scans] == [Outcome.OK] * 2 + [Outcome.FAILED] + [Outcome.OK] * 10

    def test_a_scanner_that_cannot_be_set_up_is_disabled(
        self, events: Sequence[Event], expected: Sequence[Event]
    ) -> None:
        """It takes no part; the reason has its line."""
        reasons = [
            [(one.scanner, one.reason) for one in each if isinstance(one, ScannerDisabled)]
            for each in (events, expected)
        ]
        assert reasons[0] == reasons[1] and len(reasons[0]) == 1
        assert "ValueError: not today" in reasons[0][0][1]


def _scans(events: Sequence[Event], name: str) -> list[tuple[Any, ...]]:
    return [
        (one.at, one.outcome, one.hits.symbols, dict(one.hits.metadata), one.error)
        for one in events
        if isinstance(one, ScanFinished) and one.scanner == name
    ]
