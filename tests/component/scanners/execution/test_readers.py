"""Scanners that read others: in which order they run, for whom they wait, and what their events say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from support.builders import MINUTE, FunctionScanner, make_session
from support.waiting import LIMIT
from symscan.clock.time_manager import TimeManager
from symscan.model.events.session import Outcome, ScanFinished, ScanPhase
from symscan.model.instant import Instant
from symscan.scanners.base import ScanContext, ScanResult
from symscan.scanners.execution.threads import ThreadedExecution
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner, in_reading_order
from symscan.scanners.running.manager import ScannerManager
from symscan.session.session_data import SessionData

SESSION = make_session(minutes=10)
SYMBOLS = ("A", "B", "C")
SHORT = 0.02


def instants(*minutes: int) -> tuple[Instant, ...]:
    return tuple(SESSION.open + minute * MINUTE for minute in minutes)


def managed(name: str, scan: Callable[[Any], Any], *reads: str) -> ManagedScanner:
    due = DueTimes((), instants(1, 2, 3))
    return ManagedScanner(name, FunctionScanner(SYMBOLS, on_scan=scan), due, LIMIT, reads=reads)


def seen(context: ScanContext) -> list[tuple[int, tuple[str, ...]]]:
    scans = context.past_scans["found"].scans
    return [((one.at - SESSION.open) // MINUTE, one.hits) for one in scans]


def test_who_reads_comes_after_whom_it_reads() -> None:
    scanners = [
        managed("last", lambda _: ScanResult([]), "middle"),
        managed("other", lambda _: ScanResult([])),
        managed("middle", lambda _: ScanResult([]), "first"),
        managed("first", lambda _: ScanResult([])),
    ]
    assert [one.name for one in in_reading_order(scanners)] == ["first", "middle", "last", "other"]


def test_a_reader_sees_the_scan_of_its_own_instant() -> None:
    read: list[Any] = []

    def fail_in_the_second(context: ScanContext) -> ScanResult:
        minute = (context.time_manager.now - SESSION.open) // MINUTE
        return ScanResult([]) if minute == 1 else ScanResult(["A"], error="no" if minute == 2 else None)

    def read_all(context: ScanContext) -> ScanResult:
        read.append(seen(context))
        return ScanResult([])

    data, time = SessionData(SESSION, SYMBOLS), TimeManager(SESSION)
    manager = ScannerManager(
        [managed("reads", read_all, "found"), managed("found", fail_in_the_second)], data, time
    )
    manager.setup_all()
    notes: list[str | None] = []
    for end in instants(1, 2, 3):
        time.advance_to(end)
        data.advance_to(end)
        notes += [one.note for one in manager.run_due(ScanPhase.REGULAR) if one.scanner == "reads"]
    assert read == [[(1, ())], [(1, ())], [(1, ()), (3, ("A",))]]
    assert notes == [
        None,
        "the scan of 'found' at this instant was not ok (failed); that of 09:31 counts",
        None,
    ]


class Beside:
    """A manager whose scans run on threads."""

    def __init__(self, *scanners: ManagedScanner) -> None:
        self.data, self.time = SessionData(SESSION, SYMBOLS), TimeManager(SESSION)
        self.manager = ScannerManager(scanners, self.data, self.time, "live", ThreadedExecution(lambda: None))
        self.manager.setup_all()

    def play(self, minute: int) -> list[ScanFinished]:
        (end,) = instants(minute)
        self.time.advance_to(end)
        self.data.advance_to(end)
        return list(self.manager.run_due(ScanPhase.REGULAR))

    def come_in(self) -> list[ScanFinished]:
        return [one for one in self.manager.finish(LIMIT) if isinstance(one, ScanFinished)]


def test_a_reader_waits_beside_the_stream_without_being_charged_for_it() -> None:
    may_go_on = threading.Event()
    read: list[Any] = []

    def hold(_: ScanContext) -> ScanResult:
        assert may_go_on.wait(LIMIT)
        return ScanResult(["B"])

    def read_all(context: ScanContext) -> ScanResult:
        read.append((context.time_manager.now, seen(context)))
        return ScanResult(["A"])

    found, reads = managed("found", hold), managed("reads", read_all, "found")
    beside = Beside(reads, found)
    assert beside.play(1) == []
    assert beside.manager.is_busy
    skipped = {one.scanner: one.error for one in beside.play(2)}
    assert skipped == dict.fromkeys(("reads", "found"), "its scan of 09:31 (exchange time) is still running")
    may_go_on.set()
    ended = beside.come_in()
    assert [(one.scanner, one.outcome, one.note) for one in ended] == [
        ("found", Outcome.OK, None),
        ("reads", Outcome.OK, None),
    ]
    assert read == [(SESSION.open + MINUTE, [(1, ("B",))])]  # pinned to the instant it was due at
    beside.manager.teardown_all(LIMIT)


def test_a_reader_goes_on_without_a_scan_that_takes_too_long() -> None:
    may_go_on = threading.Event()

    def hold(_: ScanContext) -> ScanResult:
        assert may_go_on.wait(LIMIT)
        return ScanResult(["B"])

    beside = Beside(
        managed("reads", lambda context: ScanResult(["A"] if not seen(context) else []), "found"),
        found := managed("found", hold),
    )
    found.timeout_seconds = SHORT  # of what hangs alone, not of its setup
    beside.play(1)
    ended = beside.come_in()
    assert [(one.scanner, one.outcome, one.note) for one in ended] == [
        ("found", Outcome.TIMED_OUT, None),
        ("reads", Outcome.OK, "the scan of 'found' at this instant was not ok (timed_out); none counts"),
    ]
    may_go_on.set()
    beside.manager.teardown_all(LIMIT)


def test_a_session_that_ends_does_not_wait_for_a_reader_that_waits() -> None:
    may_go_on = threading.Event()

    def hold(_: ScanContext) -> ScanResult:
        assert may_go_on.wait(LIMIT)
        return ScanResult(["B"])

    beside = Beside(managed("reads", lambda _: ScanResult(["A"]), "found"), managed("found", hold))
    beside.play(1)
    events = beside.manager.teardown_all(0.0, waits_for_scans=False)
    ended = {one.scanner: one.outcome for one in events if isinstance(one, ScanFinished)}
    assert ended == dict.fromkeys(("reads", "found"), Outcome.TIMED_OUT)
    may_go_on.set()
