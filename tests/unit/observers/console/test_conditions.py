from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.builders import MINUTE, make_session
from symscan.model.events.feed import (
    BarsLost,
    BarsRefused,
    FeedDroppedBars,
    FeedLost,
    FeedNotice,
    FeedRecovered,
    FeedSilent,
    LagBegan,
    LagEnded,
    Readiness,
    SubscriptionLimited,
)
from symscan.model.events.session import Event, Outcome, ScannerDisabled, Warned
from symscan.model.events.trading import StrategyFailed
from symscan.model.instant import SECOND
from symscan.observers.console.conditions import Conditions

SESSION = make_session()
AT = SESSION.open + MINUTE
Make = dict[str, Callable[..., Any]]


class Told:
    """What was said loudly, and otherwise."""

    def __init__(self, *events: Event) -> None:
        self.loud: list[tuple[str, dict[str, Any]]] = []
        self.plain: list[tuple[str, dict[str, Any]]] = []
        conditions = Conditions(
            lambda line, record: self.loud.append((line, record)),
            lambda line, record: self.plain.append((line, record)),
        )
        for event in events:
            conditions.observe(SESSION, event)

    @property
    def kinds(self) -> list[str]:
        return [record["condition"] for _, record in self.loud]

    @property
    def messages(self) -> list[str]:
        return [record["message"] for _, record in self.loud]


@pytest.mark.parametrize(
    ("event", "kind", "message"),
    [
        (FeedLost(AT, "reset by peer"), "feed_lost", "the feed is lost, time stands still: reset by peer"),
        (
            FeedRecovered(AT, AT - MINUTE, 1),
            "feed_recovered",
            "1 bar since 09:30:00 had been missed and are fetched",
        ),
        (FeedRecovered(AT, AT - MINUTE, 0), "feed_recovered", "no bar since 09:30:00 had been missed"),
        (FeedSilent(AT, AT - 90 * SECOND), "feed_silent", "no bar for 90 s, since 09:29:30"),
        (FeedNotice(AT, "slow client"), "feed_notice", "the feed says: slow client"),
        (LagBegan(AT, 31.4), "lag_began", "behind the feed by 31 s; scans pause until it is caught up"),
        (LagEnded(AT, 3), "lag_ended", "caught up with the feed; 3 scans skipped"),
        (Warned(AT, "mind"), "warning", "mind"),
        (
            FeedDroppedBars(AT, AT - 120 * SECOND, "slow client"),
            "feed_dropped_bars",
            "bars were lost, those since 09:29:00 are fetched: slow client",
        ),
        (
            BarsLost(AT, AT - 120 * SECOND, AT, ("A", "B"), "busy"),
            "bars_lost",
            "bars of 2 symbols after 09:29 and up to 09:31 may be missing: busy",
        ),
        (BarsRefused(AT, 2, "2 bars were dated"), "bars_refused", "2 bars were dated"),
        (
            SubscriptionLimited(AT, 30, tuple("ABCDEFG")),
            "subscription_limited",
            "7 symbols got no place among the 30 that may be subscribed: A, B, C, D, E and 2 more",
        ),
        (
            SubscriptionLimited(AT, 30, ()),
            "subscription_limited",
            "all symbols fit into the 30 that may be subscribed",
        ),
        (
            StrategyFailed(AT, "s", "on_hits", "ValueError: no"),
            "strategy_failed",
            "strategy 's' is called no more: on_hits(): ValueError: no",
        ),
    ],
)
def test_what_happens_to_the_session_is_loud(event: Event, kind: str, message: str) -> None:
    told = Told(event)
    record = {"type": "condition", "condition": kind, "at": "2018-02-27T14:31:00Z", "scanner": None}
    assert told.loud == [(f"09:31:00  {message}", {**record, "message": message})]
    assert told.plain == []


