"""``symscan runs``, ``export``, ``diff`` and ``report``: what users do with runs afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cli import DAY, call, write_bars, write_config

STORE = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
RUN = ("run", "mine.json", "--store", "store", "--date", DAY)
FOLDER = f"runs/mine-{DAY}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, ["2026-01-14", DAY])
    assert call(capsys, "data", "import", "bars.csv", *STORE).code == 0
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\nDDD\n")
    write_config(tmp_path)
    assert call(capsys, *RUN).code == 0
    return tmp_path


@pytest.mark.usefixtures("project")
def test_runs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("runs/broken").mkdir()
    Path("runs/broken/summary.json").write_text("[]")
    ended = call(capsys, "runs")
    assert (ended.code, ended.err) == (0, "")
    rows = [line.split() for line in ended.out.splitlines() if line.startswith((" mine", " broken"))]
    run_id = json.loads(Path(FOLDER, "run.json").read_text())["run_id"]
    assert rows == [["broken", "broken"], [f"mine-{DAY}", DAY, "complete", "movers", "10", "1", run_id]]
    assert "runs/broken: " in ended.out
    listed = json.loads(call(capsys, "runs", "--json").out)
    assert [one["status"] for one in listed] == ["broken", "complete"]
    assert call(capsys, "runs", "store").out == (
        "no runs in store; 'symscan run' writes them, 'symscan demo' makes a first one\n"
    )
    assert call(capsys, "runs", "nowhere").code == 2


@pytest.mark.usefixtures("project")
def test_hits_are_exported_as_the_run_would_have_written_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, *RUN, "--csv", "--out", "again").code == 0
    ended = call(capsys, "export", FOLDER)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == Path("again/hits.csv").read_text()
    assert call(capsys, "export", FOLDER, "--out", "hits.csv").out == "hits.csv\n"
    assert Path("hits.csv").read_bytes() == Path("again/hits.csv").read_bytes()


def test_last_nights_list_is_tomorrows_universe(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_config(project, lambda _, screen: screen.update(where="close < 100"))
    assert call(capsys, *RUN[:-1], "2026-01-14", "--out", "night").code == 0
    ended = call(capsys, "export", "night", "--format", "universe", "--for", "1d", "--out", "tonight.txt")
    assert (ended.code, ended.err) == (0, "")
    lines = (project / "tonight.txt").read_text().splitlines()
    assert (lines[0], lines[2], lines[3:]) == (
        "# as_of: 2026-01-14",
        f"# for: {DAY} to {DAY} (1 sessions)",
        ["CCC"],
    )
    write_config(project, lambda _, screen: screen.update(universe="./tonight.txt", where="close > 0"))
    assert call(capsys, *RUN, "--out", "day").code == 0
    hits = call(capsys, "export", "day").out.splitlines()[1:]
    assert {line.split(",")[5] for line in hits} == {"CCC"}


def test_two_runs_are_compared(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    same = call(capsys, "diff", FOLDER, FOLDER)
    assert (same.code, same.out.splitlines()[-1]) == (0, "they do not differ")
    write_config(project, lambda _, screen: screen.update(where="change_pct > 2"))
    assert call(capsys, *RUN, "--out", "other").code == 0
    ended = call(capsys, "diff", FOLDER, "other")
    assert (ended.code, ended.err) == (1, "")
    assert 'configuration: scanners.movers.screen.where: A "change_pct > 1", B "change_pct > 2"' in ended.out
    # CCC is 1% up from 09:35 to 10:20, and 2% up from 09:35 to 10:10.
    (row,) = [line.split() for line in ended.out.splitlines() if line.startswith(" movers")]
    assert row[:7] == ["movers", "8", "0", "2", "0", "CCC", "at"]
    found = json.loads(call(capsys, "diff", FOLDER, "other", "--json").out)
    assert found["hits"]["movers"]["only_a"] == 2
    assert found["hits"]["movers"]["earliest"]["which"] == "only_a"


@pytest.mark.parametrize("command", ["export", "diff"])
@pytest.mark.usefixtures("project")
def test_what_is_no_run_is_one_error(capsys: pytest.CaptureFixture[str], command: str) -> None:
    more = [FOLDER] if command == "diff" else []
    ended = call(capsys, command, "store", *more)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: store: it is not the folder of a run (it has no run.json); give one that 'symscan run' or "
        "'symscan live' wrote\n"
    )
    hits = Path(FOLDER, "hits", f"{DAY}.parquet")
    hits.write_bytes(hits.read_bytes()[:-8])
    ended = call(capsys, command, FOLDER, *more)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {hits}: the file is damaged (")
    assert ended.err.count("\n") == 1


@pytest.mark.usefixtures("project")
def test_parquet_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "export", FOLDER, "--format", "parquet")
    assert (ended.code, ended.err) == (2, "error: Parquet is no text; give --out FILE\n")


@pytest.mark.usefixtures("project")
def test_a_report_is_written_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "report", FOLDER)
    assert (ended.code, ended.out, ended.err) == (0, f"{FOLDER}/report.html\n", "")
    content = Path(FOLDER, "report.html").read_text()
    # CCC, the one that is found, closed at 94.00 the day before and is at 99.50 at 09:35.
    (stay,) = json.loads(call(capsys, "report", FOLDER, "--json").out)["best"]["stays"]
    assert (stay["symbol"], stay["price"], stay["entered_local"]) == ("CCC", 99.5, "09:35")
    assert stay["candles"]["at"] == list(range(0, 60, 5))
    assert stay["candles"]["opens_at"] == 9 * 60 + 30
    assert 'class="s"' in content
    assert "change_pct &gt; 1" in content
    assert call(capsys, "report", FOLDER, "--out", "page.html", "--top", "0").out == "page.html\n"
    assert call(capsys, *RUN, "--force").code == 0  # the page is no stranger in the folder
    assert not Path(FOLDER, "report.html").exists()


@pytest.mark.usefixtures("project")
def test_a_report_without_its_store_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Path("store").rename("elsewhere")
    assert call(capsys, "report", FOLDER).code == 0
    assert "Without candles: the store was not found" in Path(FOLDER, "report.html").read_text()
    assert call(capsys, "report", FOLDER, "--store", "elsewhere").code == 0
    assert "Without candles" not in Path(FOLDER, "report.html").read_text()


def test_a_store_that_has_changed_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bars(project / "more.csv", {"OTHER": 0.2}, [DAY])
    assert call(capsys, "data", "import", "more.csv", *STORE).code == 0
    ended = call(capsys, "report", FOLDER)
    assert (ended.code, ended.out) == (2, "")
    assert f"the store has changed since the run in {FOLDER}: the bars 1m/{DAY} are others" in ended.err
    assert ended.err.count("\n") == 1
    assert not Path(FOLDER, "report.html").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sessions", "tomorrow"], "--sessions 'tomorrow' is no range; write 2018-02-20:2018-02-23"),
        (["--sessions", ":"], "--sessions ':' is no range"),
        (["--sessions", f"{DAY}:2026-01-01"], "ends before it begins; swap the dates"),
        (["--sessions", "2026-02-01:"], f"the run has no session from 2026-02-01 (it has {DAY}"),
        (["--json", "--open"], "--json prints the numbers and writes no page"),
        (["--out", "store"], "store: a page cannot be written there"),
        (["--store", "nowhere"], "nowhere"),
    ],
)
@pytest.mark.usefixtures("project")
def test_what_cannot_be_reported(
    capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    ended = call(capsys, "report", FOLDER, *options)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1
