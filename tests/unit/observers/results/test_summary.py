from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from support.builders import make_session
from symscan.model.events.session import Event, Outcome
from symscan.observers.results.summary import RunSummary

SESSION = make_session()


@pytest.fixture
def summary(events: list[Event]) -> RunSummary:
    made = RunSummary()
    for event in events:
        made.observe(SESSION, event)
    return made


def test_the_figures_of_a_scanner(summary: RunSummary) -> None:
    gap = summary.as_record()["scanners"]["gap"]
    first = gap.pop("first_hits")
    assert gap == {
        "scans": 4,
        "failed": 1,
        "skipped": 1,
        "judged": 6,
        "unknown": {"stale": 1, "warming": 2},
        "hits": 3,
        "new": 2,
        "symbols": 2,
        "notes": ["ValueError: <x at 0x7fff12345678>"],
    }
    assert [(hit["symbol"], hit["at"], hit["price"]) for hit in first] == [
        ("B", "2018-02-27T14:30:00Z", 10.0),
        ("A", "2018-02-27T14:30:00Z", 10.0),
    ]


def test_a_scanner_that_never_scanned_is_named(summary: RunSummary) -> None:
    record = summary.as_record()
    assert list(record["scanners"]) == ["gap", "off"]
    assert record["scanners"]["off"]["scans"] == 0
    assert record["scanners"]["off"]["notes"] == ["2018-02-27: setup() returned False"]


def test_sessions_and_warnings(summary: RunSummary, events: list[Event]) -> None:
    for event in events[:2]:  # a second session that is never closed
        summary.observe(SESSION, event)
    record = summary.as_record()
    assert (record["sessions"], record["completed"]) == (["2018-02-27"] * 2, ["2018-02-27"])
    assert record["warnings"] == ["mind the gap"]


def test_the_first_ten_new_hits_are_kept(make: dict[str, Callable[..., Any]]) -> None:
    summary = RunSummary()
    for minute in range(4):
        is_new = minute != 1
        symbols = [f"S{minute if is_new else 0}{number}" for number in range(4)]
        summary.observe(SESSION, make["scan"](minute, make["hits"](*symbols, new=is_new)))
    record = summary.as_record()["scanners"]["gap"]
    assert [hit["symbol"][1] for hit in record["first_hits"]] == ["0"] * 4 + ["2"] * 4 + ["3"] * 2
    assert (record["hits"], record["new"], record["symbols"]) == (16, 12, 12)


def test_a_timeout_counts_as_failed(make: dict[str, Callable[..., Any]]) -> None:
    summary = RunSummary()
    summary.observe(SESSION, make["scan"](1, outcome=Outcome.TIMED_OUT))
    assert summary.as_record()["scanners"]["gap"]["failed"] == 1


def test_the_record_is_json(make: dict[str, Callable[..., Any]]) -> None:
    summary = RunSummary()
    summary.observe(SESSION, make["scan"](1, make["hits"]("A", price=float("nan"))))
    record = json.loads(json.dumps(summary.as_record(), allow_nan=False))
    assert record["scanners"]["gap"]["first_hits"][0]["price"] is None