def test_the_session_s_readiness_is_one_line() -> None:
    told = Told(Readiness(AT, True, 300, 298, 12.3))
    ((line, record),) = told.plain
    assert line == ("09:31:00  ready: connected, 300 symbols, 298 with a previous close, clock offset +12 ms")
    assert record == {
        "type": "readiness",
        "at": "2018-02-27T14:31:00Z",
        "connected": True,
        "symbols": 300,
        "with_previous_close": 298,
        "clock_offset_ms": 12.3,
    }
    assert told.loud == []


def test_not_to_be_connected_is_loud() -> None:
    told = Told(Readiness(AT, False, 1, 0, None))
    ((line, _),) = told.loud
    assert line == "09:31:00  not connected, 1 symbol, 0 with a previous close, clock offset unknown"
    assert told.plain == []


def test_a_scan_that_failed_or_timed_out_is_loud_each_time(make: Make) -> None:
    failed = make["scan"](1, outcome=Outcome.FAILED, error="ValueError: no\n  really", judged=0, unknown=0)
    timed_out = make["scan"](2, outcome=Outcome.TIMED_OUT, error="longer than 30 s", judged=0, unknown=0)
    told = Told(failed, timed_out, failed)
    assert told.kinds == ["scan_failed", "scan_timed_out", "scan_failed"]
    assert told.loud[0][0] == "09:31:00  scanner 'gap' failed: ValueError: no really"
    assert told.messages[1] == "scanner 'gap' timed out: longer than 30 s"
    assert told.loud[0][1]["scanner"] == "gap"


def test_two_skipped_scans_in_a_row_are_loud_once_and_so_is_their_end(make: Make) -> None:
    skipped = [make["scan"](n, outcome=Outcome.SKIPPED, error="still running", unknown=0) for n in range(3)]
    other = make["scan"](1, scanner="other", outcome=Outcome.SKIPPED, unknown=0)
    good = make["scan"](4, unknown=0)
    told = Told(skipped[0], good, skipped[0], other)
    assert told.kinds == []
    told = Told(*skipped, good, good)
    assert told.messages == [
        "scanner 'gap' was skipped twice in a row: still running",
        "scanner 'gap' scans again, after 3 skipped scans",
    ]
    assert told.kinds == ["scanner_skipped", "scanner_resumed"]


def test_a_scanner_that_is_out_is_said_to_be_once(make: Make) -> None:
    skipped = [make["scan"](n, outcome=Outcome.SKIPPED, unknown=0) for n in range(3)]
    told = Told(ScannerDisabled(AT, "gap", "setup() returned False"), *skipped)
    assert told.messages == ["scanner 'gap' takes no part: setup() returned False"]


def test_too_many_unknown_are_told_when_they_rise_and_when_they_fall(make: Make) -> None:
    def scan(minute: int, unknown: int, **more: Any) -> Event:
        made: Event = make["scan"](minute, universe=1000, judged=1000 - unknown, unknown=unknown, **more)
        return made

    failed = scan(5, 0, outcome=Outcome.FAILED, error="x")
    told = Told(scan(1, 100), scan(2, 101), scan(3, 900), scan(4, 101), failed, scan(6, 500), scan(7, 100))
    assert told.messages == [
        "scanner 'gap' cannot judge 101 of 1,000 symbols (10%)",
        "scanner 'gap' failed: x",
        "scanner 'gap' judges again: 100 of 1,000 symbols are unknown to it",
    ]
    assert told.kinds == ["unknown_above", "scan_failed", "unknown_below"]


def test_a_scanner_without_symbols_knows_all_of_them(make: Make) -> None:
    assert Told(make["scan"](1, universe=0, judged=0, unknown=0)).loud == []


def test_a_teardown_that_failed_is_loud(make: Make) -> None:
    told = Told(make["done"](4), make["done"](5, error="teardown() raised ValueError: no"))
    assert told.messages == ["scanner 'gap': teardown() raised ValueError: no"]
