"""What a run says at its end: tables that fit 80 columns, cautions, and the demo's story."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from support.cli import DAY, call, scanner, started, write_bars, write_config
from support.waiting import LIMIT
from symscan.cli.output import run_report as report

STORE = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
RUN = ("run", "mine.json", "--store", "store", "--date", DAY)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, ["2026-01-14", DAY])
    assert call(capsys, "data", "import", "bars.csv", *STORE).code == 0
    (tmp_path / "three.txt").write_text("# as_of: 2026-01-01\nAAA\nBBB\nCCC\nDDD\n")
    write_config(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_a_run_says_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, *RUN)
    assert ended.err == ""
    lines = [line.rstrip() for line in ended.out.splitlines() if line.strip()]
    assert lines[0] == f"mine: 1 session, {DAY}"
    # AAA closed at 106.00 the day before and opens at 100: never 1% up. Nor is BBB.
    # CCC closed at 94.00 and is 1% up until 10:20.
    assert lines[3].split() == ["movers", "12", "0", "0", "36", "12", "10", "1"]
    assert "unknown to movers: not_in_store 12" in lines
    first_hit = lines.index("movers: first new hits") + 3
    assert lines[first_hit].split() == ["09:35", "CCC", "99.50", "+5.85", "5,010"]
    assert lines[-3:] == [
        f"results in runs/mine-{DAY}",
        f"every stay on a list: runs/mine-{DAY}/episodes.csv",
        f"in Python: symscan.open_run('runs/mine-{DAY}')",
    ]


def test_a_range_names_its_days(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, *RUN[:4], "--start", "2026-01-14", "--end", "2026-01-20", "--out", "out")
    assert ended.out.startswith("mine: 2 sessions, 2026-01-14 to 2026-01-15\n")
    assert "2026-01-15 09:35" in ended.out
    assert "warning: the store has no intraday bars of 2 of 4 sessions: 2026-01-16, 2026-01-20\n" in ended.out
    summary = json.loads((project / "out" / "summary.json").read_text())
    assert summary["warnings"] == [
        "the store has no intraday bars of 2 of 4 sessions: 2026-01-16, 2026-01-20",
        "only 3 of the 4 symbols in the universe of 'movers' have intraday bars on any of the 2 sessions "
        "from 2026-01-14 to 2026-01-15; of 1 the store has no bars at all",
    ]


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("AAA\n", "the universe 'three' of 'movers' is undated: if the list was made after the session of"),
        ("# as_of: 2026-01-16\nAAA\n", "the universe of 'movers' is of 2026-01-16, after the session of"),
        (f"# as_of: {DAY}\nAAA\n", None),
    ],
)
def test_lists_that_may_lack_who_has_left_are_warned_of(
    project: Path, capsys: pytest.CaptureFixture[str], text: str, warned: str | None
) -> None:
    (project / "three.txt").write_text(text)
    for said in (call(capsys, *RUN).out, call(capsys, "explain", *RUN[1:]).out):
        assert ("survivorship bias" in said) == (warned is not None)
        assert warned is None or f"warning: {warned} {DAY}" in said


def test_who_is_in_the_store_but_not_on_that_date_is_warned_of(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bars(project / "old.csv", {"DDD": 0.1, "OLD": 0.1}, ["2026-01-13"])
    assert call(capsys, "data", "import", "old.csv", *STORE).code == 0
    (project / "three.txt").write_text("AAA\nBBB\nCCC\nDDD\nEEE\n")
    write_config(project, lambda whole, _: whole["session_data_config"].update(symbols=["AAA", "OLD"]))
    said = call(capsys, *RUN).out
    assert f"warning: the store has no intraday bars of the configured OLD on {DAY}\n" in said
    assert (
        f"warning: only 3 of the 5 symbols in the universe of 'movers' have intraday bars on {DAY}; of 1 "
        "the store has no bars at all\n"
    ) in said
    rows = call(capsys, "explain", "mine.json", "--store", "store", "--date", DAY).out
    assert "5 symbols, 4 in the store, 3 with bars of that date" in " ".join(rows.split())


@pytest.mark.parametrize(
    ("window", "warning"),
    [
        ({"start": "17:00", "end": "18:00"}, "its windows lie outside the session"),
        ({"days_of_week": ["Mon"]}, "none of its days of the week is played"),
    ],
)
def test_a_scanner_that_is_never_due_is_warned_of(
    project: Path, capsys: pytest.CaptureFixture[str], window: dict[str, str], warning: str
) -> None:
    write_config(project, lambda _, screen: screen["regular_session"][0].update(window))
    ended = call(capsys, *RUN)
    assert ended.code == 0
    assert "warning: scanner 'movers' is never due" in ended.out
    assert warning in ended.out


def test_no_scanner_at_all_is_warned_of(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(project, lambda _, screen: screen.update(enabled=False))
    assert "warning: no scanner is enabled: nothing will be found\n" in call(capsys, *RUN).out


def test_long_and_many_errors_do_not_bury_the_rest(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (
        "from symscan import BaseScanner\nclass Scanner(BaseScanner):\n    def scan(self, context):\n"
        "        raise ValueError(f'{context.current_time:%H:%M}' + '\\n x' * 500)\n"
    )
    (project / "loud.py").write_text(source)
    write_config(project, lambda whole, _: whole["session_data_config"]["scanners"].append(scanner("loud")))
    lines = [line for line in call(capsys, *RUN).out.splitlines() if line.startswith("loud: loud.py:4: ")]
    assert [line.split("ValueError: ")[1][:5] for line in lines] == ["09:35", "09:40", "09:45"]
    assert all(len(line) < 400 for line in lines)


def test_every_table_fits_80_columns(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "report_console", lambda: Console(width=80, highlight=False))
    scanners = [
        {**scanner("scanners.gap_scanner", name=name), "pre_session": True}
        for name in ("opening_range_breakout", "a_name_that_is_really_much_longer_than_anyone_would_like")
    ]
    write_config(project, lambda whole, _: whole["session_data_config"]["scanners"].extend(scanners))
    ended = call(capsys, *RUN)
    tables = [line for line in ended.out.splitlines() if not line.startswith(("unknown to", "warning"))]
    assert max(map(len, tables)) <= 80
    assert "opening_range_breakout " in ended.out
    assert "…" not in ended.out


@pytest.mark.slow
def test_the_demo_tells_its_story(tmp_path: Path) -> None:
    process = started(tmp_path, "demo", "--symbols", "60", "--seed", "3")
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, err) == (0, "")
    assert "demo (generated market): 1 session, 2026-01-15" in out
    story = out[out.index("what the generator put into this market") :]
    for kind in ("on news", "times its volume", "stops trading", "without any history", "gains 1.8%"):
        assert kind in story
    assert "gap_scanner at 09:30" in story
    assert "unknown (stale)" in story
    assert "Every symbol, price and volume above is generated." in story
    assert "look at it     demo/run/report.html is a page to open in a browser" in story
    assert "GEN" in (tmp_path / "demo/run/report.html").read_text()
    line = next(line for line in story.splitlines() if " run demo/demo.json" in line)
    again = started(tmp_path, *line.split()[1:])
    _, err = again.communicate(timeout=LIMIT)
    assert (again.returncode, err) == (0, "")
    name = Path("hits", f"{DAY}.parquet")
    again_hits, hits = (tmp_path / run / name for run in (f"runs/demo-{DAY}", "demo/run"))
    assert again_hits.read_bytes() == hits.read_bytes()
