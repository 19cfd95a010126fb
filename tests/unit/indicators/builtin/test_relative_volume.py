from __future__ import annotations

import numpy as np

from symscan.indicators.builtin.relative_volume import LEAST_KNOWN, Profile

NAN = np.nan


def _play(profile: Profile, *days: list[list[float]]) -> Profile:
    """Days of slots of one value per row."""
    everyone = np.ones(profile.rows, np.bool_)
    for day in days:
        for slot, values in enumerate(day):
            profile.record(slot, everyone, np.array(values, float))
        profile.end_session()
    return profile


def _means(profile: Profile, slots: int) -> list[list[float]]:
    return [profile.mean(slot).tolist() for slot in range(slots)]


def test_means_by_slot_need_five_known_days() -> None:
    profile = _play(Profile(2), *([[float(day), NAN], [10.0, 4.0]] for day in range(4)))
    np.testing.assert_array_equal(_means(profile, 2), np.full((2, 2), NAN))
    assert LEAST_KNOWN == 5
    _play(profile, [[6, 1], [20, 4]])
    np.testing.assert_array_equal(_means(profile, 3), [[12 / 5, NAN], [12, 4], [NAN, NAN]])


def test_the_running_session_does_not_count_yet() -> None:
    profile = _play(Profile(1), *[[[2.0]]] * 5)
    profile.record(0, np.ones(1, np.bool_), np.array([100.0]))
    assert profile.mean(0) == 2.0
    profile.end_session()
    assert profile.mean(0) == 110 / 6


def test_shorter_sessions_are_left_out_wherever_they_stand() -> None:
    full, half = [[1.0], [2.0], [3.0]], [[99.0], [99.0]]
    for days in ([half, *[full] * 5], [*[full] * 5, half], [*[full] * 2, half, *[full] * 3, half]):
        assert _means(_play(Profile(1), *days), 3) == [[1], [2], [3]]


def test_rows_are_put_forgotten_and_widened() -> None:
    days = [[[1.0, 2.0], [3.0, NAN]]] * 5
    profile = Profile(3)
    profile.assign_rows(np.array([2, 0]), _play(Profile(2), *days))
    wide = profile.widened(4)
    np.testing.assert_array_equal(_means(wide, 2), [[2, NAN, 1, NAN], [NAN, NAN, 3, NAN]])
    wide.forget(np.array([2]))
    np.testing.assert_array_equal(_means(wide, 1), [[2, NAN, NAN, NAN]])


def test_values_of_rows_that_are_not_meant_stay() -> None:
    profile = Profile(2)
    for _ in range(5):
        profile.record(0, np.array([True, True]), np.array([1.0, 2.0]))
        profile.record(0, np.array([True, False]), np.array([3.0, 9.0]))
        profile.end_session()
    assert profile.mean(0).tolist() == [3, 2]
