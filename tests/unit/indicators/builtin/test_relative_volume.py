from __future__ import annotations

import re

import numpy as np
import pytest

from symscan.errors import SpecError
from symscan.indicators.builtin.relative_volume import LEAST_KNOWN, Profile
from symscan.indicators.manager import IndicatorManager
from symscan.indicators.registry import create, spec_of
from symscan.model.bar import Block
from symscan.model.instant import MINUTE
from symscan.model.specs import IndicatorConfig

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


def _minute(session: int, minute: int, *volumes: float) -> Block:
    """The bars of one minute before the open of a session, one row each; NaN is a row without a bar."""
    volume = np.array(volumes)
    present = ~np.isnan(volume)
    fields = np.stack([*np.where(present, 10.0, NAN) * np.ones((4, 1)), np.where(present, volume, 0.0)])
    return Block(session * 24 * 60 * MINUTE + minute * MINUTE, fields, present)


def _premarkets() -> list[Block]:
    """Five sessions: row 0 trades at minutes 1 and 3, row 1 from minute 2 and not on the first day."""
    return [
        block
        for session in range(5)
        for block in (
            _minute(session, 1, 10.0 * session, NAN),
            _minute(session, 2, NAN, NAN if session == 0 else 7.0),
            _minute(session, 3, 100.0, NAN if session == 0 else 0.0),
        )
    ]


@pytest.mark.parametrize("begins_later", [False, True])
@pytest.mark.parametrize("is_corrected", [False, True])
def test_premarket_volume_is_compared_by_the_minute(*, begins_later: bool, is_corrected: bool) -> None:
    """A session whose first bars come later, and whose first holder had no symbols, counts as the others."""
    spec, begins = spec_of("premarket_relative_volume_5"), 5 * 24 * 60 * MINUTE
    manager = IndicatorManager(2, begins + 330 * MINUTE, begins + 330 * MINUTE, begins)
    blocks = [_minute(5, minute, NAN, NAN) for minute in ((2, 3) if begins_later else (1, 2, 3))]
    manager.request(spec, "nobody", np.arange(0))
    manager.update(spec.interval, blocks[0])
    rows = manager.request(spec, "me", np.arange(2))
    manager.rebuild(spec, rows, [*_premarkets(), blocks[0]])
    for block in blocks[1:-1]:
        manager.update(spec.interval, block)
    np.testing.assert_array_equal(manager.column(spec), [NAN, NAN])
    if is_corrected:
        blocks[-2] = _minute(5, 2, 30.0, 1.0)
        manager.correct(spec.interval, rows, np.full(2, blocks[-2].end), blocks[:-1])
        np.testing.assert_array_equal(manager.column(spec), [30 / 20, NAN])  # four days know row 1
    manager.update(spec.interval, _minute(5, 3, 6.0, 1.0))
    expected = (36 if is_corrected else 6) / 120
    np.testing.assert_array_equal(manager.column(spec), [expected, NAN])


def test_premarket_volume_over_a_mean_of_nothing_is_unknown() -> None:
    one = create(spec_of("premarket_relative_volume_5"), 1)
    one.play(_minute(session, 1, 0.0) for session in range(5))
    one.play([_minute(5, 1, 9.0)])
    assert np.isnan(one.output()).all()


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("premarket_relative_volume_10_1m", "whatever their interval; write premarket_relative_volume_10"),
        ("prior.premarket_relative_volume_10", "has no value a bar earlier; write premarket_relative"),
        ("premarket_relative_volume", "takes sessions, as in premarket_relative_volume_10; 0 given"),
        ("premarket_relative_volume_4", "sessions is 4, it must be from 5 to 250"),
        ("relative_volume_10_premarket", "'premarket' is not an interval"),
    ],
)
def test_what_is_wrong_with_a_key_of_the_premarket_is_said(key: str, message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        spec_of(key)


def test_a_configuration_of_the_premarket_needs_no_interval() -> None:
    key = "premarket_relative_volume_20"
    assert spec_of(IndicatorConfig("premarket_relative_volume", period=20)).key == key
    assert spec_of(IndicatorConfig("premarket_relative_volume", period=20, interval="premarket")).key == key
    with pytest.raises(SpecError, match="write premarket_relative_volume_20"):
        spec_of(IndicatorConfig("premarket_relative_volume", period=20, interval="5m"))
