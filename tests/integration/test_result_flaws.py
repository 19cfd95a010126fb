"""Results that contradict the store: an error of the scan, or a warning that counts, the same everywhere."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from support.cli import DAY, Ended, call, scanner, write_bars, write_config

STORE = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
SCANNER = """from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._load_universe()
        return True

    def scan(self, context):
        return ScanResult({symbols}, {metadata})
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "OUT": 0.2}, [DAY])
    assert call(capsys, "data", "import", "bars.csv", *STORE).code == 0
    (tmp_path / "three.txt").write_text("# as_of: 2026-01-01\nAAA\nBBB\n")
    write_config(
        tmp_path,
        lambda whole, _: whole["session_data_config"].update(scanners=[scanner("mine_too")], symbols=["AAA"]),
    )
    return tmp_path


def _finds(project: Path, symbols: list[str], metadata: object) -> None:
    text = SCANNER.format(symbols=symbols, metadata=metadata)
    (project / "mine_too.py").write_text(text)


WAYS = {
    "run": ("run", "mine.json", "--out", "out"),
    "live": ("live", "mine.json", "--source", "replay", "--speed", "max", "--out", "out"),
    "scan": ("scan", "mine_too", "--at", "09:40", "--universe", "three.txt"),
}


def _played(capsys: pytest.CaptureFixture[str], way: str) -> Ended:
    return call(capsys, *WAYS[way], "--store", "store", "--date", DAY)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("symbols", "metadata", "error"),
    [
        (["BBB", "aaa"], None, "ScanResult.symbols holds 'aaa'; the symbol is 'AAA', case and all"),
        (["out "], None, "ScanResult.symbols holds 'out '; the symbol is 'OUT', case and all"),
        (["AAA"], {"AAA": 5}, "TypeError: ScanResult.metadata of 'AAA' is int; give a mapping"),
        (["AAA"], 5, "TypeError: ScanResult.metadata is int; give values by symbol"),
        (["AAA"], {"AAA": {"it": {1}}}, "'it' is a set; give text"),
    ],
)
def test_it_fails_its_scan(
    project: Path,
    capsys: pytest.CaptureFixture[str],
    way: str,
    symbols: list[str],
    metadata: object,
    error: str,
) -> None:
    _finds(project, symbols, metadata)
    ended = _played(capsys, way)
    assert ended.code == 1  # it fails at every scan
    assert error in " ".join((ended.out + ended.err).split())
    if way != "scan":
        with (project / "out" / "scans.csv").open(newline="") as file:
            assert {row["outcome"] for row in csv.DictReader(file)} == {"failed"}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_a_warning_that_counts(project: Path, capsys: pytest.CaptureFixture[str], way: str) -> None:
    _finds(project, ["AAA", "GONE", "OUT", "LEFT"], {"AAA": {"x": 1}, "BBB": {"x": 2}, "total": 7})
    ended = _played(capsys, way)
    assert ended.code == 0, ended.err
    scans = "1 scan" if way == "scan" else "12 scans"
    said = ended.out.splitlines()
    lacking = f"returned 2 symbols that the store has no bars of, at {scans}: GONE, LEFT"
    stray = f"gave metadata of symbols it did not return, at {scans}: BBB, total; it is not kept"
    assert f"warning: scanner 'mine_too' {lacking}" in said
    assert f"warning: scanner 'mine_too' {stray}" in said
    if way == "live":
        assert ended.err.count("symbols that the store has no bars of, at 1 scan: GONE, LEFT") == 1
    if way != "scan":
        summary = json.loads((project / "out" / "summary.json").read_text())
        assert summary["warnings"] == [f"scanner 'mine_too' {lacking}", f"scanner 'mine_too' {stray}"]


@pytest.mark.parametrize("way", WAYS)
def test_a_scanner_without_symbols_is_warned_of(
    project: Path, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    """Forgotten in setup, the universe is empty, and so is every frame."""
    _finds(project, [], None)
    path = project / "mine_too.py"
    path.write_text(path.read_text().replace("self._load_universe()", "pass"))
    ended = _played(capsys, way)
    assert ended.code == 0
    assert "warning: scanner 'mine_too' had no symbols to judge, at " in ended.out + ended.err
