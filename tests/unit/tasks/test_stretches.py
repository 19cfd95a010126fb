"""Every task is done once; those that follow one another by one process, unless that keeps one waiting."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symscan.tasks.stretches import Stretches


def _played(tasks: int, processes: int, seed: int) -> list[list[int]]:
    """What each process does if they ask in a random order."""
    stretches, chance = Stretches(tasks, processes), random.Random(seed)
    done: list[list[int]] = [[] for _ in range(processes)]
    asking = list(range(processes))
    while asking:
        process = chance.choice(asking)
        place = stretches.next(process)
        if place is None:
            asking.remove(process)
        else:
            done[process].append(place)
    return done


@given(st.integers(0, 60), st.integers(1, 9), st.integers(0, 99))
def test_every_task_is_done_once(tasks: int, processes: int, seed: int) -> None:
    done = _played(tasks, processes, seed)
    assert sorted(place for places in done for place in places) == list(range(tasks))


@pytest.mark.parametrize(("tasks", "processes"), [(12, 3), (7, 2), (2, 2), (1, 4)])
def test_processes_of_one_speed_have_a_stretch_each(tasks: int, processes: int) -> None:
    stretches = Stretches(tasks, processes)
    done: list[list[int]] = [[] for _ in range(processes)]
    for _ in range(tasks // processes):
        for process in range(processes):
            done[process].append(stretches.next(process) or 0)
    for places in done:
        assert places == list(range(places[0], places[0] + len(places))) if places else True


def test_one_that_is_done_takes_the_back_half_of_the_longest_left() -> None:
    stretches = Stretches(20, 2)
    first = [stretches.next(0) for _ in range(10)]
    assert first == list(range(10))
    assert stretches.next(1) == 10
    assert [stretches.next(0) for _ in range(5)] == [15, 16, 17, 18, 19]  # of 11 to 19
    assert [stretches.next(1) for _ in range(4)] == [11, 12, 13, 14]
    assert stretches.next(0) is None
    assert stretches.next(1) is None
