"""Loading: in order, beside the session, and nothing that went wrong is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest

from support.waiting import LIMIT
from symscan.errors import DataError
from symscan.runtime.provisioning.loading import BackgroundLoader, DataPlan, LoadResult

LONG = LIMIT


class Loader:
    """Loads each plan when it is let to, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.began: list[tuple[str, ...]] = []
        self.threads: set[str] = set()
        self.gates: dict[str, threading.Event] = {}
        self.faults: dict[str, BaseException] = {}
        self.held: list[str] = []
        self.woken = threading.Semaphore(0)

    def load(self, plan: DataPlan) -> Callable[[], AbstractContextManager[object]]:
        self.began.append(plan.new)
        self.threads.add(threading.current_thread().name)
        name = plan.new[0] if plan.new else ""
        if name in self.gates:
            assert self.gates[name].wait(LONG)
        if name in self.faults:
            raise self.faults[name]
        return lambda: self._holding(name)

    def wake(self) -> None:
        self.woken.release()

    def wait(self, count: int = 1) -> None:
        """Until so many more loads ended."""
        for _ in range(count):
            assert self.woken.acquire(timeout=LONG)

    def hold_up(self, name: str) -> threading.Event:
        gate = self.gates[name] = threading.Event()
        return gate

    @contextmanager
    def _holding(self, name: str) -> Iterator[None]:
        self.held.append(name)
        yield


def _plan(*new: str) -> Callable[[], DataPlan]:
    return lambda: DataPlan(new)


def _enter(*loads: LoadResult) -> None:
    for one in loads:
        with one.history_context():
            pass


def test_a_plan_is_made_by_who_submits_and_carried_out_on_one_other_thread() -> None:
    loader = Loader()
    loading = BackgroundLoader(loader.load, loader.wake)
    planned: list[str] = []

    def plan(name: str) -> DataPlan:
        planned.append(threading.current_thread().name)
        return DataPlan((name,))

    for name in "AB":
        loading.submit(partial(plan, name))
    loader.wait(2)
    assert planned == [threading.current_thread().name] * 2
    assert loader.threads == {"loading"}
    loads = loading.collect()
    assert [one.prepared for one in loads] == [("A",), ("B",)]
    _enter(*loads)
    assert loader.held == ["A", "B"]
    assert loading.collect() == []


def test_a_load_that_hangs_holds_back_those_after_it_and_not_the_session() -> None:
    loader = Loader()
    gate = loader.hold_up("A")
    loading = BackgroundLoader(loader.load, loader.wake)
    for plan in (_plan("A"), _plan(), _plan("B")):
        loading.submit(plan)
    assert loading.collect() == []  # the second needs nothing, and is not first in the queue
    gate.set()
    loader.wait(2)
    assert [one.prepared for one in loading.collect()] == [("A",), (), ("B",)]
    assert loader.began == [("A",), ("B",)]


def test_what_could_not_be_loaded_says_why_and_the_next_one_is_loaded() -> None:
    loader = Loader()
    loader.faults["A"] = DataError("the file is gone")
    loading = BackgroundLoader(loader.load, loader.wake)
    loading.submit(_plan("A"))
    loading.submit(_plan("B"))
    loader.wait(2)
    one, two = loading.collect()
    assert (one.error, one.prepared) == ("the file is gone", ("A",))
    assert (two.error, two.prepared) == (None, ("B",))


@pytest.mark.parametrize("fault", [ZeroDivisionError("a mistake of ours"), SystemExit(3)])
def test_a_mistake_of_ours_comes_up_in_the_session(fault: BaseException) -> None:
    loader = Loader()
    loader.faults["A"] = fault
    loading = BackgroundLoader(loader.load, loader.wake)
    loading.submit(_plan("A"))
    loading.submit(_plan("B"))
    loader.wait(2)
    with pytest.raises(type(fault), match=str(fault)):
        loading.collect()
    assert [one.prepared for one in loading.collect()] == [("B",)]


def test_patience_waits_until_everything_is_loaded() -> None:
    loader = Loader()
    gates = [loader.hold_up("A"), loader.hold_up("B")]
    loading = BackgroundLoader(loader.load, loader.wake, waits_for_session=True)
    found: list[LoadResult] = []
    for plan in (_plan("A"), _plan(), _plan("B")):
        loading.submit(plan)
    waiting = threading.Thread(target=lambda: found.extend(loading.collect()))
    waiting.start()
    gates[0].set()
    loader.wait()
    assert waiting.is_alive()
    assert found == []
    gates[1].set()
    waiting.join(LONG)
    assert [one.prepared for one in found] == [("A",), (), ("B",)]


def test_a_session_that_makes_up_for_missed_minutes_waits_so_long_in_all() -> None:
    loader = Loader()
    gates = {name: loader.hold_up(name) for name in "AB"}
    loading = BackgroundLoader(loader.load, loader.wake, waiting_seconds=0.05)
    loading.submit(_plan("A"))
    loading.submit(_plan("B"))
    assert loading.collect(waits=True) == []  # it gave A its time; there is none left
    gates["A"].set()
    loader.wait()
    assert [one.prepared for one in loading.collect()] == [("A",)]
    assert loading.collect(waits=True) == []
    gates["B"].set()
    loader.wait()
    assert [one.prepared for one in loading.collect(waits=True)] == [("B",)]


def test_waiting_takes_all_that_comes_in_time() -> None:
    loader = Loader()
    loading = BackgroundLoader(loader.load, loader.wake, waiting_seconds=LONG)
    for plan in (_plan("A"), _plan(), _plan("B")):
        loading.submit(plan)
    assert [one.prepared for one in loading.collect(waits=True)] == [("A",), (), ("B",)]
