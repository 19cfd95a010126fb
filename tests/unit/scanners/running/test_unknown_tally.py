from __future__ import annotations

import numpy as np
import polars as pl

from symscan.scanners.running.unknown_tally import UnknownTally
from symscan.session.unknown_reasons import Reason, Reasons


def _reasons(*names: str) -> Reasons:
    return np.array([Reason[name.upper()] for name in names], np.int8)


def _entries(ledger: UnknownTally) -> list[tuple[str, str, int, int, int]]:
    found = ledger.entries()
    columns = (found.first_at.tolist(), found.last_at.tolist(), found.scans.tolist())
    return list(zip(found.symbols, found.reasons, *columns, strict=True))


def test_nothing_recorded_is_empty() -> None:
    ledger = UnknownTally()
    assert _entries(ledger) == []
    ledger.record(5, ("A",), _reasons("none"))
    ledger.record(6, (), _reasons())
    assert _entries(ledger) == []


def test_counts_by_symbol_and_reason() -> None:
    ledger = UnknownTally()
    symbols = ("B", "A", "C")
    ledger.record(10, symbols, _reasons("warming", "none", "not_in_store"))
    ledger.record(20, symbols, _reasons("none", "stale", "not_in_store"))
    ledger.record(30, symbols, _reasons("warming", "none", "not_in_store"))
    ledger.record(40, symbols, _reasons("stale", "none", "none"))
    assert _entries(ledger) == [
        ("A", "stale", 20, 20, 1),
        ("B", "stale", 40, 40, 1),
        ("B", "warming", 10, 30, 2),
        ("C", "not_in_store", 10, 30, 3),
    ]


def test_candidates_may_come_and_go() -> None:
    ledger = UnknownTally()
    ledger.record(10, ("A", "B"), _reasons("stale", "stale"))
    ledger.record(20, ("A", "B", "C"), _reasons("stale", "none", "warming"))
    ledger.record(30, ("C", "A"), _reasons("stale", "stale"))
    ledger.record(40, ("B",), _reasons("stale"))
    assert _entries(ledger) == [
        ("A", "stale", 10, 30, 3),
        ("B", "stale", 10, 40, 2),
        ("C", "stale", 30, 30, 1),
        ("C", "warming", 20, 20, 1),
    ]


def test_it_equals_a_group_by() -> None:
    """Two hundred scans of fifty symbols with random reasons, through polars."""
    rng = np.random.default_rng(3)
    symbols = tuple(f"S{number}" for number in range(50))
    ledger, told = UnknownTally(), []
    for at in range(1, 201):
        reasons = rng.integers(0, len(Reason), 50).astype(np.int8)
        ledger.record(at, symbols, reasons)
        told += [(symbol, Reason(code).text, at) for symbol, code in zip(symbols, reasons, strict=True)]
    expected = (
        pl.DataFrame(told, schema=["symbol", "reason", "at"], orient="row")
        .filter(pl.col("reason") != "none")
        .group_by("symbol", "reason")
        .agg(first=pl.col("at").min(), last=pl.col("at").max(), scans=pl.len())
        .sort("symbol", "reason")
    )
    assert _entries(ledger) == expected.rows()
