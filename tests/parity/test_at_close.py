"""Scans at the close live: when they come, what they wait for, and that nothing of them is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.live_replay import Played, converged, parity_of, play_backtest, play_live, same
from support.projects import HALF_DAY, Project, screen
from support.runs import lines_without

AT_CLOSE = Project(
    [
        screen("both", "sma_2_1d > 0 AND close > 0", "30m", at_close=True, show=["volume_ratio_2_1d"]),
        {"name": "day", "universe": "u.txt", "where": "close > sma_2_1d", "at_close": True},
    ]
)


def _scans_at_close(played: Played) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in played.run.lines("journal.jsonl")]
    return [line for line in lines if line["event"] == "scan_finished" and line.get("phase") == "at_close"]


def test_live_is_the_backtest(tmp_path: Path, store: Path) -> None:
    config = AT_CLOSE.at(tmp_path)
    backtest, live = (
        play_backtest(tmp_path, config, store, HALF_DAY),
        play_live(tmp_path, config, store, HALF_DAY),
    )
    same(live, backtest)
    converged(live.coordinator, backtest.coordinator)
    assert [one["scanner"] for one in _scans_at_close(live)] == ["both", "day"]
    assert parity_of(tmp_path).differences == ()


def test_the_day_is_complete_a_minute_after_the_last_correction(tmp_path: Path, store: Path) -> None:
    config = AT_CLOSE.at(tmp_path)
    live = play_live(tmp_path, config, store, HALF_DAY, faults="late=0.3:40s")
    decided = {one["decided_at"] for one in _scans_at_close(live)}
    lines = [json.loads(line) for line in live.run.lines("journal.jsonl")]
    corrected = [one["arrived_at"] for one in lines if one["event"] == "bars_corrected"]
    after = [one for one in corrected if one[11:16] == "18:00"]
    assert after
    assert decided == {max(after).replace("18:00", "18:01")}
    assert [one for one in parity_of(tmp_path).differences if one.cause is None] == []


@pytest.mark.slow
@pytest.mark.parametrize("updates_left", [3, 2, 1])
def test_a_session_broken_off_at_its_close_scans_when_it_is_resumed(
    tmp_path: Path, store: Path, updates_left: int
) -> None:
    config = AT_CLOSE.at(tmp_path)
    counted: list[int] = []
    whole = play_live(tmp_path, config, store, HALF_DAY, out="whole", look=counted.append)
    broken = play_live(tmp_path, config, store, HALF_DAY, until=len(counted) - updates_left)
    assert _scans_at_close(broken) == []
    last = json.loads(broken.run.lines("journal.jsonl")[-1])
    assert last["event"] in ("warned", "scanner_done")
    warned = [
        one
        for one in broken.run.lines("journal.jsonl")
        if "'both' and 'day' did not scan at the close" in one
    ]
    assert len(warned) == 1
    resumed = play_live(tmp_path, config, store, HALF_DAY, resume=True)
    for name in ("hits.csv", "unknown.csv", "episodes.csv"):
        assert lines_without(resumed.run.folder / name) == lines_without(whole.run.folder / name)
    assert [one["scanner"] for one in _scans_at_close(resumed)] == ["both", "day"]
    assert parity_of(tmp_path).differences == ()
