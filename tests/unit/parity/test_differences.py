"""Which differences there are between two journals, and what explains them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from support.builders import make_session
from symscan.model.instant import MINUTE, SECOND, to_iso
from symscan.parity.causes import Causes, Closed, ScannerTraits, Why
from symscan.parity.differences import Comparison, Difference
from symscan.parity.journal_events import JournalEvent, read_event

SESSION = make_session(minutes=60)
VALUES = ("price", "previous_close", "change_pct", "gap_pct", "volume")
ALONE = ScannerTraits(is_cross_sectional=False, is_stateful=False, candidates=frozenset("ABC"))
WEIGHING = ScannerTraits(is_cross_sectional=True, is_stateful=False, candidates=frozenset("ABC"))
OWN = ScannerTraits()
SINCE = to_iso(SESSION.open + 2 * MINUTE)
DROPPED: dict[str, Any] = {"event": "feed_dropped_bars", "since": SINCE, "reason": "slow client"}


def _at(minute: int) -> str:
    return to_iso(SESSION.open + minute * MINUTE)


def _event(record: dict[str, Any]) -> JournalEvent:
    event = read_event(record)
    assert event is not None
    return event


def _scan(minute: int, *symbols: str, scanner: str = "s", outcome: str = "ok", **more: Any) -> JournalEvent:
    count = len(symbols)
    hits: dict[str, Any] = {"symbols": list(symbols)}
    if symbols:
        hits |= {name: [10.0] * count for name in VALUES}
        hits |= {"new": [False] * count, "last_bar_end": [_at(minute)] * count, "metadata": {}}
    for name in (*VALUES, "new", "metadata"):
        if name in more:
            hits[name] = more.pop(name)
    head = {"at": _at(minute), "event": "scan_finished", "scanner": scanner, "phase": "regular"}
    counts = {"universe": 3, "unknown": 0, "error": None}
    return _event({**head, "outcome": outcome, **counts, "hits": hits, **more})


def _added(minute: int, symbol: str, holder: str = "scanner:s") -> JournalEvent:
    at = _at(minute)
    return _event({"at": at, "event": "symbol_added", "symbol": symbol, "holder": holder, "ready_at": at})


def _removed(minute: int, symbol: str, holder: str = "scanner:s") -> JournalEvent:
    return _event({"at": _at(minute), "event": "symbols_removed", "symbols": [symbol], "holder": holder})


def _causes(
    nature: ScannerTraits = ALONE, late: Mapping[str, int] | None = None, *, is_over: bool = True
) -> Causes:
    """Causes of a session with one step a minute; late bars, by symbol, came a step after their slice."""
    slices = {_at(minute): Closed(minute + 2, 300_000) for minute in range(61)}
    causes = Causes(SESSION, slices, {"s": nature}, 2 * SECOND, is_over)
    for symbol, minute in (late or {}).items():
        arrived = datetime.fromtimestamp(SESSION.open / 1e6 + minute * 60 + 5, UTC).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
        corrected = {"end": _at(minute), "symbols": [symbol], "kind": "late", "arrived_at": arrived}
        causes.add_event(minute + 3, _event({"event": "bars_corrected", "at": _at(minute), **corrected}))
    return causes


def _compared(
    causes: Causes, live: Sequence[JournalEvent], backtest: Sequence[JournalEvent]
) -> list[Difference]:
    return Comparison(causes).compare(live, backtest)


def _only(found: Sequence[Difference]) -> Difference:
    (one,) = found
    return one


def test_what_is_the_same_is_no_difference() -> None:
    events = [_scan(5, "A", "B"), _added(5, "A"), _removed(9, "A")]
    assert _compared(_causes(), events, [deepcopy(one) for one in events]) == []


def test_a_late_bar_explains_its_symbol() -> None:
    one = _only(_compared(_causes(late={"A": 5}), [_scan(5, "B")], [_scan(5, "A", "B")]))
    assert (one.kind, one.symbol, one.live, one.backtest) == ("hit", "A", "not found", "found")
    assert one.cause is not None and one.cause.why is Why.LATE
    assert one.cause.text == "late bar of 09:35 (5.0 s after its end; the slice was closed after 0.3 s)"


@pytest.mark.parametrize("minute", [4, 6])
def test_a_bar_explains_no_scan_that_did_not_miss_it(minute: int) -> None:
    """Before it ended nobody knew it, and from the next slice on it was in its place."""
    one = _only(_compared(_causes(late={"A": 5}), [_scan(minute)], [_scan(minute, "A")]))
    assert one.cause is None


def test_a_bar_of_another_symbol_counts_where_they_are_weighed() -> None:
    live, backtest = [_scan(5, "A")], [_scan(5, "B")]
    alone = _compared(_causes(ALONE, {"C": 5}), live, backtest)
    assert [one.cause for one in alone] == [None, None]
    for one in _compared(_causes(WEIGHING, {"C": 5}), live, backtest):
        assert one.cause is not None and one.cause.text.startswith("C, which counts here: late bar of 09:35")


def test_a_bar_of_a_symbol_nobody_looks_at_explains_nothing() -> None:
    found = _compared(_causes(WEIGHING, {"Z": 5}), [_scan(5, "A")], [_scan(5)])
    assert _only(found).cause is None


def test_readings_name_what_differs_alone() -> None:
    live = _scan(5, "A", price=[10.25], volume=[1_018_786.0], metadata={"A": {"rsi": 70.0}})
    backtest = _scan(5, "A", price=[10.5], volume=[1_022_133.0], metadata={"A": {"rsi": 71.0}})
    one = _only(_compared(_causes(late={"A": 5}), [live], [backtest]))
    assert (one.kind, one.live) == ("reading", "price 10.25, volume 1,018,786")
    assert one.backtest == "price 10.5, volume 1,022,133"


def test_metadata_are_named_where_they_alone_differ() -> None:
    metadata = [{"rsi_14_5m": [70.0], "n": [1]}, {"rsi_14_5m": [70.00000001], "n": [1]}]
    live, backtest = (_scan(5, "A", metadata=one) for one in metadata)
    one = _only(_compared(_causes(), [live], [backtest]))
    assert (one.live, one.backtest) == ("rsi_14_5m 70", "rsi_14_5m 70.00000001")
    assert one.cause is None


def test_a_previous_close_is_explained_by_no_bar_of_today() -> None:
    causes = _causes(late={"A": 5})
    one = _only(_compared(causes, [_scan(5, "A", previous_close=[9.0])], [_scan(5, "A")]))
    assert (one.live, one.cause) == ("previous_close 9", None)


def test_new_follows_from_who_was_found_before() -> None:
    live = [_scan(5), _scan(6, "A", new=[True]), _scan(7, "A")]
    backtest = [_scan(5, "A", new=[True]), _scan(6, "A"), _scan(7, "A")]
    _, second = _compared(_causes(late={"A": 5}), live, backtest)
    assert (second.live, second.backtest) == ("new", "not new")
    assert second.cause is not None and second.cause.text.startswith("from 09:35 on: late bar of 09:35")
    assert _only(_compared(_causes(), live[1:], backtest[1:])).cause is None


@pytest.mark.parametrize(
    ("outcome", "error", "why"),
    [
        ("timed_out", "scan() took longer than its timeout_seconds (5)", Why.TIMEOUT),
        ("skipped", "its scan of 10:00 (exchange time) is still running", Why.OVERLAP),
        ("skipped", "behind the feed by 40 s", Why.LAG),
        ("failed", "scan() raised KeyError: 'A'", Why.FAILED),
    ],
)
def test_a_scan_that_did_not_end_well(outcome: str, error: str, why: Why) -> None:
    live = [_scan(5, outcome=outcome, error=error), _scan(6, "A", new=[True]), _added(6, "A")]
    backtest = [_scan(5, "A", new=[True]), _added(5, "A"), _scan(6, "A")]
    ended, joined, new = _compared(_causes(), live, backtest)
    assert (ended.kind, joined.kind, new.kind) == ("scan", "readiness", "hit")
    assert (joined.live, joined.backtest) == ("ready 09:36", "ready 09:35")
    assert [one.cause.why for one in (ended, joined, new) if one.cause] == [why] * 3


def test_a_scan_of_the_backtest_alone_that_failed_has_no_cause() -> None:
    failed = _scan(5, outcome="failed", error="scan() raised KeyError: 'A'")
    assert _only(_compared(_causes(), [_scan(5, "A")], [failed])).cause is None


def test_who_remembers_may_say_otherwise_later() -> None:
    live, backtest = [_scan(5), _scan(9, "B")], [_scan(5), _scan(9)]
    assert _only(_compared(_causes(ALONE, {"A": 5}), live, backtest)).cause is None
    own = _only(_compared(_causes(OWN, {"A": 5}), live, backtest)).cause
    assert own is not None and own.text.startswith("from 09:35 on: A, which counts here: late bar")


def test_who_may_look_at_the_members_may_say_otherwise_when_they_differ() -> None:
    live = [_scan(5, "A"), _added(7, "A"), _scan(9, "B")]
    backtest = [_scan(5, "A"), _added(5, "A"), _scan(9)]
    of_hit = [one.cause for one in _compared(_causes(OWN), live, backtest) if one.kind == "hit"]
    assert of_hit[0] is not None and of_hit[0].why is Why.LOADING
    assert of_hit[0].text.startswith("A, a member it may look at: ")
    assert [one.cause for one in _compared(_causes(ALONE), live, backtest) if one.kind == "hit"] == [None]


def test_order_differs_once() -> None:
    live, backtest = [_scan(5, "A", "B", "C")], [_scan(5, "A", "C", "B")]
    one = _only(_compared(_causes(late={"C": 5}), live, backtest))
    assert (one.live, one.backtest) == ("B before C", "C before B")
    assert one.cause is not None
    assert _only(_compared(_causes(), live, backtest)).cause is None


def test_counts() -> None:
    one = _only(_compared(_causes(late={"A": 5}), [_scan(5, unknown=2)], [_scan(5, unknown=1)]))
    assert (one.kind, one.live, one.backtest) == ("count", "2 unknown", "1 unknown")
    assert one.cause is not None
    assert _only(_compared(_causes(), [_scan(5, unknown=2)], [_scan(5, unknown=1)])).cause is None


def test_who_is_ready_later_was_loaded_meanwhile() -> None:
    later = _only(_compared(_causes(), [_scan(5, "A"), _added(6, "A")], [_scan(5, "A"), _added(5, "A")]))
    assert later.cause is not None and later.cause.why is Why.LOADING
    earlier = _only(_compared(_causes(), [_scan(5, "A"), _added(5, "A")], [_scan(5, "A"), _added(6, "A")]))
    assert earlier.cause is None
    nobody = _only(_compared(_causes(), [_added(5, "A")], []))
    assert (nobody.backtest, nobody.cause) == ("never joined", None)


def test_who_left_otherwise() -> None:
    live, backtest = [_added(5, "A"), _removed(9, "A")], [_added(5, "A")]
    one = _only(_compared(_causes(), live, backtest))
    assert (one.live, one.backtest, one.cause) == ("left 09:39", "never left", None)


def test_a_scan_under_way_when_the_session_was_broken_off() -> None:
    skipped = _scan(6, outcome="skipped", error="its scan of 09:35 (exchange time) is still running")
    backtest = [_scan(5, "A"), deepcopy(skipped)]
    one = _only(_compared(_causes(is_over=False), [skipped], backtest))
    assert (one.live, one.backtest) == ("none", "ok")
    assert one.cause is not None and one.cause.why is Why.BROKEN_OFF
    assert _only(_compared(_causes(), [skipped], backtest)).cause is None
    later = [_scan(6, "A")]
    assert _only(_compared(_causes(is_over=False), later, [_scan(5, "A"), *later])).cause is None


def test_who_was_left_out_was_not_subscribed() -> None:
    causes = _causes()
    limited = _event({"event": "subscription_limited", "at": _at(0), "left_out": ["A"]})
    corrected = {"end": _at(5), "symbols": ["A"], "kind": "recovered", "arrived_at": _at(9)}
    causes.add_event(2, limited)
    causes.add_event(11, _event({"event": "bars_corrected", "at": _at(8), **corrected}))
    one = _only(_compared(causes, [_scan(5)], [_scan(5, "A")]))
    assert one.cause is not None and one.cause.why is Why.LEFT_OUT


def test_bars_that_both_sides_lack_are_named() -> None:
    """No hit shows them: the record and the backtest of it know the same too little."""
    causes = _causes(is_over=False)
    scan = [_scan(5, "A")]
    causes.add_event(2, _event(DROPPED))
    waiting = _only(_compared(causes, scan, scan))
    assert (waiting.kind, waiting.at) == ("bars", _at(2))
    assert waiting.cause is not None and waiting.cause.why is Why.LOST
    assert "slow client; the session ended, or goes on, before they were fetched" in waiting.cause.text
    lost = {"since": _at(1), "until": _at(4), "symbols": [], "reason": "busy"}
    causes.add_event(9, _event({"event": "bars_lost", "at": _at(20), **lost}))
    named = _only(_compared(causes, scan, scan)).cause
    assert named is not None and named.text == "bars after 09:31 and up to 09:34 may be missing: busy"
    over = _causes()
    over.add_event(2, _event(DROPPED))
    over.add_event(9, _event({"event": "bars_lost", "at": _at(20), **lost, "since": _at(3)}))
    assert _only(_compared(over, scan, scan)).at == _at(3)  # what the session says at its close, and no more
    causes = _causes(is_over=False)
    causes.add_event(2, _event(DROPPED))
    causes.add_event(3, _event({"event": "feed_recovered", "at": _at(5), "since": _at(2), "bars": 3}))
    assert _compared(causes, scan, scan) == []


def test_a_symbol_from_outside_whose_bars_could_not_be_fetched() -> None:
    live, backtest = _scan(5, "Z", price=[None], volume=[None]), _scan(5, "Z")
    one = _only(_compared(_causes(), [live], [backtest]))
    assert one.live == "price unknown, volume unknown"
    assert one.cause is not None and one.cause.why is Why.NOT_FETCHED
    causes = _causes()
    causes.set_first_seen({"Z": 2})
    assert _only(_compared(causes, [live], [backtest])).cause is None


def test_who_is_ready_later_is_read_no_otherwise() -> None:
    """What a symbol's bars say does not depend on when it became a member."""
    live = [_scan(5, "A"), _added(6, "A"), _scan(9, "A", price=[11.0])]
    backtest = [_scan(5, "A"), _added(5, "A"), _scan(9, "A")]
    joined, read = _compared(_causes(), live, backtest)
    assert joined.cause is not None and read.kind == "reading"
    assert read.cause is None


def test_who_was_let_go_otherwise_is_not_found() -> None:
    live = [_scan(5, outcome="failed", error="scan() raised KeyError"), _scan(7, scanner="t")]
    backtest = [_scan(5, "A"), _removed(5, "B"), _scan(7, "B", scanner="t")]
    ended, left, other = _compared(_causes(OWN), live, backtest)
    assert (left.live, left.backtest) == ("never left", "left 09:35")
    assert [one.cause.why for one in (ended, left, other) if one.cause] == [Why.FAILED] * 3
