"""The logger ``symscan``: a line per step and scan where it is asked for, silence elsewhere."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from support.cli import DAY, call, scanner, write_bars, write_config

STORE = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
FAILING = """from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def scan(self, context):
        {}["a"] if context.current_time.minute == 40 else None
        return ScanResult([])
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": 0.2}, ["2026-01-14", DAY])
    assert call(capsys, "data", "import", "bars.csv", *STORE).code == 0
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\n")
    (tmp_path / "fails_once.py").write_text(FAILING)
    write_config(
        tmp_path, lambda whole, _: whole["session_data_config"]["scanners"].append(scanner("fails_once"))
    )
    return tmp_path


WAYS = {
    "run": ("run", "mine.json", "--store", "store", "--date", DAY, "--out", "out"),
    "live": (
        *("live", "mine.json", "--source", "replay", "--store", "store", "--date", DAY),
        *("--out", "out", "--speed", "max", "--quiet"),
    ),
    "scan": ("scan", "mine.json", "--scanner", "movers", "--store", "store", "--date", DAY, "--at", "10:00"),
}
STEPS = [
    "SessionPrepared: session 2026-01-15",
    "ScannerReady: scanner movers, universe 3",
    "scan of 'movers' (regular) ok: 0 hits, 0 new, 3 of 3 judged, ",
]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_every_step_and_scan_is_a_line(project: Path, capsys: pytest.CaptureFixture[str], way: str) -> None:
    ended = call(capsys, *WAYS[way], "--log-file", "x.log")
    assert ended.code == 0
    assert "INFO" not in ended.err
    lines = (project / "x.log").read_text().splitlines()
    for step in STEPS:
        assert any(step in line for line in lines), step
    if way != "scan":
        assert any(
            "WARNING 2026-01-15 09:40:00 scan of 'fails_once' (regular) failed: fails_" in x for x in lines
        )
        assert sum(" scan of 'movers'" in line for line in lines) == 12
        assert "SessionClosed: session 2026-01-15" in lines[-1]
        kept = (project / "out" / "journal.jsonl").read_bytes()
        assert call(capsys, *WAYS[way], "--force").code == 0
        assert (project / "out" / "journal.jsonl").read_bytes() == kept


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_parity_and_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, *WAYS["live"]).code == 0
    ended = call(capsys, "parity", "out", "-v")
    assert ended.code == 0
    assert "INFO 2026-01-15 09:35:00 scan of 'movers' (regular) ok: 0 hits" in ended.err
    assert "INFO" not in ended.out


@pytest.mark.usefixtures("project")
def test_it_is_quiet_by_default_and_leaves_nothing_behind(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert call(capsys, *WAYS["run"], "-v").err
    logger = logging.getLogger("symscan")
    assert ([type(one) for one in logger.handlers], logger.level) == ([logging.NullHandler], logging.NOTSET)
    assert call(capsys, *WAYS["run"], "--force").err == ""
    caplog.clear()
    with caplog.at_level(logging.INFO, "symscan"):  # as a script would configure it
        assert call(capsys, *WAYS["run"], "--force").err == ""
    assert sum("scan of 'movers'" in record.getMessage() for record in caplog.records) == 12


def test_an_error_ends_in_the_log_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "mine.json").write_text("{")
    ended = call(capsys, *WAYS["run"], "--log-file", "x.log")
    assert ended.code == 2
    (line,) = (project / "x.log").read_text().splitlines()
    assert "ERROR mine.json:1:2: not valid JSON" in line
    ended = call(capsys, *WAYS["run"], "--log-file", "no/x.log")
    assert (ended.code, ended.err) == (2, "error: --log-file no/x.log: No such file or directory\n")
