"""What every built-in scanner has to keep to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from support.builders import MINUTE
from support.harness import EARLIER, SESSION, MemorySession, rising
from symscan.model.events.session import Outcome, ScanFinished, ScannerReady
from symscan.runtime.building.plugins import SCANNERS, load_scanner
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.running.managed_scanner import DueTimes, ManagedScanner
from symscan.session.candidates import parse_column

SYMBOLS = ("UP", "DOWN", "FLAT", "QUIET", "GONE", "NEW")
SECTORS = ("Energy", "Energy", "Utilities", "Utilities", "Energy", "Utilities")
TODAY = {
    "UP": {-2: 220.0, **rising(230)},
    "DOWN": {-1: 90.0, **{minute: 80.0 - minute for minute in range(10)}},
    "FLAT": {-3: 50.0, **dict.fromkeys(range(10), 50.0)},
    "QUIET": {0: 20.0},
    "NEW": {2: 5.0, 3: 6.0},
}
BEFORE = {
    day.date: {
        "UP": rising(200 - age),
        "DOWN": rising(100 + age),
        "FLAT": dict.fromkeys(range(10), 50.0),
        "QUIET": {4: 19.0},
    }
    for age, day in enumerate(EARLIER[::-1])
}


class Watched(BaseScanner):
    """A scanner seen from outside: keeps what it returned, and scans everything twice."""

    def __init__(self, inner: BaseScanner) -> None:
        super().__init__(inner.config)
        self.inner = inner
        self.twice: list[tuple[ScanContext, ScanResult, ScanResult]] = []

    @property
    def universe(self) -> tuple[str, ...]:
        return self.inner.universe

    def setup(self, context: ScanContext) -> bool:
        return self.inner.setup(context)

    def scan(self, context: ScanContext) -> ScanResult:
        first, second = self.inner.scan(context), self.inner.scan(context)
        self.twice.append((context, first, second))
        return first

    def teardown(self, context: ScanContext) -> None:
        self.inner.teardown(context)


@pytest.fixture
def universe(tmp_path: Path) -> str:
    file = tmp_path / "six.csv"
    lines = [f"{symbol},{sector}" for symbol, sector in zip(SYMBOLS, SECTORS, strict=True)]
    file.write_text("\n".join(["symbol,sector", *lines]))
    return str(file)


def _load(name: str, universe: str, **config: Any) -> BaseScanner:
    return load_scanner(name, name, {"universe": universe, **config}, [])


def _play(scanner: BaseScanner, **market: Any) -> tuple[Watched, MemorySession]:
    scanner.check()
    watched = Watched(scanner)
    opens = SESSION.open
    due = DueTimes((opens,), tuple(range(opens + MINUTE, SESSION.close + 1, MINUTE)))
    session = MemorySession(
        [ManagedScanner("it", watched, due)], **{"today": TODAY, "earlier": BEFORE, **market}
    )
    session.coordinator.run()
    return watched, session


builtin = pytest.mark.parametrize("name", SCANNERS.builtin_names())


@builtin
def test_every_parameter_has_a_default_bounds_and_a_word_on_it(name: str, universe: str) -> None:
    params = _load(name, universe).params
    assert params is not None
    assert params() == params.model_validate({})
    assert all(field.description for field in params.model_fields.values())
    assert "universe" in params.model_fields
    with pytest.raises(ValidationError):
        params.model_validate({"no_such_parameter": 1})


@builtin
def test_all_it_reads_is_known_before_the_run(name: str, universe: str) -> None:
    scanner = _load(name, universe)
    scanner.check()
    assert scanner.universe == SYMBOLS
    assert scanner.reads
    for column in scanner.reads:
        parse_column(column)


@builtin
def test_it_asks_for_what_it_reads_and_for_nothing_else(name: str, universe: str) -> None:
    scanner = _load(name, universe)
    watched, session = _play(scanner)
    (ready,) = session.told.of(ScannerReady)
    read = {column.spec.key for one in scanner.reads or () if (column := parse_column(one)).spec is not None}
    assert read <= set(ready.indicators)
    assert watched.inner is scanner


@builtin
def test_every_scan_keeps_the_contract(name: str, universe: str) -> None:
    watched, session = _play(_load(name, universe))
    scans = session.told.of(ScanFinished)
    assert [scan.outcome for scan in scans] == [Outcome.OK] * 11, scans[0].error
    for context, result, _ in watched.twice:
        assert set(result.symbols) <= set(SYMBOLS)
        assert len(set(result.symbols)) == len(result.symbols)
        assert result.unknown is not None
        unknown = dict(zip(context.session_data.symbols, result.unknown.tolist(), strict=True))
        assert not any(unknown[symbol] for symbol in result.symbols)
        assert unknown["GONE"]
        metadata = dict(result.metadata or {})
        assert set(metadata) == set(result.symbols)
        json.dumps(metadata, allow_nan=False, default=str)
    for scan in scans:
        assert (scan.universe, scan.judged + scan.unknown) == (6, 6)


@builtin
def test_a_scan_depends_on_nothing_but_the_session(name: str, universe: str) -> None:
    """Neither on having scanned just now, nor on another instance, nor on who else is scanning."""
    watched, _ = _play(_load(name, universe))
    again, _ = _play(_load(name, universe))
    for (_, first, second), (_, other, _) in zip(watched.twice, again.twice, strict=True):
        for twin in (second, other):
            assert tuple(first.symbols) == tuple(twin.symbols)
            assert dict(first.metadata or {}) == dict(twin.metadata or {})
            np.testing.assert_array_equal(first.unknown, twin.unknown)


@builtin
def test_where_nothing_trades_nothing_is_found(name: str, universe: str) -> None:
    watched, session = _play(_load(name, universe), today={}, earlier={})
    for scan in session.told.of(ScanFinished):
        assert (scan.outcome, scan.hits.symbols, scan.unknown) == (Outcome.OK, (), 6), scan.error
    assert len(watched.twice) == 11


@builtin
def test_what_is_to_come_changes_nothing(name: str, universe: str) -> None:
    """Without the bars after the fifth minute, the scans up to it find the same."""
    cut = {symbol: {at: bar for at, bar in day.items() if at < 5} for symbol, day in TODAY.items()}
    whole, past = (_play(_load(name, universe), today=today)[0] for today in (TODAY, cut))
    for (context, first, _), (_, second, _) in zip(whole.twice[:6], past.twice[:6], strict=True):
        assert tuple(first.symbols) == tuple(second.symbols), context.current_time
        np.testing.assert_array_equal(first.unknown, second.unknown)
