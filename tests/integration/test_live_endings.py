"""However a live session ends: in order, at once, by itself; scanners may hang, nothing is left behind."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from support.cli import DAY, MAIN, Listener, call, environment, started, write_bars, write_config
from support.live_story import announced, events, steps
from support.waiting import LIMIT, wait_for

pytestmark = pytest.mark.slow

HANGS = """
import os, pathlib, time
from symscan import BaseScanner, ScanResult

class Hangs(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        self._hang("setup")
        return True

    def scan(self, context):
        self._hang(context.current_time.strftime("%H:%M"))
        return ScanResult(self._universe)

    def teardown(self, context):
        self._hang("teardown")

    def _hang(self, where):
        if where == os.environ.get("HANGS"):
            pathlib.Path("hangs").write_text(str(os.getpid()))
            while not pathlib.Path("go").exists():
                time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("endings")
    write_bars(folder / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, ["2026-01-14", DAY])
    how = ["--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York"]
    with started(folder, "data", "import", "bars.csv", *how) as process:
        process.communicate()
    (folder / "three.txt").write_text("AAA\nBBB\nCCC\n")
    (folder / "hangs.py").write_text(HANGS)
    return folder


@pytest.fixture(autouse=True)
def in_a_project(tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def _command(*more: str, closing_seconds: float = 0.5, **scanner: Any) -> tuple[str, ...]:
    """The session, with a scanner beside the screen."""
    every = [{"start": "09:35", "end": "10:25", "interval": "5m"}]
    hangs = {"module": "hangs", "config": {"universe": "three.txt"}, "regular_session": every}
    hangs |= {"timeout_seconds": LIMIT, **scanner}  # a process of its own may be slow to start

    def change(config: dict[str, Any], _: object) -> None:
        config["session_data_config"]["scanners"].append(hangs)
        config["live_config"] = {"closing_seconds": closing_seconds}

    write_config(Path.cwd(), change)
    where = ("--source", "replay", "--store", "store", "--date", DAY, "--speed", "max", "--out", "live")
    return ("live", "mine.json", *where, "--jsonl", *more)


def _signalled(arguments: tuple[str, ...], *numbers: int, lets_go: bool = False) -> tuple[int, str, str]:
    """How a command ends that is sent signals from when its scanner hangs; it leaves no process behind."""
    process = started(Path.cwd(), *arguments)
    listener = Listener(process)
    wait_for(lambda: Path("hangs").exists() or process.poll() is not None, "hanging")
    for number in numbers:
        process.send_signal(number)
        listener.hear("ending the session")  # two signals at once may be one
    if lets_go:
        Path("go").touch()
    ended = listener.end()
    assert "Traceback" not in ended.err
    return ended.code, ended.out, ended.err


def _resumed(*more: str, **scanner: Any) -> tuple[str, str]:
    with started(Path.cwd(), *_command("--resume", *more, **scanner)) as process:
        out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert "differs" not in err
    return out, err


def _outcomes() -> dict[str, str]:
    """How each scan of the scanner ended, by its time."""
    found = [event for event in events(Path("live")) if event["event"] == "scan_finished"]
    return {event["at"][11:16]: event["outcome"] for event in found if event["scanner"] == "hangs"}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_scan_that_ends_in_time_counts_once(
    monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    monkeypatch.setenv("HANGS", "09:45")
    ended, first, err = _signalled(_command(closing_seconds=LIMIT), number, lets_go=True)
    assert ended == code
    assert err.endswith("ended early; results are in live, --resume goes on\n")
    assert _outcomes()["14:45"] == "ok"  # recorded, and so not done again
    second, _ = _resumed(closing_seconds=LIMIT)
    said = announced([*first.splitlines(), *second.splitlines()])
    assert max(said.values()) == 1
    assert len([one for one in said if one[1] == "hangs"]) == 3


@pytest.mark.parametrize("how", ["thread", "process"])
def test_a_scan_that_hangs_is_given_up_and_done_again(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.setenv("HANGS", "09:45")
    ended, _, err = _signalled(_command(isolation=how), signal.SIGINT)
    assert ended == 130
    assert "the session ended while it ran" in err
    _assert_gone(how)
    assert "14:45" not in _outcomes()
    monkeypatch.delenv("HANGS")
    _resumed(isolation=how)
    assert set(_outcomes().values()) == {"ok"}


@pytest.mark.parametrize("where", ["setup", "09:45", "teardown"])
def test_the_second_signal_ends_it_at_once(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setenv("HANGS", where)
    ended, _, err = _signalled(_command(isolation="process"), signal.SIGTERM, signal.SIGTERM)
    assert ended == 143
    assert err.splitlines()[-1] == "left at once; --resume goes on"
    _assert_gone("process")
    monkeypatch.delenv("HANGS")
    _resumed(isolation="process")
    assert set(_outcomes().values()) == {"ok"}


@pytest.mark.parametrize("where", ["setup", "09:45", "teardown"])
def test_it_closes_by_itself_whatever_hangs(monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setenv("HANGS", where)
    ended, _, err = _signalled(_command(timeout_seconds=0.3))
    assert ended == 0, err
    assert "timeout_seconds (0.3)" in err
    assert json.loads(Path("live/summary.json").read_text())["status"] == "complete"


def _assert_gone(how: str) -> None:
    """The process the scanner hung in is no more."""
    if how == "process":
        worker = Path("/proc") / Path("hangs").read_text()
        wait_for(lambda: not worker.exists() or _state(worker) == "Z", "its end")


def _state(process: Path) -> str:
    with suppress(OSError):
        return (process / "stat").read_text().rpartition(")")[2].split()[0]
    return "Z"


def test_a_full_disk_is_said_and_loses_nothing() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", MAIN, *_command()],
        env=environment(),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000)),
        check=False,
    )
    assert ended.returncode == 1
    assert "the session's record cannot be written (is the disk full?)" in ended.stderr
    assert "--resume goes on" in ended.stderr and "Traceback" not in ended.stderr
    had = steps(Path("live/session.sqlite"))
    assert had > 10
    out, _ = _resumed()
    assert steps(Path("live/session.sqlite")) > had
    said = announced([*ended.stdout.splitlines(), *out.splitlines()])
    assert max(said.values()) == 1


def test_what_cannot_be_resumed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = _command()
    assert call(capsys, *arguments).code == 0
    shutil.copytree("store", "store2")
    for old, new, message in (("store", "store2", "as store"), (DAY, "2026-01-14", "as session")):
        ended = call(capsys, *(new if word == old else word for word in arguments), "--resume")
        assert (ended.code, ended.out) == (2, "")
        assert message in ended.err
    with closing(sqlite3.connect("live/session.sqlite")) as record:
        record.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = Path("live/session.sqlite").read_bytes()
    for start in (0, len(whole) // 2):
        Path("live/session.sqlite").write_bytes(whole[:start] + b"\xff" * 40_000 + whole[start + 40_000 :])
        ended = call(capsys, *arguments, "--resume")
        assert ended.code in (1, 2)
        assert "live/session.sqlite: " in ended.err
        assert "no record of a session" in ended.err or "the record is damaged" in ended.err
    Path("live/session.sqlite").write_bytes(whole)
    assert call(capsys, *arguments, "--resume").code == 0
