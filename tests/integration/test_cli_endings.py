"""How commands end that did not go well after all: the exit code, the message, and files that are whole."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
from pathlib import Path

import polars as pl
import pytest

from support.cli import DAY, call, scanner, started, write_bars, write_config, written
from support.waiting import LIMIT
from symscan.runs.files.writing import exclusive_folder
from symscan.runs.reading import RunFiles

DAYS = [DAY, "2026-01-16"]
LATER = "2026-01-20"  # in the store as well, and played by the test that needs a third session
RUN = ("run", "mine.json", "--store", "store", "--start", DAYS[0], "--end", DAYS[1], "--csv", "--out", "out")

FILES = {"hits.csv", "scans.csv", "unknown.csv", "episodes.csv", "journal.jsonl", "summary.json", "run.json"}
FOLDERS = {"hits", "values", "episodes"}
IMPORTS = "import os, pathlib, signal\nfrom symscan import BaseScanner, ScanResult\n"
AT_TEN = " if context.current_time.strftime('%d %H:%M') == '{day} 10:00':\n   {does}\n"
SCANNER = (
    IMPORTS
    + "class Scanner(BaseScanner):\n"
    + " def setup(self, context):\n  self._universe = self._load_universe()\n  return True\n"
    + " def scan(self, context):\n "
    + AT_TEN
    + "  return ScanResult(list(self._universe))\n"
)


@pytest.fixture(scope="module")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_bars(folder / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": -0.1}, [*DAYS, LATER])
    how = ["--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York"]
    process = started(folder, "data", "import", "bars.csv", *how)
    said = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said
    return folder / "store"


@pytest.fixture
def project(tmp_path: Path, made_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made_store, tmp_path / "store")
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\n")
    write_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _misbehaving(project: Path, does: str, *, day: str = "16", more: str = "", **settings: object) -> None:
    """A second scanner that finds every symbol, and does something at 10:00 of one day."""
    (project / "bad.py").write_text(SCANNER.format(day=day, does=does) + more)
    write_config(
        project, lambda whole, _: whole["session_data_config"]["scanners"].append(scanner("bad", **settings))
    )


def _whole(folder: Path, status: str) -> list[dict[str, str]]:
    """Check that a run's folder is whole; returns its hits."""
    more = set() if status == "complete" else {".sessions"}  # what --resume goes on from
    assert {path.name for path in folder.iterdir()} - FOLDERS == FILES | more
    run = RunFiles.open(folder)
    for line in (folder / "journal.jsonl").read_text().splitlines():
        json.loads(line)
    assert (folder / "journal.jsonl").read_text().endswith("\n")
    assert json.loads((folder / "summary.json").read_text())["status"] == status
    for name in ("scans.csv", "unknown.csv", "hits.csv"):
        with (folder / name).open(newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        assert all(None not in row and None not in row.values() for row in rows), name
    hits = run.read("hits").sort("scan_at", "scanner", "rank", "symbol", "phase")
    assert hits["symbol"].to_list() == [row["symbol"] for row in rows]
    return rows


def _of_bad(hits: list[dict[str, str]]) -> list[str]:
    return sorted({row["scan_at_local"][:16] for row in hits if row["scanner"] == "bad"})


def test_a_scan_that_never_returns_ends_the_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Its alarm goes off early: with a short timeout a slow machine would not do the scans before it.
    _misbehaving(
        project, "signal.setitimer(signal.ITIMER_REAL, 0.01)\n   while True: pass", timeout_seconds=60
    )
    ended = call(capsys, *RUN)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("error: scanner 'bad' took longer than its timeout_seconds (60)")
    assert ended.err.endswith("; the results up to there are in out\n")
    assert _of_bad(_whole(project / "out", "failed"))[-1] == "2026-01-16T09:55"
    with (project / "out" / "scans.csv").open(newline="") as file:
        last = [row for row in csv.DictReader(file) if row["scanner"] == "bad"][-1]
    assert (last["scan_at"], last["outcome"]) == ("2026-01-16T15:00:00Z", "timed_out")
    assert last["error"] == "scan() took longer than its timeout_seconds (60)"
    figures = json.loads((project / "out" / "summary.json").read_text())["scanners"]["bad"]
    assert (figures["failed"], figures["skipped"]) == (1, 0)


def test_a_required_scanner_that_cannot_be_set_up(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _misbehaving(project, "pass", required=True)
    (project / "bad.py").write_text(
        SCANNER.format(day="16", does="pass").replace("return True", "return False")
    )
    ended = call(capsys, *RUN)
    assert ended.code == 1
    assert ended.err.startswith("error: required scanner 'bad' could not be set up: setup() returned False")
    assert _whole(project / "out", "failed") == []


def test_a_store_that_loses_a_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The session after the next: the next one's bars may have been read ahead by then.
    (third,) = (project / "store" / "1m").glob(f"{LATER}*")
    _misbehaving(project, f"pathlib.Path({str(third)!r}).unlink()", day="15")
    ended = call(capsys, *RUN[:-4], LATER, *RUN[-3:])
    assert ended.code == 1
    assert "a file of the store cannot be read" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert _of_bad(_whole(project / "out", "failed"))[-1] == "2026-01-16T10:30"


@pytest.mark.parametrize("does", ["raise ValueError('no')", "raise SystemExit(5)", "return 3"])
def test_a_scan_that_fails_harms_only_itself(
    project: Path, capsys: pytest.CaptureFixture[str], does: str
) -> None:
    _misbehaving(project, does)
    ended = call(capsys, *RUN)
    assert (ended.code, ended.err) == (0, "")
    hits = _of_bad(_whole(project / "out", "complete"))
    assert "2026-01-16T10:00" not in hits
    assert "2026-01-16T10:05" in hits


INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"
AGAIN = f" def teardown(self, context):\n  if context.current_time.day == 16: {INTERRUPT}\n"


@pytest.mark.parametrize("more", ["", pytest.param(AGAIN, marks=pytest.mark.slow)], ids=["once", "twice"])
def test_ctrl_c_leaves_a_run_whole(project: Path, more: str) -> None:
    _misbehaving(project, INTERRUPT, more=more)
    process = started(project, *RUN)
    out, err = process.communicate(timeout=LIMIT)
    assert (process.returncode, out) == (130, "")
    *noted, said = err.splitlines()
    assert said == "interrupted; the results up to there are in out, --resume goes on"
    assert noted == (["finishing the files; press Ctrl-C again to leave them torn"] if more else [])
    assert _of_bad(_whole(project / "out", "interrupted"))[-1] == "2026-01-16T09:55"


@pytest.mark.slow
def test_ctrl_c_before_anything_was_replaced_says_that_the_earlier_results_are_back(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _misbehaving(project, "pass")
    assert call(capsys, *RUN).code == 0
    before = (project / "out" / "summary.json").read_bytes()
    _misbehaving(project, INTERRUPT, day=DAYS[0][-2:])
    process = started(project, *RUN, "--force")
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert err == "interrupted; no session was complete; the results that were in out before are back\n"
    assert (project / "out" / "summary.json").read_bytes() == before


ONCE = "mark = pathlib.Path('was_here'); mark.exists() or (mark.touch(), os.kill(os.getpid(), signal.{how}))"


def _same(one: Path, other: Path) -> bool:
    """Whether two runs left the same bytes, but for how long scans took."""
    files = [
        {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}
        for run in (one, other)
    ]
    assert [name for name in {**files[0], **files[1]} if files[0].get(name) != files[1].get(name)] in (
        ["scans.csv"],
        [],
    )
    scans = [pl.read_csv(run / "scans.csv").drop("execution_time_ms") for run in (one, other)]
    return scans[0].equals(scans[1])


@pytest.mark.parametrize(
    ("how", "code"), [("SIGHUP", 129), pytest.param("SIGKILL", -9, marks=pytest.mark.slow)]
)
def test_a_range_that_was_broken_off_goes_on_after_its_last_whole_session(
    project: Path, capsys: pytest.CaptureFixture[str], how: str, code: int
) -> None:
    _misbehaving(project, ONCE.format(how=how))
    with started(project, *RUN) as process:
        process.communicate(timeout=LIMIT)
    assert process.returncode == code
    part = project / "out" / ".sessions" / DAY / "scans.csv"
    whole_day = part.read_text().splitlines() if how == "SIGHUP" or part.exists() else None
    assert call(capsys, *RUN[:-1], "whole").code == 0

    ended = call(capsys, *RUN, "--resume")
    assert (ended.code, ended.err) == (0, "")
    assert _same(project / "out", project / "whole")
    assert {path.name for path in (project / "out").iterdir()} == FILES | FOLDERS
    after = (project / "out" / "scans.csv").read_text().splitlines()
    if (
        whole_day is not None
    ):  # a killed process may leave the session before unwritten, which is played again
        assert [line for line in after if line.startswith(DAY)] == whole_day  # with the times its scans took
    assert call(capsys, *RUN, "--resume").err == "out is complete; to run it anew, replace it with --force\n"


@pytest.mark.slow
def test_a_range_goes_on_only_as_it_was_begun(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _misbehaving(project, ONCE.format(how="SIGKILL"))
    with started(project, *RUN) as process:
        process.communicate(timeout=LIMIT)
    before = written(project / "out")
    (project / "three.txt").write_text("AAA\nBBB\n")
    ended = call(capsys, *RUN, "--resume")
    assert (ended.code, ended.out) == (2, "")
    assert "the universes are not those of the run in this folder: that of 'movers' is another" in ended.err
    (project / "three.txt").write_text("AAA\nBBB\nCCC\n")
    (project / "mine.json").write_text((project / "mine.json").read_text().replace("> 1", "> 2"))
    ended = call(capsys, *RUN, "--resume")
    assert ended.code == 2
    assert "of the configuration" in ended.err and "> 2" in ended.err
    assert written(project / "out") == before
    assert call(capsys, *RUN).err.endswith("or replace it with --force, or go on with --resume\n")


@pytest.mark.usefixtures("project")
def test_two_runs_do_not_write_one_folder(capsys: pytest.CaptureFixture[str]) -> None:
    folder = re.search(r"^results in (\S+)", call(capsys, *RUN).out, re.MULTILINE)
    assert folder is not None
    with exclusive_folder(Path(folder[1])):
        ended = call(capsys, *RUN, "--force")
    assert ended.code == 2
    assert "a running process is writing its results there" in ended.err


def test_ctrl_c_stops_the_demo(tmp_path: Path) -> None:
    process = started(tmp_path, "demo")
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("interrupted")
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [("--help",), RUN, ("data", "ls", "--store", "store")])
def test_a_closed_pipe_is_no_traceback(project: Path, arguments: tuple[str, ...]) -> None:
    process = started(project, *arguments)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(timeout=LIMIT) in (0, 1)
    process.stderr.close()


FULL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
from symscan.cli import main
main()
"""


@pytest.mark.parametrize(("room", "full"), [(2_000, "run.json"), (6_500, "journal.jsonl")])
def test_a_disk_that_is_full_is_a_message(project: Path, room: int, full: str) -> None:
    """A file that may not grow stands for a disk that cannot hold more."""
    _misbehaving(
        project, "pass"
    )  # one more scanner makes the joined journal longer than any file of a session
    run = [one for one in RUN if one != "--csv"]
    process = started(project, *run, code=FULL.format(room=room))
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    where = project / "out" / full
    assert err == f"error: {where}: File too large; free some space there, then go on with --resume\n"


@pytest.mark.parametrize("what", ["export", "report"])
def test_what_is_no_run_is_not_gone_on_with_when_the_disk_was_full(
    project: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    _misbehaving(project, "pass")
    assert call(capsys, *RUN).code == 0
    process = started(project, what, "out", "--out", "written", code=FULL.format(room=10))
    _, err = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert err == "error: written: File too large; free some space there, then try again\n"
    assert not list(project.glob("written*"))
