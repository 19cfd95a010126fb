"""``symscan live`` from outside: what it refuses, what it says, how it ends and goes on."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from support.cli import DAY, call, scanner, started, write_bars, write_config
from support.runs import lines_without
from support.waiting import LIMIT

REPLAY = ("--source", "replay", "--store", "store", "--date", DAY)
ALPACA = ("--source", "alpaca", "--store", "store")
LIVE = ("live", "mine.json", *REPLAY, "--speed", "max", "--csv", "--out", "live")
LIVE_WITHOUT_CSV = tuple(one for one in LIVE if one != "--csv")

AT_TEN = """
import os, pathlib, signal
from symscan import BaseScanner, ScanResult

class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        mark = pathlib.Path("was_here")
        if context.current_time.strftime("%H:%M") == "10:00" and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.{signal})
        return ScanResult(list(self._universe))
"""
FIELDS = {
    *("type", "symbol", "scanner", "price", "change_pct", "gap_pct", "volume", "scan_at", "decided_at"),
    *("data_age_seconds", "last_bar_end", "rank", "metadata"),
}


@pytest.fixture(scope="module")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_bars(folder / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, ["2026-01-14", DAY])
    how = ["--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York"]
    process = started(folder, "data", "import", "bars.csv", *how)
    said = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said
    return folder / "store"


@pytest.fixture
def project(tmp_path: Path, made_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made_store, tmp_path / "store")
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\n")
    write_config(tmp_path, lambda _, screen: screen.update(where="close > 102 OR close < 98"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _new(folder: Path) -> list[tuple[str, str]]:
    """Scanner and symbol of each new hit of a run."""
    with (folder / "hits.csv").open(newline="") as file:
        return [(row["scanner"], row["symbol"]) for row in csv.DictReader(file) if row["new"] == "true"]


def _announced(out: str) -> list[tuple[str, str]]:
    """Scanner and symbol of each hit among printed lines."""
    return [(line.split("  ")[1], line.split("  ")[2]) for line in out.splitlines() if "  decided " in line]


def _status(folder: Path) -> str:
    status = json.loads((folder / "summary.json").read_text())["status"]
    assert isinstance(status, str)
    return status


def test_a_replay_finds_what_a_backtest_finds_and_says_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        call(capsys, "run", "mine.json", "--store", "store", "--date", DAY, "--csv", "--out", "run").code == 0
    )
    ended = call(capsys, *LIVE)
    assert ended.code == 0, ended.err
    for name in ("hits.csv", "episodes.csv", "unknown.csv"):
        assert lines_without(project / "live" / name) == lines_without(project / "run" / name)
    assert sorted(_announced(ended.out)) == [("movers", "AAA"), ("movers", "CCC")]
    assert "movers: first new hits" in ended.out and ended.out.endswith("results in live\n")
    assert "  ready: connected, 3 symbols, 3 with a previous close, clock offset unknown\n" in ended.err
    assert "+ AAA (scanner:movers)" in ended.err
    assert _status(project / "live") == "complete"


@pytest.mark.slow
def test_standard_output_carries_records_and_nothing_else(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = call(capsys, *LIVE, "--jsonl", "--quiet", "--faults", "disconnect=10:02-10:04")
    assert ended.code == 0
    records: list[dict[str, Any]] = [json.loads(line) for line in ended.out.splitlines()]
    hits = [record for record in records if record["type"] == "hit"]
    assert [(hit["scanner"], hit["symbol"]) for hit in hits] == _new(project / "live")
    assert all(set(hit) == FIELDS for hit in hits)
    assert all(hit["price"] and 0 <= hit["data_age_seconds"] < 3 for hit in hits)
    assert {record["type"] for record in records} == {"hit", "condition", "readiness"}
    assert {"feed_lost", "feed_recovered"} <= {record.get("condition") for record in records}
    assert "!! 10:02:00  the feed is lost" in ended.err
    assert "  AAA  " in ended.err and "results in live" in ended.err
    assert "+ AAA" not in ended.err


@pytest.mark.slow
def test_a_replay_that_begins_late_goes_through_the_minutes_before_at_once(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a session does that is started late: scans of the minutes before are made up for, in order."""
    ended = call(capsys, *LIVE, "--from", "10:05")
    assert ended.code == 0, ended.err
    assert ended.err.index("10:05:00  connected") < ended.err.index("09:20:00  ready: connected")
    assert "bars since 09:19:00 had been missed and are fetched" in ended.err
    hits = [line for line in ended.out.splitlines() if "  decided " in line]
    assert hits[0].startswith("09:") and "decided 10:05:02.000" in hits[0]
    assert json.loads((project / "live" / "summary.json").read_text())["from"] == f"{DAY}T15:05:00Z"
    compared = call(capsys, "parity", "live")
    assert (compared.code, "no difference" in compared.out) == (0, True), compared.out


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        ("noon", "'noon' is not a time; write it as 11:00"),
        ("16:00", "is from 04:00, its pre-market included, to 16:00; give a time in it"),
        ("03:59", "is from 04:00"),
    ],
)
def test_a_time_outside_the_session_is_none_to_begin_at(
    begin: str, said: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = call(capsys, *LIVE, "--from", begin)
    assert ended.code == 2
    assert said in " ".join(ended.err.replace("│", " ").split())
    assert not (project / "live").exists()


@pytest.mark.slow
def test_bars_that_stay_lost_are_said_counted_and_named(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = call(capsys, *LIVE, "--quiet", "--faults", "lose=10:01-10:04,fetch_fails=9999")
    assert ended.code == 0, ended.err
    missing = "bars after 10:00 and up to 10:03 may be missing"
    assert f"!! 16:00:12  {missing}" in ended.err
    assert f"warning: {missing}" in " ".join(ended.out.split())
    _, lost, _ = json.loads((project / "live" / "summary.json").read_text())["feed_faults"]["lost"]
    assert (lost["since"], lost["until"]) == (f"{DAY}T15:00:00Z", f"{DAY}T15:03:00Z")
    listed = call(capsys, "parity", "live", "--json")
    assert listed.code == 0
    compared = json.loads(listed.out)
    assert compared["by_cause"]["lost bars"] == 3  # before the first bar and after the last, too
    _, named, _ = [one for one in compared["differences"] if one["cause"] == "lost bars"]
    assert (named["kind"], named["at"]) == ("bars", f"{DAY}T15:00:00Z")
    assert missing in named["explanation"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signal", "code", "begun_with"), [("SIGINT", 130, LIVE), ("SIGTERM", 143, LIVE_WITHOUT_CSV)]
)
def test_a_signal_ends_a_session_in_order_and_it_goes_on(
    project: Path, signal: str, code: int, begun_with: tuple[str, ...]
) -> None:
    """Gone on with --csv, a session has hits.csv from its begin on, whether it was begun with it or not."""
    (project / "once.py").write_text(AT_TEN.replace("{signal}", signal))
    write_config(project, lambda whole, _: whole["session_data_config"]["scanners"].append(scanner("once")))
    process = started(project, *begun_with, "--quiet")
    first, err = process.communicate(timeout=LIMIT)
    assert process.returncode == code, err
    assert (project / "live" / "hits.csv").exists() == ("--csv" in begun_with)
    assert err.endswith("ended early; results are in live, --resume goes on\n")
    assert _status(project / "live") == "interrupted"

    process = started(project, *LIVE, "--quiet", "--resume")
    second, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert _status(project / "live") == "complete"
    assert _announced(first)
    assert sorted(_announced(first) + _announced(second)) == sorted(_new(project / "live"))
    assert "resume differs" not in err

    process = started(project, "run", "mine.json", "--store", "store", "--date", DAY, "--csv", "--out", "run")
    assert process.wait(timeout=LIMIT) == 0
    process.communicate()
    for name in ("hits.csv", "episodes.csv", "unknown.csv"):
        assert lines_without(project / "live" / name) == lines_without(project / "run" / name)


@pytest.mark.slow
def test_a_listener_that_goes_away_does_not_end_the_session(project: Path) -> None:
    process = started(project, *LIVE, "--quiet")
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=LIMIT) == 0, err
    assert err.count("standard output is gone") == 1
    assert _status(project / "live") == "complete"
    assert _new(project / "live")


@pytest.mark.slow
def test_going_on_with_another_session_is_refused_and_leaves_its_results(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(capsys, *LIVE).code == 0
    before = (project / "live" / "hits.csv").read_bytes()
    ended = call(capsys, *LIVE)
    assert ended.code == 2
    assert "or go on with --resume" in ended.err
    write_config(project)
    ended = call(capsys, *LIVE, "--resume")
    assert (ended.code, ended.out) == (2, "")
    assert "the record's session has" in ended.err
    assert (project / "live" / "hits.csv").read_bytes() == before


def test_to_go_on_with_nothing_is_to_begin(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, *LIVE, "--resume")
    assert ended.code == 0
    assert ended.err.startswith("live holds no session to go on with; it begins\n")
    assert _new(project / "live")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (REPLAY[:4], "a replay plays a stored day; say which with --date"),
        ((*REPLAY, "--feed", "iex"), "--feed iex: replay has no feeds to choose from; leave --feed out"),
        ((*REPLAY, "--resume", "--force"), "--resume goes on with what --force would remove"),
        ((*REPLAY, "--speed", "0"), "'0' is no speed; write a number above 0, such as 60, or max"),
        ((*REPLAY, "--speed", "inf"), "'inf' is no speed"),
        ((*REPLAY, "--speed", "nan"), "'nan' is no speed"),
        ((*REPLAY, "--speed", "fast"), "'fast' is no speed"),
        ((*REPLAY, "--speed", "1e-9"), "'1e-9' is not within 0.001 to 1000000"),
        ((*REPLAY, "--speed", "1e300"), "'1e300' is not within"),
        ((*REPLAY, "--faults", "late=3"), "faults: late=3: expected a share and a delay"),
        ((*REPLAY[:5], "2026-01-17"), "2026-01-17 has no session, it is a Saturday"),
        ((*REPLAY[:5], "2026-01-16"), "store has no intraday bars of 2026-01-16"),
        ((*ALPACA, "--date", DAY), "--date is for --source replay"),
        ((*ALPACA, "--speed", "max"), "--speed is for --source replay"),
        ((*ALPACA, "--faults", "late=1:5s"), "--faults is for --source replay"),
        (ALPACA, "say --feed iex or --feed sip, or 'feed' in 'live_config'"),
        ((*ALPACA, "--feed", "otc"), "--feed otc: Alpaca has iex (one exchange, free) and sip (all of them)"),
        (
            ("--source", "ibkr", "--store", "store"),
            "no built-in broker of that name (built in: alpaca, ",
        ),
        (("--store", "store"), "missing option '--source'"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_written(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    before = sorted(project.iterdir())
    ended = call(capsys, "live", "mine.json", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
    assert sorted(project.iterdir()) == before


@pytest.mark.slow
def test_run_still_plays_no_live_configuration_and_live_does(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(project, lambda whole, _: whole.update(mode="live"))
    ended = call(capsys, "run", "mine.json", "--store", "store", "--date", DAY)
    assert ended.code == 2
    assert "only 'backtest' can be run by this command" in ended.err
    assert call(capsys, *LIVE).code == 0
