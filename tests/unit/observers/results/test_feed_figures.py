"""What went wrong with a feed, in figures."""

from __future__ import annotations

from support.builders import MINUTE, make_session
from symscan.model.bar import LateKind
from symscan.model.events.feed import (
    BarsCorrected,
    BarsLost,
    BarsRefused,
    FeedConnected,
    FeedDroppedBars,
    FeedLost,
    SubscriptionLimited,
)
from symscan.observers.results.summary import RunSummary

SESSION = make_session(minutes=30)
AT = SESSION.open + 10 * MINUTE


def test_a_feed_without_a_fault_is_not_mentioned() -> None:
    summary = RunSummary()
    summary.observe(SESSION, FeedConnected(AT, "script"))
    assert "feed_faults" not in summary.as_record()
    assert list(summary.feed.warnings()) == []


def test_what_a_feed_lacked_is_counted() -> None:
    summary = RunSummary()
    for event in (
        FeedLost(AT, "reset"),
        FeedDroppedBars(AT, AT - 2 * MINUTE, "slow client"),
        FeedDroppedBars(AT, AT - MINUTE, "slow client"),
        BarsCorrected(AT, AT - MINUTE, ("A", "B"), LateKind.RECOVERED, AT),
        BarsCorrected(AT, AT - MINUTE, ("C",), LateKind.LATE, AT),
        BarsRefused(AT, 3, "dated in the future"),
        SubscriptionLimited(AT, 2, ("A", "B")),
        SubscriptionLimited(AT, 2, ()),
    ):
        summary.observe(SESSION, event)
    counts = {"disconnected": 1, "dropped": 2, "recovered": 2, "refused": 3, "left_out": 2}
    assert summary.as_record()["feed_faults"] == {**counts, "lost": []}
    assert (
        next(summary.feed.warnings())
        == "the feed lost bars 2 times; scans before they were fetched lacked 2 of them"
    )
    summary.observe(SESSION, BarsLost(AT, AT - 2 * MINUTE, AT, (), "busy"))
    (span,) = summary.as_record()["feed_faults"]["lost"]
    assert span == {
        "since": "2018-02-27T14:38:00Z",
        "until": "2018-02-27T14:40:00Z",
        "symbols": [],
        "reason": "busy",
    }
    assert next(summary.feed.warnings()) == "bars after 09:38 and up to 09:40 may be missing: busy"
