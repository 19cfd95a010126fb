"""The rules of alerts over events, against what they say in words; no clock but the session's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

from support.builders import MINUTE, make_session
from support.run_events import AT, hits, scan
from symscan.alerts.decider import AlertDecider
from symscan.alerts.rules import CompiledRule, compile_rules
from symscan.config import parse_config
from symscan.errors import ConfigErrors
from symscan.model.events.alerts import AlertDecided
from symscan.model.events.feed import FeedLost
from symscan.model.events.session import Event, Hits, Outcome
from symscan.model.hit_metadata import FrameMetadata
from symscan.scanners.screens.language.terms import Kind

SESSION = make_session(minutes=390)
SCREEN = {"rsi_14_5m": Kind.NUMBER, "sector": Kind.TEXT, "kept": Kind.TRUTH}
SECOND = 1_000_000


def _rules(*rules: dict[str, Any], **scanners: Any) -> tuple[CompiledRule, ...]:
    alerts = {"targets": {"phone": {"env": "SYMSCAN_ALERT_P"}, "desk": {"url": "dbus://"}}, "rules": rules}
    known = scanners or {"gap": SCREEN, "other": None}
    listed = [{"name": name, "where": "close > 1", "pre_session": True} for name in known]
    config = parse_config(json.dumps({"alerts": alerts, "session_data_config": {"scanners": listed}}))
    return compile_rules(config, known)


def _decided(rule: dict[str, Any], *steps: Sequence[Event]) -> list[list[AlertDecided]]:
    decider = AlertDecider(_rules({"name": "r", **rule}))
    return [decider.decide(SESSION, step) for step in steps]


def _symbols(rule: dict[str, Any], *steps: Sequence[Event]) -> list[list[str]]:
    return [[one for alert in step for one in alert.symbols] for step in _decided(rule, *steps)]


def _found(*symbols: str, **changes: Any) -> Hits:
    found = hits(*symbols)
    values = {name: np.array(given, np.float64) for name, given in changes.items()}
    return Hits(found.symbols, found.new, **{**_numbers(found), **values}, metadata=found.metadata)


def _numbers(found: Hits) -> dict[str, Any]:
    names = ("price", "previous_close", "change_pct", "gap_pct", "volume", "last_bar_end")
    return {name: getattr(found, name) for name in names}


def test_who_enters_the_list_is_an_alert_and_who_stays_is_none() -> None:
    steps = [[scan(5, hits("A", "B"))], [scan(10, hits("B", "C"))], [scan(15, hits("C", "B"))]]

    assert _symbols({}, *steps) == [["A", "B"], ["C"], []]


def test_a_scan_that_was_not_ok_changes_no_list() -> None:
    failed = scan(10, outcome=Outcome.FAILED, error="no")

    assert _symbols({"on": ["left"]}, [scan(5, hits("A"))], [failed], [scan(15, hits())]) == [[], [], ["A"]]


def test_an_alert_says_what_where_and_when() -> None:
    (alert,) = _decided({"to": ["desk"]}, [scan(5, hits("A"), decided_at=AT + 5 * MINUTE + 2 * SECOND)])[0]

    assert (alert.rule, alert.targets, alert.about) == ("r", ("desk",), "hits")
    assert (alert.scanners, alert.symbols) == (("gap",), ("A",))
    assert alert.text == "A 10.00 +2.50 % (gap, rank 1, 09:35)"
    assert (alert.at, alert.decided_at) == (AT + 5 * MINUTE, AT + 5 * MINUTE + 2 * SECOND)


def test_first_is_the_first_time_of_the_session() -> None:
    again = [scan(15, hits("A", "B", new=False))]

    rule = {"first": True, "cooldown_minutes": 0}
    assert _symbols(rule, [scan(5, hits("A"))], [scan(10, hits())], again) == [["A"], [], []]


def test_max_rank_counts_from_one() -> None:
    assert _symbols({"max_rank": 2}, [scan(5, hits("A", "B", "C"))]) == [["A", "B"]]


def test_where_judges_each_hit_and_unknown_is_no() -> None:
    found = _found("A", "B", "C", change_pct=[3.1, np.nan, 2.9])

    assert _symbols({"where": "change_pct > 3"}, [scan(5, found)]) == [["A"]]
    assert _symbols({"where": "NOT change_pct > 3"}, [scan(5, found)]) == [["C"]]
    assert _symbols({"where": "rank >= 2 AND symbol <> 'C'"}, [scan(5, found)]) == [["B"]]


def test_where_reads_what_the_scanner_keeps() -> None:
    frame = pl.DataFrame({"symbol": ["A", "B", "C"], "rsi_14_5m": [80, None, 60], "sector": ["X", "Y", "X"]})
    found = hits("A", "B", "C", metadata=FrameMetadata(("A", "B", "C"), lambda: frame))
    own = hits("A", "B", metadata={"A": {"score": 7, "note": "x"}, "B": {"score": "many"}})

    assert _symbols({"where": "rsi_14_5m > 70 OR sector = 'Y'"}, [scan(5, found)]) == [["A", "B"]]
    assert _symbols({"where": "score > 5"}, [scan(5, own, scanner="other")]) == [["A"]]


def test_text_has_the_values_of_each_hit() -> None:
    own = hits("A", metadata={"A": {"score": 7, "note": "x"}})
    rule = {"text": "{rule}: {symbol} {score:.1f} {note} {atr}"}

    (alert,) = _decided(rule, [scan(5, own, scanner="other")])[0]

    assert alert.text == "r: A 7.0 x unknown"


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        ("symbol+scanner", [["A"], [], ["A"], ["B"], ["A"]]),
        ("symbol", [["A"], [], [], ["B"], ["A"]]),
        ("rule", [["A"], [], [], [], ["A"]]),
    ],
)
def test_the_cooldown_is_of_a_symbol_or_of_the_rule(per: str, expected: list[list[str]]) -> None:
    steps = [
        [scan(5, hits("A"))],
        [scan(6, hits()), scan(7, hits("A"))],
        [scan(8, hits("A"), scanner="other")],
        [scan(9, hits("A", "B"))],
        [scan(10, hits()), scan(20, hits("A"))],
    ]

    assert _symbols({"per": per, "cooldown_minutes": 15}, *steps) == expected


def test_a_rule_that_is_silent_for_no_time_speaks_of_each_entry() -> None:
    steps = [[scan(5, hits("A"))], [scan(6, hits()), scan(7, hits("A"))]]

    assert _symbols({"cooldown_minutes": 0}, *steps) == [["A"], ["A"]]


def test_of_who_left_those_alone_whose_entry_was_an_alert() -> None:
    steps = [[scan(5, hits("A", "B"))], [scan(10, hits())]]

    (left,) = _decided({"on": ["entered", "left"], "max_rank": 1}, *steps)[1]
    assert left.text == "A left gap (09:40)"
    assert _symbols({"on": ["left"]}, *steps) == [[], ["A", "B"]]


def test_a_thousand_hits_of_one_step_are_one_message() -> None:
    symbols = [f"S{number:04}" for number in range(1000)]

    ((alert,),) = _decided(
        {}, [scan(5, hits(*symbols[:600])), scan(5, hits(*symbols[600:]), scanner="other")]
    )

    lines = alert.text.splitlines()
    assert (lines[0], lines[1][:5], lines[-1], len(lines)) == ("1,000 entered:", "S0000", "and 990 more", 12)
    assert list(alert.symbols) == symbols


def test_as_many_as_bundle_above_are_a_message_each() -> None:
    assert len(_decided({"bundle_above": 2}, [scan(5, hits("A", "B"))])[0]) == 2
    assert len(_decided({"bundle_above": 2}, [scan(5, hits("A", "B", "C"))])[0]) == 1


def test_a_message_is_short_whatever_the_template() -> None:
    (alert,) = _decided({"text": "x" * 5000}, [scan(5, hits("A"))])[0]

    assert len(alert.text) == 1500


def test_what_is_decided_late_is_not_sent_and_counted() -> None:
    decider = AlertDecider(_rules({"name": "r", "max_age_seconds": 60}))
    late = scan(5, hits("A", "B"), decided_at=AT + 6 * MINUTE + 1)

    assert decider.decide(SESSION, [late]) == []
    assert decider.late == {"r": 2}
    (alert,) = decider.decide(SESSION, [scan(7, hits("A", "B", "C"), decided_at=AT + 8 * MINUTE)])
    assert alert.symbols == ("C",)


def test_conditions_are_alerts_of_their_own_rules() -> None:
    rule = {"conditions": ["feed_lost", "scan_failed"]}
    failed = scan(10, outcome=Outcome.FAILED, error="division by zero")

    steps = _decided(rule, [FeedLost(AT, "gone")], [FeedLost(AT + MINUTE, "gone")], [failed])

    assert [[alert.about for alert in step] for step in steps] == [["feed_lost"], [], ["scan_failed"]]
    assert steps[2][0].text == "09:40:00  scanner 'gap' failed: division by zero"
    assert _decided(rule, [scan(5, hits("A"))]) == [[]]


def test_the_same_steps_give_the_same_alerts_and_other_alerts_have_other_ids() -> None:
    steps = [[scan(5, hits("A"))], [scan(10, hits())], [scan(30, hits("A"))]]

    first, again = _decided({}, *steps), _decided({}, *steps)

    assert first == again
    assert len({alert.id for step in first for alert in step}) == 2


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"where": "rsi_14_1m > 70", "scanners": ["gap"]}, "'rsi_14_1m' is no value that is kept with these"),
        ({"where": "score > 70", "scanners": ["gap"]}, "'score' is not known"),
        ({"where": "change_pct >", "scanners": ["gap"]}, "alerts.rules[0].where"),
        ({"where": "change_pct", "scanners": ["gap"]}, "a condition"),
        ({"where": "change_pct > AVG(change_pct)"}, "each hit by itself"),
        ({"where": "in_scanner('gap')", "scanners": ["gap"]}, "is no value"),
        ({"text": "{scor}", "scanners": ["gap"]}, "'scor' is no value that is kept with these hits"),
        ({"text": "{price:d}"}, "does not fit a number"),
        ({"conditions": ["feed_los"]}, "there is no condition 'feed_los'; there are: feed_lost, "),
    ],
)
def test_what_a_rule_may_not_say_is_refused_with_its_place(rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        _rules({"name": "r", **rule})

    assert message in str(caught.value)
    assert "config.json:1:" in str(caught.value)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ConfigErrors) as caught:
        _rules({"name": "a", "text": "{"}, {"name": "b", "where": "(", "text": "{"})

    assert len(caught.value.errors) == 3
