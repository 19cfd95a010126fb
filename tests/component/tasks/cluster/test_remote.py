"""What a worker of a cluster makes of tasks: a process of its own does them, and may be lost."""

from __future__ import annotations

import pickle

import pytest

from support.tasks import work
from symscan.tasks.cluster.remote import SharedWork, outcomes_of
from symscan.tasks.cluster.versions import versions
from symscan.tasks.work import TaskDone, TaskFailed, TaskLost, TaskRefused


def _shared(run: str, given: str = "", **other: str) -> SharedWork:
    return SharedWork(run, {**versions(), **other}, pickle.dumps(work(given)))


def _always() -> bool:
    return True


def test_one_process_does_the_stretches_of_a_run() -> None:
    shared = _shared("one")
    first = outcomes_of(shared, ["a", "b"], _always)
    second = outcomes_of(shared, ["c"], _always)
    assert [type(one) for one in (*first, *second)] == [TaskDone, TaskDone, TaskDone]
    assert isinstance(second[0], TaskDone)
    assert second[0].value[2] == ["a", "b", "c"]
    (other,) = outcomes_of(_shared("other"), ["a"], _always)
    assert isinstance(other, TaskDone)
    assert other.value[2] == ["a"]


def test_a_stretch_ends_with_the_first_that_is_not_done() -> None:
    done, lost = outcomes_of(_shared("lost"), ["a", "die", "b"], _always)
    assert isinstance(done, TaskDone)
    assert lost == TaskLost("signal SIGKILL")
    assert outcomes_of(_shared("wrong"), ["wrong", "b"], _always) == [TaskFailed("the task is wrong")]


def test_what_a_worker_has_otherwise_is_refused() -> None:
    assert outcomes_of(_shared("data", "another 1m/2018-02-20"), ["a"], _always) == [
        TaskRefused("another 1m/2018-02-20")
    ]
    assert outcomes_of(_shared("version", polars="0.1"), ["a"], _always) == [
        TaskRefused(f"polars {versions()['polars']} instead of 0.1")
    ]


@pytest.mark.slow
def test_what_nobody_wants_any_more_is_left() -> None:
    assert outcomes_of(_shared("left"), ["sleep"], lambda: False) == [TaskLost("nobody wants it any more")]
