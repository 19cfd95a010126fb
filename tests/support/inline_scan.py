"""One scan, run at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.builders import FunctionScanner, make_session
from symscan.clock.time_manager import TimeManager
from symscan.model.events.session import ScanPhase
from symscan.scanners.execution.inline import InlineExecution
from symscan.scanners.jobs.job import JobResult
from symscan.scanners.running.job_factory import JobFactory
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.session.session_data import SessionData

SESSION = make_session()


def run_inline(on_scan: Callable[[Any], Any], timeout: float = 60.0, *, closes: bool = True) -> JobResult:
    managed = ManagedScanner("mine", FunctionScanner(on_scan=on_scan), DueTimes((), ()), timeout)
    data = SessionData(SESSION, ("A", "B"))
    data.add_candidates(managed.holder, ("A", "B"))
    maker = JobFactory(data, TimeManager(SESSION), "backtest", runs_concurrently=False)
    execution = InlineExecution()
    execution.submit(maker.scan(managed, ScanPhase.REGULAR, maker.data()))
    assert not execution.is_busy("mine")
    (finished,) = execution.collect()
    assert execution.collect() == []
    if closes:
        execution.close(0.0)
    return finished


def symbols_of(result: JobResult) -> Any:
    assert result.scan_result is not None
    return result.scan_result.symbols
