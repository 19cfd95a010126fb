from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from support.builders import MINUTE, FunctionScanner, make_session
from symscan.model.events.session import (
    Outcome,
    RequestRefused,
    ScanFinished,
    ScannerDone,
    SessionActivated,
    SessionClosed,
    SessionPrepared,
    SymbolAdded,
    SymbolsRemoved,
)
from symscan.scanners.base import ScanContext, ScanResult
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner

OPEN = make_session().open


def _managed(name: str, scanner: Any, regular: tuple[int, ...] = (), before: tuple[int, ...] = ()) -> Any:
    due = DueTimes(*(tuple(OPEN + one * MINUTE for one in minutes) for minutes in (before, regular)))
    return ManagedScanner(name, scanner, due)


def _finding(*symbols: str) -> Any:
    return lambda _: ScanResult(list(symbols))


def test_a_session_without_scanners(played: Any) -> None:
    session = played(config_symbols=("A",))
    session.coordinator.run()
    told = session.told
    assert [type(event) for event in told.events][:1] == [SessionPrepared]
    assert [event.symbols for event in told.of(SessionActivated)] == [("A",)]
    assert told.of(SessionActivated)[0].at == OPEN
    assert [event.members for event in told.of(SessionClosed)] == [("A",)]
    assert told.events[-1].at == session.coordinator.session.close


def test_a_scanner_sees_its_candidates_minute_by_minute(played: Any) -> None:
    seen: list[Any] = []

    def on_scan(context: ScanContext) -> ScanResult:
        view = context.session_data
        seen.append([view.symbols, *(view.column(name).tolist() for name in ("close", "previous_close"))])
        return ScanResult([])

    scanner = FunctionScanner(["A", "B", "C"], on_scan)
    played([_managed("mine", scanner, regular=(1, 8), before=(0,))]).coordinator.run()
    symbols, nan = ("A", "B", "C"), np.nan
    # A's last pre-market price, then what ended by the first and the eighth minute.
    np.testing.assert_equal(
        seen,
        [
            [symbols, [9, nan, nan], [109, 40, nan]],
            [symbols, [10, 50, nan], [109, 40, nan]],
            [symbols, [17, 51, nan], [109, 40, nan]],
        ],
    )


def test_what_a_scan_finds_joins(played: Any) -> None:
    scanner = FunctionScanner(["A", "B"], _finding("B", "Z"))
    session = played([_managed("mine", scanner, regular=(2, 4))])
    session.coordinator.run()
    added = session.told.of(SymbolAdded)
    assert [(event.symbol, event.holder, event.at) for event in added] == [
        ("B", "scanner:mine", OPEN + 2 * MINUTE)
    ]
    assert {event.request for event in session.told.of(RequestRefused)} == {"add_symbol Z"}
    assert session.told.of(SessionClosed)[0].members == ("B",)


def test_a_scan_at_the_close_admits_nobody(played: Any) -> None:
    session = played([_managed("mine", FunctionScanner(["A"], _finding("A")), regular=(10,))])
    session.coordinator.run()
    (scan,) = session.told.of(ScanFinished)
    assert (scan.outcome, scan.hits.symbols) == (Outcome.OK, ("A",))
    assert session.told.of(SymbolAdded) == []


def test_candidates_go_with_their_last_scanner_and_members_stay(played: Any) -> None:
    one = FunctionScanner(["A", "B"], _finding("A"))
    two = FunctionScanner(["B", "C"])
    session = played([_managed("one", one, regular=(2,)), _managed("two", two, regular=(5,))])
    session.coordinator.run()
    removed = [(event.at, event.symbols) for event in session.told.of(SymbolsRemoved)]
    assert removed == [(OPEN + 5 * MINUTE, ("B", "C"))]
    assert session.told.of(SessionClosed)[0].members == ("A",)


def test_scanners_are_torn_down_although_the_session_breaks(played: Any) -> None:
    scanner = FunctionScanner(["A"])
    session = played([_managed("mine", scanner, regular=(1, 9))])

    def stop() -> None:
        if session.coordinator.now == OPEN + 3 * MINUTE:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session.coordinator.run(stop)
    assert scanner.torn_down == 1
    assert len(session.told.of(ScannerDone)) == 1
    assert session.told.of(SessionClosed) == []


def test_a_scan_brings_in_a_symbol_beside_its_universe(played: Any) -> None:
    """It joins with the bars so far and can be read in the next scan."""
    seen: list[float] = []

    def on_scan(context: ScanContext) -> ScanResult:
        context.session_data.add_session_bars("B", "1m")
        seen.append(context.session_data.get_latest_price("B"))
        return ScanResult([])

    session = played([_managed("mine", FunctionScanner(["A"], on_scan), regular=(3, 4))])
    session.coordinator.run()
    np.testing.assert_equal(seen, [np.nan, 50])


def test_a_scanner_that_raises_changes_nothing_for_another(played: Any) -> None:
    def hits(*scanners: Any) -> list[Any]:
        session = played(scanners)
        session.coordinator.run()
        scans = [scan for scan in session.told.of(ScanFinished) if scan.scanner == "good"]
        return [(scan.at, scan.hits.symbols, scan.hits.price.tolist(), scan.unknown) for scan in scans]

    def good() -> Any:
        return _managed("good", FunctionScanner(["B", "A"], _finding("A")), regular=(1, 5, 9))

    bad = _managed("bad", FunctionScanner(["C", "A"], lambda _: 1 / 0), regular=(1, 5, 7))
    assert hits(bad, good()) == hits(good())
