"""Tasks in processes of this computer: what comes back, and how each fault is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.tasks import work
from symscan.errors import RunError, WorkerLost
from symscan.tasks.local import LocalProcesses, TaskCrashed
from symscan.tasks.work import Work


def test_tasks_are_done_elsewhere_by_as_many_processes_and_in_stretches() -> None:
    with LocalProcesses(2) as executor:
        found = dict(executor.run(work(), list("abcd")))
    assert [found[place][0] for place in range(4)] == list("abcd")
    processes = {process for _, process, _ in found.values()}
    assert os.getpid() not in processes
    assert len(processes) <= 2
    before = found[1][2]
    assert before in (["a", "b"], ["b"], ["d", "b"], ["c", "d", "b"], ["c", "b"])
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_what_a_task_prints_logs_and_reports_comes_here(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    said: list[object] = []
    with LocalProcesses(1) as executor:
        dict(executor.run(work(), ["speak"], lambda place, value: said.append((place, value))))
    assert capsys.readouterr() == ("out of a task\nno line", "error of a task\n")
    assert caplog.messages == ["warning of a task"]
    assert said == [(0, "spoken")]


def test_a_process_that_is_killed_is_named_with_its_task() -> None:
    with (
        LocalProcesses(1) as executor,
        pytest.raises(WorkerLost, match=r"did die ended before .*SIGKILL \(as .* memory runs out: "),
    ):
        dict(executor.run(work(), ["a", "die", "b"]))
    with (
        LocalProcesses(1) as executor,
        pytest.raises(WorkerLost, match=r"did exit ended before it was done, exit code 3$"),
    ):
        dict(executor.run(work(), ["exit"]))


@pytest.mark.parametrize(
    ("task", "given", "error", "message"),
    [
        ("wrong", "", RunError, "^the task is wrong$"),
        ("faulty", "", TaskCrashed, "(?s)^faulty: ZeroDivisionError.*of ours.*tasks.py"),
        ("a", "another 1m/2018-02-20", RunError, "^the process for a has another 1m/2018-02-20: it changed"),
    ],
)
def test_a_fault_of_a_task_is_raised_here(
    task: str, given: str, error: type[Exception], message: str
) -> None:
    with LocalProcesses(1) as executor, pytest.raises(error, match=message):
        dict(executor.run(work(given), [task]))


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with LocalProcesses(1) as executor, pytest.raises(RunError, match=f"has no folder {gone}"):
        dict(executor.run(Work("support.tasks:make_doer", "", gone), ["a"]))


def test_files_of_a_process_go_with_it() -> None:
    with LocalProcesses(1) as executor:
        ((_, scratch),) = executor.run(work(), ["file"])
    assert not Path(scratch).exists()


def test_processes_without_a_task_are_ended() -> None:
    with LocalProcesses(3) as executor:
        assert [place for place, _ in executor.run(work(), ["a"])] == [0]
    with LocalProcesses(1) as executor:
        assert list(executor.run(work(), [])) == []
