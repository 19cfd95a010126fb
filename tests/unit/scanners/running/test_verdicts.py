from __future__ import annotations

import numpy as np

from support.builders import MINUTE, FunctionScanner, make_block, make_session
from symscan.clock.time_manager import TimeManager
from symscan.model.bar import BarSlice
from symscan.model.events.session import ScanPhase
from symscan.model.session import Session
from symscan.runtime.processor import DataProcessor
from symscan.scanners.base import ScanContext, ScanResult
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.scanners.running.manager import ScannerManager
from symscan.scanners.running.verdicts import ScanVerdicts, Verdict
from symscan.session.requests import AddBars
from symscan.session.session_data import SessionData

SESSION = make_session(minutes=10)
AT = SESSION.open + MINUTE


class Judged:
    """Keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[str, int, tuple[str, ...], list[int], list[float]]] = []

    def on_judged(self, session: Session, verdicts: ScanVerdicts) -> None:
        assert session is SESSION
        change = [round(one, 6) for one in verdicts.column("change_pct").tolist()]
        scan = verdicts.scan
        self.got.append(
            (scan.scanner, scan.at, tuple(verdicts.candidates), verdicts.verdict.tolist(), change)
        )


def _played(on_scan: object) -> Judged:
    judged, data, time = Judged(), SessionData(SESSION, ("A", "B", "C", "D")), TimeManager(SESSION)
    data.in_store[:4] = True
    data.readings.previous_close[:4] = [10.0, 20.0, 30.0, 40.0]
    managed = ManagedScanner("mine", FunctionScanner(["C", "A", "B"], on_scan), DueTimes((), (AT,)))
    manager = ScannerManager([managed], data, time, verdicts=judged)
    manager.setup_all()
    for request in manager.requests():
        assert isinstance(request, AddBars)
        data.add_candidates(request.holder, request.symbols)
    time.advance_to(AT)
    prices = [11.0, 22.0, None, 44.0, *[None] * (data.capacity - 4)]
    DataProcessor(data).process(BarSlice(AT, make_block(AT, *prices)))
    list(manager.run_due(ScanPhase.REGULAR))
    return judged


def test_every_candidate_of_a_scan_has_a_verdict() -> None:
    def finds(_: ScanContext) -> ScanResult:
        return ScanResult(["D", "A"])  # D is no candidate

    ((scanner, at, candidates, verdict, change),) = _played(finds).got
    assert (scanner, at, candidates) == ("mine", AT, ("C", "A", "B"))
    assert verdict == [Verdict.UNKNOWN, Verdict.HIT, Verdict.NO]
    np.testing.assert_array_equal(change, [np.nan, 10.0, 10.0])


def test_a_scan_that_failed_has_none() -> None:
    def raises(_: ScanContext) -> ScanResult:
        raise LookupError

    assert _played(raises).got == []
