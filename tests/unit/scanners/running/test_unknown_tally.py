from __future__ import annotations

from itertools import groupby

import numpy as np

from symscan.model.events.session import ScanPhase
from symscan.scanners.running.unknown_tally import UnknownTally
from symscan.session.unknown_reasons import Reason, Reasons

REGULAR = ScanPhase.REGULAR


def _reasons(*names: str) -> Reasons:
    return np.array([Reason[name.upper()] for name in names], np.int8)


def _entries(ledger: UnknownTally) -> list[tuple[str, str, int, int, int]]:
    found = ledger.entries()
    columns = (found.first_at.tolist(), found.last_at.tolist(), found.scans.tolist())
    return list(zip(found.symbols, found.reasons, *columns, strict=True))


def test_nothing_recorded_is_empty() -> None:
    ledger = UnknownTally()
    assert _entries(ledger) == []
    ledger.record(5, REGULAR, ("A",), _reasons("none"))
    ledger.record(6, REGULAR, (), _reasons())
    assert _entries(ledger) == []


def test_stretches_by_symbol_and_time() -> None:
    ledger = UnknownTally()
    symbols = ("B", "A", "C")
    ledger.record(10, REGULAR, symbols, _reasons("warming", "none", "not_in_store"))
    ledger.record(20, REGULAR, symbols, _reasons("none", "stale", "not_in_store"))
    ledger.record(30, REGULAR, symbols, _reasons("warming", "none", "not_in_store"))
    ledger.record(40, REGULAR, symbols, _reasons("stale", "none", "none"))
    assert _entries(ledger) == [
        ("A", "stale", 20, 20, 1),
        ("B", "warming", 10, 10, 1),
        ("B", "warming", 30, 30, 1),
        ("B", "stale", 40, 40, 1),
        ("C", "not_in_store", 10, 30, 3),
    ]


def test_a_stretch_ends_with_the_scan_before_its_symbol_was_known() -> None:
    ledger = UnknownTally()
    ledger.record(10, REGULAR, ("A",), _reasons("stale"))
    ledger.record(20, REGULAR, ("A",), _reasons("stale"))
    ledger.record(30, REGULAR, ("A",), _reasons("none"))
    ledger.record(40, REGULAR, ("A",), _reasons("none"))
    ledger.record(50, REGULAR, ("A",), _reasons("stale"))
    assert _entries(ledger) == [("A", "stale", 10, 20, 2), ("A", "stale", 50, 50, 1)]


def test_a_stretch_ends_with_its_phase() -> None:
    """Of two phases at one instant, too: the open has both, and so has the close."""
    ledger = UnknownTally()
    ledger.record(10, ScanPhase.PRE_SESSION, ("A", "B"), _reasons("warming", "stale"))
    ledger.record(10, ScanPhase.REGULAR, ("A", "B"), _reasons("warming", "none"))
    ledger.record(20, ScanPhase.REGULAR, ("A", "B"), _reasons("warming", "none"))
    ledger.record(20, ScanPhase.AT_CLOSE, ("A", "B"), _reasons("warming", "stale"))
    found = ledger.entries()
    assert [(*one, phase) for one, phase in zip(_entries(ledger), found.phases, strict=True)] == [
        ("A", "warming", 10, 10, 1, "pre_session"),
        ("A", "warming", 10, 20, 2, "regular"),
        ("A", "warming", 20, 20, 1, "at_close"),
        ("B", "stale", 10, 10, 1, "pre_session"),
        ("B", "stale", 20, 20, 1, "at_close"),
    ]


def test_candidates_may_come_and_go() -> None:
    ledger = UnknownTally()
    ledger.record(10, REGULAR, ("A", "B"), _reasons("stale", "stale"))
    ledger.record(20, REGULAR, ("A", "B", "C"), _reasons("stale", "none", "warming"))
    ledger.record(30, REGULAR, ("C", "A"), _reasons("stale", "stale"))
    ledger.record(40, REGULAR, ("B",), _reasons("stale"))
    assert _entries(ledger) == [
        ("A", "stale", 10, 30, 3),
        ("B", "stale", 10, 10, 1),
        ("B", "stale", 40, 40, 1),
        ("C", "warming", 20, 20, 1),
        ("C", "stale", 30, 30, 1),
    ]


def test_it_equals_a_run_length_encoding() -> None:
    """Two hundred scans of fifty symbols with random reasons, symbol by symbol with itertools."""
    rng = np.random.default_rng(3)
    symbols = tuple(f"S{number}" for number in range(50))
    ledger, told = UnknownTally(), dict[str, list[Reason]]()
    for at in range(1, 201):
        reasons = rng.choice([0, 0, 0, 5, 6, 7], 50).astype(np.int8)
        ledger.record(at, REGULAR, symbols, reasons)
        for symbol, code in zip(symbols, reasons.tolist(), strict=True):
            told.setdefault(symbol, []).append(Reason(code))
    expected = []
    for symbol in sorted(told):
        at = 1
        for reason, run in groupby(told[symbol]):
            length = len(list(run))
            if reason is not Reason.NONE:
                expected.append((symbol, reason.text, at, at + length - 1, length))
            at += length
    assert _entries(ledger) == expected
