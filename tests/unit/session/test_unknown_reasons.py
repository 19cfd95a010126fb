from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from support.builders import NAN, make_block, rows
from symscan.indicators.registry import spec_of
from symscan.model.interval import ONE_DAY, ONE_WEEK, Interval
from symscan.session.unknown_reasons import Missing, Reason

ME = "scanner:me"
FAST, DAILY = spec_of("sma_2_1m"), spec_of("sma_1_1d")


def _reasons(playing: Any, reads: Sequence[str] | None, max_age: float | None = None) -> list[str]:
    return [Reason(code).text for code in Missing(playing.data, ME).reasons(reads, max_age)]


@pytest.fixture
def played(playing: Any) -> Any:
    """A has everything; B traded before the open alone; C did not trade."""
    data = playing.data
    data.readings.previous_close[:3] = [10, 20, NAN]
    for spec in (FAST, DAILY):
        data.request_indicator(spec, ME, rows(0, 1, 2))
    data.indicators.rebuild(DAILY, rows(0, 1), [make_block(1, 10.0, 20.0)])
    playing.minute(0, None, 21.0, None)
    for minute in (1, 2):
        playing.minute(minute, 11.0, None, None)
    return playing


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        (["close"], ["none", "no_bar_today", "no_bar_today"]),
        (["previous_close"], ["none", "none", "no_previous_close"]),
        (["change_pct"], ["none", "no_bar_today", "no_bar_today"]),
        (["premarket_high"], ["no_premarket_bar", "none", "no_premarket_bar"]),
        (["sma_1_1d"], ["none", "none", "warming"]),
        (["sma_2_1m"], ["none", "no_bar_today", "no_bar_today"]),
        (["sma_1_1d", "previous_close", "premarket_high"], ["no_premarket_bar", "none", "no_previous_close"]),
        ([], ["none", "none", "none"]),
        (None, ["none", "no_bar_today", "no_bar_today"]),
    ],
)
def test_what_is_missing_depends_on_what_is_read(
    played: Any, reads: list[str] | None, expected: list[str]
) -> None:
    assert _reasons(played, reads) == expected


def test_before_the_open_the_last_premarket_bar_is_todays(playing: Any) -> None:
    playing.minute(0, None, 21.0, None)
    assert _reasons(playing, ["close"]) == ["no_bar_today", "none", "no_bar_today"]


def test_a_symbols_reason_does_not_depend_on_the_others(playing: Any) -> None:
    """Also where all others are known: C has neither a previous close nor a bar, and the bar tells more."""
    playing.data.readings.previous_close[:3] = [10, 20, NAN]
    playing.minute(1, 11.0, 21.0, None)
    assert _reasons(playing, ["change_pct"]) == ["none", "none", "no_bar_today"]


def test_the_first_reason_that_applies_is_given(played: Any) -> None:
    """Whatever is read, in whatever order: the more telling reason comes first."""
    everything = ["premarket_high", "sma_2_1m", "sma_1_1d", "gap_pct", "close"]
    data = played.data
    assert _reasons(played, everything, 1)[0] == "no_premarket_bar"
    data.premarket.grid.last[0] = 0
    assert _reasons(played, everything, 1)[0] == "none"
    for minute in (3, 4):
        played.minute(minute, None, None, None)
    assert _reasons(played, everything, 1)[0] == "stale"
    data.indicators.forget(rows(0))
    data.add_candidates(ME, ["A"])
    assert _reasons(played, everything, 1)[0] == "warming"
    data.readings.previous_close[0] = NAN
    assert _reasons(played, everything, 1)[0] == "no_previous_close"
    data.mismatched[0] = True
    assert _reasons(played, everything, 1)[0] == "basis_mismatch"
    data.regular.grid.last[0] = -1
    assert _reasons(played, everything, 1)[0] == "no_bar_today"
    data.in_store[0] = False
    assert _reasons(played, everything, 1)[0] == "not_in_store"


def test_a_mismatch_matters_to_who_reads_daily_bars(played: Any) -> None:
    played.data.mismatched[0] = True
    assert _reasons(played, ["close", "volume", "sma_2_1m"])[0] == "none"
    for name in ("previous_close", "change_pct", "gap_pct", "sma_1_1d"):
        assert _reasons(played, [name])[0] == "basis_mismatch", name


@pytest.mark.parametrize("interval", [ONE_DAY, ONE_WEEK])
def test_a_mismatch_matters_to_who_requested_daily_bars(playing: Any, interval: Interval) -> None:
    playing.minute(1, 11.0, 21.0, None)
    playing.data.mismatched[0] = True
    assert _reasons(playing, None)[:2] == ["none", "none"]
    playing.data.requested.add(ME, interval)
    assert _reasons(playing, None)[:2] == ["basis_mismatch", "none"]
    assert _reasons(playing, ["close"])[:2] == ["none", "none"]


@pytest.mark.parametrize(("minutes", "reason"), [(5, "none"), (6, "stale")])
def test_stale_is_older_than_the_limit(playing: Any, minutes: int, reason: str) -> None:
    playing.minute(1, 10.0, 10.0, 10.0)
    for minute in range(2, 2 + minutes):
        playing.minute(minute, None, 11.0, None)
    assert _reasons(playing, ["close"], 5) == [reason, "none", reason]


def test_reasons_follow_what_happens(playing: Any) -> None:
    """One object over a session: what cannot change between requests is worked out once, the rest anew."""
    missing = Missing(playing.data, ME)
    reads = ["close", "sma_2_1m"]
    playing.data.request_indicator(FAST, ME, rows(0, 1, 2))
    seen = []
    for minute in (1, 2):
        playing.minute(minute, 10.0, None, None)
        seen.append(Reason(missing.reasons(reads)[0]).text)
    playing.data.add_rows(["D"])
    playing.data.add_candidates(ME, ["D"])
    seen += [Reason(code).text for code in missing.reasons(reads)]
    assert seen == ["warming", "none", "none", "no_bar_today", "no_bar_today", "not_in_store"]


def test_nobody_is_judged_where_there_are_no_candidates(playing: Any) -> None:
    assert Missing(playing.data, "scanner:new").reasons(None).tolist() == []


def test_what_is_to_be_read_and_was_never_requested(playing: Any) -> None:
    playing.minute(1, 10.0, 20.0, None)
    assert _reasons(playing, ["close", "sma_2_1d"]) == ["not_requested", "not_requested", "no_bar_today"]
    playing.data.requested.add(ME, spec_of("sma_2_1d"))
    playing.data.add_candidates(ME, ["A"])
    assert _reasons(playing, ["close", "sma_2_1d"]) == ["warming", "warming", "no_bar_today"]
