"""Two Dask workers on this computer: they play what one process plays, and one of them is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from support.cli import Ended, Listener, environment, scanner, started, write_bars, write_config
from support.waiting import LIMIT, wait_for, wait_for_file
from symscan.cli import main

DAYS = ("2026-01-14", "2026-01-15", "2026-01-16", "2026-01-20", "2026-01-21")
RUN = ("run", "mine.json", "--store", "store", "--start", DAYS[0], "--end", DAYS[-1])
IMPORT = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
TIMED = "execution_time_ms"

SCANNER = """
import os, pathlib, time
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        if context.current_time.strftime("%d %H:%M") == "16 10:00" and pathlib.Path("hangs").exists():
            pathlib.Path("pid.partial").write_text(str(os.getppid()))
            pathlib.Path("pid.partial").rename("pid")
            time.sleep(1000)
        return ScanResult(list(self._universe))
"""

# The command in a process that changes something between the run's beginning and its sessions.
OTHERWISE = """
import subprocess, sys
from symscan.runtime.backtest_run import BacktestRun
from symscan.tasks.cluster import dask_cluster
play, found = BacktestRun.play, dask_cluster.versions()

def changed(*given):
    code = "from symscan.cli import main; main()"
    subprocess.run([sys.executable, "-c", code, "data", "import", "more.csv", *{how}], check=True)
    return play(*given)

{what}
from symscan.cli import main
main()
"""


@dataclass(frozen=True)
class Cluster:
    """A scheduler with two workers of one thread each."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def _cluster(folder: Path) -> Iterator[Cluster]:
    file = folder / "scheduler.json"
    log = (folder / "dask.log").open("wb")

    def dask(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(file), "--no-dashboard"]
        return subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )

    processes = [dask("scheduler", "--host", "localhost", "--port", "0")]
    try:
        wait_for(lambda: file.exists() and file.read_text().endswith("}"), "the scheduler")
        worker = ("worker", "--host", "localhost", "--nthreads", "1", "--no-nanny")
        processes += [dask(*worker) for _ in range(2)]
        wait_for(lambda: (folder / "dask.log").read_text().count("Registered to:") == 2, "the workers")
        yield Cluster(json.loads(file.read_text())["address"], processes[1:])
    finally:
        for process in processes:
            process.kill()
            process.wait(LIMIT)
        log.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, DAYS)
    main(["data", "import", "bars.csv", *IMPORT])
    write_bars(tmp_path / "more.csv", {"DDD": 0.2}, DAYS[3:4])
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\n")
    (tmp_path / "code.py").write_text(SCANNER)
    write_config(tmp_path, lambda whole, _: whole["session_data_config"]["scanners"].append(scanner("code")))
    return tmp_path


def _ended(folder: Path, *arguments: str, what: str = "") -> Ended:
    code = OTHERWISE.format(what=what, how=IMPORT)
    return Listener(started(folder, *RUN, *arguments, code=code)).end()


def _files(out: Path) -> dict[str, object]:
    """The files of a run, measured times left out."""
    return {
        str(path.relative_to(out)): pl.read_csv(path, infer_schema=False).drop(TIMED).rows()
        if path.name == "scans.csv"
        else path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


@pytest.mark.slow
def test_two_workers_of_which_one_is_killed(project: Path) -> None:
    assert _ended(project, "--out", "straight").code == 0
    with _cluster(project) as cluster:
        (project / "hangs").touch()
        process = started(project, *RUN, "--out", "out", "--cluster", cluster.address)
        wait_for_file(project / "pid")
        (project / "hangs").unlink()
        killed = int((project / "pid").read_text())
        assert killed in [worker.pid for worker in cluster.workers]
        os.kill(killed, signal.SIGKILL)
        _, err = process.communicate(timeout=LIMIT)
        assert (process.returncode, err) == (0, "")
        assert _files(project / "out") == _files(project / "straight")

        other = "dask_cluster.versions = lambda: {**found, 'numpy': '1.0'}"
        refused = _ended(project, "--out", "refused", "--cluster", cluster.address, what=other)
        assert refused.code == 1
        assert re.match(r"error: worker tcp://\S+ has numpy \S+ instead of 1\.0; the results up", refused.err)

        other = "BacktestRun.play = changed"
        refused = _ended(project, "--out", "changed", "--cluster", cluster.address, what=other)
        assert refused.code == 1
        last = refused.err.splitlines()[-1]
        assert re.match(
            rf"error: worker tcp://\S+ has another 1m/{DAYS[3]}; the results up to there are", last
        )

        (project / "hangs").touch()
        (project / "pid").unlink()
        process = started(project, *RUN, "--out", "stopped", "--cluster", cluster.address)
        wait_for_file(project / "pid")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LIMIT)
        assert process.returncode == 130
        assert err == "interrupted; the results up to there are in stopped, --resume goes on\n"
        assert json.loads((project / "stopped" / "summary.json").read_text())["status"] == "interrupted"


@pytest.mark.slow
def test_a_scheduler_that_is_not_there(project: Path) -> None:
    ended = _ended(project, "--out", "out", "--cluster", "localhost:1")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(
        "error: no Dask scheduler answers at tcp://localhost:1 within 5 seconds; start"
    )
    assert not (project / "out").exists()
