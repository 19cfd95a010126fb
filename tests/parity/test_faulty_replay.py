"""Whatever is wrong with a feed: every difference has a cause, and in the end the session knows its bars."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.live_replay import converged, parity_of, play_live, recorded_backtest
from support.projects import HALF_DAY, ISOLATED, PROJECTS

_SHARES = st.sampled_from(["0.002", "0.02", "0.2"])


def _sample(name: str, *delays: str) -> st.SearchStrategy[str]:
    return st.builds(lambda share, delay: f"{name}={share}:{delay}", _SHARES, st.sampled_from(delays))


def _one_of(name: str, *values: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{name}={value}" for value in values])


FAULTS = st.builds(
    lambda seed, parts: ",".join([f"seed={seed}", *parts]),
    st.integers(0, 10**6),
    st.tuples(
        st.sampled_from(["fetch_fails=0", "fetch_fails=2"]),
        _sample("late", "500ms", "5s", "90s", "6m"),
        _sample("correct", "1s", "30s", "10m"),
        _sample("duplicate", "0s", "3s", "5m"),
        _one_of("drop", "0", "0.001", "0.02"),
        _one_of("silence", "09:31-09:36", "10:31-10:35", "11:00-11:03"),
        _one_of("disconnect", "09:29-09:31", "10:00:30-10:07:10", "11:02-11:04", "12:58-12:59"),
    ).flatmap(lambda parts: st.lists(st.sampled_from(parts), min_size=1, max_size=5, unique=True)),
)


@pytest.mark.slow
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(faults=FAULTS, name=st.sampled_from([*PROJECTS]), limit=st.sampled_from([None, None, 6]))
def test_every_difference_has_a_cause(
    faults: str, name: str, limit: int | None, tmp_path_factory: pytest.TempPathFactory, store: Path
) -> None:
    folder = tmp_path_factory.mktemp("faulty")
    config = PROJECTS[name].at(folder, live_config={"max_symbols": limit} if limit else {})
    live = play_live(folder, config, store, HALF_DAY, faults)
    parity = parity_of(folder)
    assert [one for one in parity.differences if one.cause is None] == []
    assert parity.scans > 40 and parity.is_over
    converged(live.coordinator, recorded_backtest(folder))


@pytest.mark.slow
def test_in_processes_of_their_own(tmp_path: Path, store: Path) -> None:
    config = ISOLATED.at(tmp_path)
    live = play_live(
        tmp_path, config, store, HALF_DAY, "late=0.05:90s,correct=0.02:30s,disconnect=10:02-10:07"
    )
    parity = parity_of(tmp_path)
    assert parity.differences and parity.unexplained == 0
    assert set(parity.by_cause()) <= {"late bar", "corrected bar", "recovered bar"}
    converged(live.coordinator, recorded_backtest(tmp_path))


@pytest.mark.slow
def test_who_is_left_out_is_no_stranger(tmp_path: Path, store: Path) -> None:
    """The store has the bars of those that could not be subscribed; the session never had."""
    config = PROJECTS["built-in"].at(tmp_path, live_config={"max_symbols": 5})
    play_live(tmp_path, config, store, HALF_DAY)
    assert parity_of(tmp_path).unexplained == 0
