"""The market's clock went on by seven minutes while no process ran: they are fetched, and their scans run."""

from __future__ import annotations

from support.builders import FunctionScanner
from support.gated_session import SESSION, GatedSession, at
from symscan.model.events.session import ScanFinished
from symscan.model.instant import MINUTE
from symscan.scanners.base import ScanContext, ScanResult
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner

MISSED = 7


def test_missed_minutes_are_made_up_for_with_their_scans() -> None:
    day = {"T": {minute: 10.0 + minute for minute in range(SESSION.minutes)}}
    seen: list[float] = []

    def look(context: ScanContext) -> ScanResult:
        seen.append(context.session_data.get_latest_price("T"))
        return ScanResult(["T"])

    due = tuple(SESSION.open + minute * MINUTE for minute in range(1, MISSED + 2))
    scanner = ManagedScanner("looks", FunctionScanner(["T"], look), DueTimes((), due))
    session = GatedSession([], day, scanners=[scanner], start=at(MISSED * 60 + 1.0)).play()
    ends = [one.end for one in session.slices if one.is_recovered]
    assert ends[-MISSED:] == [SESSION.open + minute * MINUTE for minute in range(1, MISSED + 1)]
    scans = session.told.of(ScanFinished)
    assert [(scan.at, str(scan.outcome)) for scan in scans] == [(instant, "ok") for instant in due]
    assert seen[:MISSED] == [10.0 + minute for minute in range(MISSED)]
