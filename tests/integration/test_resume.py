"""A real process, killed at random instants and resumed: the session is the one that never was killed."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from support.cli import DAY, call, started, write_bars, write_config
from support.runs import lines_without

pytestmark = pytest.mark.slow

DRIFTS = {"AAA": 0.11, "BBB": -0.07, "CCC": 0.31, "DDD": 0.023}
FAULTS = "late=0.05:5s,correct=0.03:70s,duplicate=0.05,disconnect=09:50-09:53,seed=3"
COUNTER = '''
from symscan import BaseScanner, ScanResult

class CountingScanner(BaseScanner):
    """Finds another symbol each time; only what it remembers says which."""

    def setup(self, context):
        self._universe = ["AAA", "BBB", "CCC"]
        self.count = 0
        return True

    def scan(self, context):
        self.count += 1
        symbol = self._universe[self.count % 3]
        view = context.session_data
        if self.count % 4 == 0:
            view.lock_symbol(symbol, f"the {self.count}th")
        if self.count == 10:
            view.add_symbol("DDD")
        return ScanResult([symbol], metadata={symbol: {"count": self.count}})
'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of two days, and a configuration with scanners of both kinds."""
    folder = tmp_path_factory.mktemp("resume")
    write_bars(folder / "bars.csv", DRIFTS, ("2026-01-14", DAY))
    (folder / "three.txt").write_text("AAA\nBBB\nCCC\n")
    (folder / "counting.py").write_text(COUNTER)
    every = [{"start": "09:31", "end": "10:29", "interval": "1m"}]
    screens = [
        {
            "name": f"up{level}",
            "universe": "three.txt",
            "where": f"close > {100 + level}",
            "regular_session": every,
        }
        for level in (1, 2, 4, 8, 16)
    ]
    counting = {"name": "counting", "module": "counting", "regular_session": every}
    patient = {
        "name": "patient",
        "universe": "three.txt",
        "where": "in_scanner('counting', 2) AND close > last_scan.close - 1",
        **{"confirm_scans": 2, "hold_minutes": 3, "cooldown_minutes": 2},
        "regular_session": every,
    }
    write_config(
        folder, lambda config, _: config["session_data_config"].update(scanners=[*screens, patient, counting])
    )
    how = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
    with started(folder, "data", "import", "bars.csv", *how) as process:
        said = process.communicate()
    assert process.returncode == 0, said
    return folder


def _command(out: str, *more: str) -> tuple[str, ...]:
    where = ("--source", "replay", "--store", "store", "--date", DAY, "--speed", "max")
    return ("live", "mine.json", *where, "--jsonl", "--csv", "--out", out, *more)


def _ended(project: Path, *arguments: str) -> list[str]:
    """What a command that runs to its end writes."""
    with started(project, *arguments) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    return out.splitlines()


def _killed(project: Path, said: int, steps: int, *arguments: str) -> list[str]:
    """What a command writes that is killed so many lines and, after them, steps later; or ends before."""
    record = project / arguments[arguments.index("--out") + 1] / "session.sqlite"
    with started(project, *arguments) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(said)]
        goal = _steps(record) + steps
        while process.poll() is None and _steps(record) < goal:
            pass
        process.kill()
        out, err = process.communicate()
    assert process.returncode in (0, -9), err
    return [*lines, *out.splitlines()]


def _steps(record: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{record}?mode=ro", uri=True)) as reader:
            return int(reader.execute("SELECT count(*) FROM steps").fetchone()[0])
    except sqlite3.OperationalError:  # there is none yet
        return 0


def _events(folder: Path) -> list[dict[str, Any]]:
    """What was recorded, but what concerns the connection: each process connects anew."""
    with closing(sqlite3.connect(folder / "session.sqlite")) as reader:
        lines = reader.execute("SELECT record FROM events ORDER BY seq, n").fetchall()
    events = [json.loads(line) for (line,) in lines]
    return [event for event in events if not event["event"].startswith("feed_")]


def _hits(lines: list[str]) -> Iterator[tuple[str, ...]]:
    """The hits that were announced; the last line of a killed process may be half a line."""
    for line in lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if "symbol" in said and "scanner" in said:
            yield (said["scan_at"], said["scanner"], said["symbol"])


@pytest.fixture(scope="module")
def clean(project: Path) -> list[str]:
    """What a session says that is never killed."""
    return _ended(project, *_command("clean"))


def _kill_and_compare(project: Path, whole: list[str], name: str, other: str, *faults: str) -> None:
    chance, said = random.Random(name), list[str]()
    for _ in range(2):
        said += _killed(
            project, chance.randrange(6), chance.randrange(60), *_command(name, "--resume", *faults)
        )
    said += _ended(project, *_command(name, "--resume", *faults))

    assert _events(project / name) == _events(project / other)
    assert not [line for line in said if "differs" in line]
    for table in ("hits.csv", "unknown.csv"):
        assert lines_without(project / name / table) == lines_without(project / other / table)
    announced, expected = Counter(_hits(said)), Counter(_hits(whole))
    assert len(expected) > 10
    assert set(announced) <= set(expected)
    assert max(announced.values()) == 1
    not_told = [line for line in said if "perhaps not told" in line]
    for _, scanner, symbol in set(expected) - set(announced):
        assert any(scanner in line and symbol in line for line in not_told)


def test_killed_many_times_and_resumed(project: Path, clean: list[str]) -> None:
    _kill_and_compare(project, clean, "killed", "clean")
    stays = pl.read_csv(project / "killed" / "hits.csv").filter(pl.col("scanner") == "patient")
    kept = stays["metadata"].str.json_path_match("$.kept")
    assert 10 < (kept == "true").sum() < stays.height  # it was amid such stays that it was killed


def test_killed_many_times_on_a_faulty_feed(project: Path) -> None:
    faults = ("--faults", FAULTS)
    whole = _ended(project, *_command("faulty", *faults))
    _kill_and_compare(project, whole, "killed-faulty", "faulty", *faults)


@pytest.mark.usefixtures("clean")
def test_a_session_that_is_complete_stays_as_it_is(project: Path) -> None:
    events = _events(project / "clean")
    said = _ended(project, *_command("clean", "--resume"))
    assert _events(project / "clean") == events
    assert list(_hits(said)) == []


@pytest.mark.usefixtures("clean")
def test_another_configuration_cannot_go_on(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "changed.json").write_text((project / "mine.json").read_text().replace("> 116", "> 117"))
    monkeypatch.chdir(project)
    arguments = ["changed.json" if word == "mine.json" else word for word in _command("clean", "--resume")]
    ended = call(capsys, *arguments)
    assert ended.code == 2
    assert "of the configuration" in ended.err
    assert "117" in ended.err


def test_two_processes_cannot_go_on_with_one_session(project: Path) -> None:
    slowly = ["1" if word == "max" else word for word in _command("twice")]
    with started(project, *slowly) as process:
        while process.poll() is None and not _steps(project / "twice" / "session.sqlite"):
            pass
        with started(project, *slowly, "--resume") as other:
            _, err = other.communicate()
        process.kill()
        process.communicate()
    assert other.returncode == 2
    assert "a running process is writing this record" in err
