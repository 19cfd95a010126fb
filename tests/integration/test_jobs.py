"""A range played in several processes: what cannot be divided is refused; however it ends, it is whole."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import symscan
from support.cli import Ended, Listener, call, scanner, started, write_bars, write_config
from support.waiting import LIMIT, wait_for, wait_for_file
from symscan.cli import main
from symscan.config import load_config
from symscan.errors import InputError, RunError
from symscan.research.progress import no_progress
from symscan.runtime.backtest_run import BacktestRun, RunOptions
from symscan.tasks.local import LocalProcesses

DAYS = ("2026-01-14", "2026-01-15", "2026-01-16", "2026-01-20", "2026-01-21")
RUN = ("run", "mine.json", "--store", "store", "--start", DAYS[0], "--end", DAYS[-1], "--csv", "--out")
TIMED = "execution_time_ms"

# What it does at 10:00 of the third day is decided by files beside the configuration.
SCANNER = """
import logging, os, pathlib, signal, time
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        if context.current_time.strftime("%d %H:%M") == "16 10:00":
            print("it is ten")
            logging.getLogger("mine").warning("ten o'clock")
            if pathlib.Path("killed").exists():
                os.kill(os.getpid(), signal.SIGKILL)
            if pathlib.Path("hangs").exists():
                pathlib.Path("pid.partial").write_text(str(os.getpid()))
                pathlib.Path("pid.partial").rename("pid")
                time.sleep(1000)
            if pathlib.Path("slow").exists():
                time.sleep(0.02)
        return ScanResult(list(self._universe))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, DAYS)
    how = ["--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York"]
    main(["data", "import", "bars.csv", *how])
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\n")
    (tmp_path / "code.py").write_text(SCANNER)
    _configure(tmp_path)
    return tmp_path


def _configure(folder: Path, change: Callable[[dict[str, Any]], object] = lambda _: None) -> None:
    def both(whole: dict[str, Any], _screen: object) -> None:
        whole["session_data_config"]["scanners"].append(scanner("code"))
        change(whole)

    write_config(folder, both)


def _watched(whole: dict[str, Any]) -> None:
    whole["session_data_config"]["observers"] = [{"name": "mine", "module": "watch"}]


def _ended(folder: Path, *arguments: str) -> Ended:
    return Listener(started(folder, *arguments)).end()


def _files(out: Path) -> dict[str, object]:
    """The files of a run, measured times left out."""
    return {
        str(path.relative_to(out)): pl.read_csv(path, infer_schema=False).drop(TIMED).rows()
        if path.name == "scans.csv"
        else path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def _status(out: Path) -> tuple[str, list[str]]:
    summary = json.loads((out / "summary.json").read_text())
    return summary["status"], summary["completed"]


@pytest.mark.slow
def test_two_processes_write_and_say_what_one_does(project: Path) -> None:
    one = _ended(project, *RUN, "one", "-v")
    (project / "symscan.toml").write_text("jobs = 2\n")
    two = _ended(project, *RUN, "two", "-v")
    assert (one.code, two.code) == (0, 0)
    assert two.out.replace("two", "one") == one.out
    assert _said(two) == _said(one)
    assert {"it is ten", "ten o'clock"} <= set(_said(one))
    assert len(_said(one)) > 20
    assert _files(project / "two") == _files(project / "one")


def _said(ended: Ended) -> list[str]:
    """The lines of standard error without what was measured, in any order."""
    return sorted(re.sub(r"[\d.]+ ms", "ms", line) for line in ended.err.splitlines())


@pytest.mark.slow
def test_a_killed_process_leaves_whole_sessions_to_go_on_from(project: Path) -> None:
    assert _ended(project, *RUN, "straight").code == 0
    (project / "killed").touch()
    ended = _ended(project, *RUN, "out", "--jobs", "2")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[-1].startswith(
        f"error: the process that did {DAYS[2]} ended before it was done, signal SIGKILL (as the system does "
    )
    assert ended.err.endswith("; the results up to there are in out; go on with --resume\n")
    status, completed = _status(project / "out")
    assert status == "failed"
    assert DAYS[2] not in completed
    (project / "killed").unlink()
    assert _ended(project, *RUN, "out", "--jobs", "2", "--resume").code == 0
    assert _files(project / "out") == _files(project / "straight")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda one: one.name)
