from __future__ import annotations

import numpy as np

from support.builders import MINUTE, FunctionScanner, make_block, make_session
from symscan.clock.time_manager import TimeManager
from symscan.model.bar import BarSlice
from symscan.model.decisions.clauses import Code
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
        self.clauses: list[tuple[str, list[int], list[float] | None]] = []

    def wants_clauses(self, scanner: str) -> bool:
        return scanner == "mine"

    def on_judged(self, session: Session, verdicts: ScanVerdicts) -> None:
        assert session is SESSION
        change = [round(one, 6) for one in verdicts.column("change_pct").tolist()]
        scan = verdicts.scan
        for one in verdicts.clauses:
            values = None if one.values is None else one.values.tolist()
            self.clauses.append((one.name, one.codes().tolist(), values))
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


def test_a_scanner_that_judges_nothing_has_one_clause_and_what_it_had_to_read() -> None:
    (found, *read) = _played(lambda _: ScanResult(["A"])).clauses
    assert found == ("found", [Code.UNKNOWN, Code.TRUE, Code.FALSE], None)
    assert [name for name, _, _ in read] == ["close", "change_pct", "volume"]
    np.testing.assert_array_equal(read[0][2] or (), [np.nan, 11.0, 22.0])


def test_reasons_given_are_clauses_whether_or_not_the_result_bears_them() -> None:
    def judges(context: ScanContext) -> ScanResult:
        strong = context.judge("close", ">", 15.0)
        return ScanResult(np.array(context.session_data.symbols)[strong.true].tolist())

    assert _played(judges).clauses[0][:2] == ("close", [Code.UNKNOWN, Code.FALSE, Code.TRUE])


def test_a_scan_that_failed_has_none() -> None:
    def raises(_: ScanContext) -> ScanResult:
        raise LookupError

    assert _played(raises).got == []
