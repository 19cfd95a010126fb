"""Intervals hold the truth as often as they say, where nobody can know anything: the table, smaller.

The bounds are those of the full table (200 markets of 44 sessions and 284 symbols,
``benchmarks/calibration.py``), widened to what 40 markets can tell: three standard errors of a share of 95%
are 10 points there.
"""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::RuntimeWarning")]

MARKETS = 40
HONEST = ("random", "random_stays", "random_timed", "random_volatile", "up1", "up1_entered", "dips")
NEAR = ("30m", "close", "next_open")


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str, str], Any]:
    """What each scanner and horizon came to on placebos of one market."""
    path = Path(__file__).parents[2] / "benchmarks" / "calibration.py"
    spec = spec_from_file_location("benchmarks_calibration", path)
    assert spec is not None and spec.loader is not None
    calibration = sys.modules["benchmarks_calibration"] = module_from_spec(spec)
    spec.loader.exec_module(calibration)
    market = calibration.generate(sessions=60, symbols=100)
    return calibration.calibrate(market, MARKETS, fewer=(5, 10))


@pytest.mark.parametrize("scanner", HONEST)
def test_an_honest_scanner_has_no_excess(rows: dict, scanner: str) -> None:
    for horizon in (*NEAR, "5d"):
        row = rows[scanner, horizon, "excess"]
        assert abs(row.mean) < 3 * row.error, horizon


@pytest.mark.parametrize("scanner", HONEST)
def test_the_clustered_interval_covers_what_it_says(rows: dict, scanner: str) -> None:
    for horizon in (*NEAR, "30m/5", "30m/10"):
        assert np.mean(rows[scanner, horizon, "excess"].clustered) >= 0.85, horizon
    assert np.mean(rows[scanner, "5d", "excess"].clustered) >= 0.80


def test_on_the_average_it_covers_95_percent(rows: dict) -> None:
    shares = [np.mean(rows[scanner, horizon, "excess"].clustered) for scanner in HONEST for horizon in NEAR]
    assert 0.93 <= np.mean(shares) <= 0.98


def test_the_interval_of_independent_hits_covers_far_too_seldom(rows: dict) -> None:
    assert np.mean(rows["up1", "close", "excess"].plain) < 0.6
    assert np.mean(rows["up1", "close", "raw"].plain) < 0.4


def test_what_sees_the_future_is_seen_on_every_market(rows: dict) -> None:
    row = rows["peek", "30m", "excess"]
    assert min(row.means) > 20 * row.error
    assert not any(row.clustered)


def test_a_planted_edge_comes_back_with_its_interval(rows: dict) -> None:
    row = rows["planted", "30m", "excess"]
    assert abs(row.mean - 5.0) < 3 * row.error
    assert np.mean(row.clustered) >= 0.85


def test_controls_barred_by_what_happens_later_make_an_edge_of_nothing(rows: dict) -> None:
    later, before = (
        rows["not hit all day", "close", "excess"],
        rows["not hit so far today", "close", "excess"],
    )
    assert later.mean > 20 * later.error
    assert abs(before.mean) < 3 * before.error


def test_matching_narrows_the_interval_of_the_volatile(rows: dict) -> None:
    raw, matched = (np.median(rows["random_volatile", "5d", kind].widths) for kind in ("raw", "excess"))
    assert matched < raw / 2