def test_a_signal_ends_the_processes_and_leaves_whole_sessions(project: Path, number: signal.Signals) -> None:
    (project / "hangs").touch()
    process = started(project, *RUN, "out", "--jobs", "2")
    wait_for_file(project / "pid")
    process.send_signal(number)
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (128 + number, "")
    assert err.splitlines()[-1] == "interrupted; the results up to there are in out, --resume goes on"
    player = int((project / "pid").read_text())
    wait_for(lambda: not Path(f"/proc/{player}").exists(), "the end of the process")
    status, completed = _status(project / "out")
    assert status == "interrupted"
    assert DAYS[2] not in completed
    (project / "hangs").unlink()
    assert _ended(project, *RUN, "out", "--resume").code == 0
    assert _status(project / "out") == ("complete", list(DAYS))


@pytest.mark.slow
def test_processes_end_with_a_command_that_is_killed(project: Path) -> None:
    (project / "hangs").touch()
    process = started(project, *RUN, "out", "--jobs", "2")
    wait_for_file(project / "pid")
    process.kill()
    process.communicate(timeout=LIMIT)
    player = int((project / "pid").read_text())
    wait_for(lambda: not Path(f"/proc/{player}").exists(), "the end of the process")


@pytest.mark.slow
def test_an_overrun_in_another_process_ends_the_run_with_its_scanner(project: Path) -> None:
    (project / "slow").touch()
    _configure(
        project, lambda whole: whole["session_data_config"]["scanners"][-1].update(timeout_seconds=0.01)
    )
    ended = _ended(project, *RUN, "out", "--jobs", "2")
    assert ended.code == 1
    assert "error: scanner 'code' took longer than its timeout_seconds (0.01)" in ended.err
    assert ended.err.endswith("; the results up to there are in out\n")
    status, completed = _status(project / "out")
    assert status == "failed"
    assert DAYS[2] not in completed
    broken_off = pl.read_csv(project / "out" / "scans.csv").filter(outcome="timed_out")
    assert broken_off["session"].to_list() == [DAYS[2]]


@pytest.mark.slow
def test_a_store_that_changes_before_its_sessions_are_played_is_refused(project: Path) -> None:
    run = BacktestRun.of(
        load_config(project / "mine.json"),
        project / "store",
        date.fromisoformat(DAYS[0]),
        date.fromisoformat(DAYS[-1]),
    )
    write_bars(project / "more.csv", {"DDD": 0.2}, DAYS[3:4])
    how = ["--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York"]
    main(["data", "import", "more.csv", *how])
    with (
        pytest.raises(RunError, match=rf"has another 1m/{DAYS[3]}: it changed since the run began; "),
        LocalProcesses(2) as executor,
    ):
        run.play(RunOptions(project / "out"), no_progress, executor)
    assert _status(project / "out") == ("failed", [])


def test_an_observer_of_the_whole_run_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "watch.py").write_text(
        "from symscan import BaseObserver\nclass Observer(BaseObserver):\n"
        " def observe(self, session, event): pass\n"
    )
    _configure(project, _watched)
    ended = call(capsys, *RUN, "out", "--jobs", "2")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: observer 'mine' gets every event of a run, one session after another")
    assert ended.err.endswith("; leave out 'jobs' and 'cluster'\n")
    assert not (project / "out").exists()
    (project / "symscan.toml").write_text("jobs = 2\n")
    assert call(capsys, *RUN, "out").code == 0  # nobody gave it with the command


@pytest.mark.usefixtures("project")
def test_a_class_that_others_cannot_import_is_refused() -> None:
    class Mine(symscan.BaseScanner):
        def scan(self, _context: symscan.ScanContext) -> symscan.ScanResult:
            return symscan.ScanResult([])

    with pytest.raises(InputError, match=r"^scanner 'code' is the class \S+Mine of this notebook, script or"):
        symscan.run(
            {"session_data_config": {"scanners": [scanner("code") | {"module": Mine}]}},
            store="store",
            start=DAYS[0],
            end=DAYS[-1],
            jobs=2,
        )


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5"])
def test_what_is_no_number_of_jobs_is_refused(capsys: pytest.CaptureFixture[str], jobs: str) -> None:
    ended = call(capsys, *RUN, "out", "--jobs", jobs)
    assert (ended.code, ended.out) == (2, "")
    assert f"'{jobs}' is no number of jobs; give a whole number from 1 to 1,024, or 'auto'" in ended.err


@pytest.mark.slow
def test_a_script_without_a_guard_may_have_jobs(project: Path) -> None:
    code = f"""
import symscan
print("imported")
run = symscan.run("mine.json", store="store", start="{DAYS[0]}", end="{DAYS[-1]}", jobs=2, out="out")
print(run.summary["status"], len(run.sessions))
"""
    (project / "script.py").write_text(code)
    process = started(project, code="import runpy; runpy.run_path('script.py', run_name='__main__')")
    out, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, err
    assert out.splitlines() == ["imported", "it is ten", "complete 5"]
    assert os.environ.get("POLARS_MAX_THREADS") is None
