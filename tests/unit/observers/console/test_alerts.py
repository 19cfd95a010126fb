from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from msgspec.structs import replace

from support.builders import MINUTE, NAN, make_session
from symscan.model.events.session import Event, Hits
from symscan.model.instant import SECOND
from symscan.observers.console.alerts import Alerts

SESSION = make_session()
AT = SESSION.open
Make = dict[str, Callable[..., Any]]


class Said:
    """What was said: lines and records."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.records: list[dict[str, Any]] = []

    def __call__(self, line: str, record: dict[str, Any]) -> None:
        self.lines.append(line)
        self.records.append(record)


def told(*events: Event) -> Said:
    said = Said()
    alerts = Alerts(said)
    for event in events:
        alerts.observe(SESSION, event)
    return said


def test_a_new_hit_is_one_line_and_one_record(make: Make) -> None:
    hits = replace(
        make["hits"]("B", "A", metadata={"A": {"why": "x"}}), new=np.array([False, True]), gap_pct=np.ones(2)
    )
    said = told(make["scan"](5, hits))
    # The session opens at 09:30 in New York, 14:30 UTC.
    assert said.lines == [
        "09:35:00  gap  A  10.00  change +2.50%  gap +1.00%  volume 1,000"
        "  decided 09:35:00.000  data 300.0 s old"
    ]
    assert said.records == [
        {
            "type": "hit",
            "symbol": "A",
            "scanner": "gap",
            "price": 10.0,
            "change_pct": 2.5,
            "gap_pct": 1.0,
            "volume": 1000.0,
            "scan_at": "2018-02-27T14:35:00Z",
            "decided_at": "2018-02-27T14:35:00Z",
            "data_age_seconds": 300.0,
            "last_bar_end": "2018-02-27T14:30:00Z",
            "rank": 2,
            "metadata": {"why": "x"},
        }
    ]


def test_the_data_s_age_counts_from_the_last_bar_to_the_decision(make: Make) -> None:
    late = make["scan"](5, make["hits"]("A"), decided_at=AT + 5 * MINUTE + 2 * SECOND + 345_678)
    said = told(late)
    assert said.lines[0].endswith("  decided 09:35:02.345  data 302.3 s old")
    assert said.records[0]["scan_at"] == "2018-02-27T14:35:00Z"
    assert said.records[0]["decided_at"] == "2018-02-27T14:35:02.345678Z"
    assert said.records[0]["data_age_seconds"] == 302.345678


def test_what_is_unknown_is_said_to_be_unknown(make: Make) -> None:
    nothing = np.full(1, NAN)
    hits = Hits(("A",), np.ones(1, bool), nothing, nothing, nothing, nothing, nothing, nothing)
    said = told(make["scan"](5, hits))
    assert said.lines[0].startswith("09:35:00  gap  A  unknown  change unknown  gap unknown  volume unknown")
    assert said.lines[0].endswith("data of unknown age")
    unknown = {"price", "change_pct", "gap_pct", "volume", "last_bar_end", "data_age_seconds"}
    assert {name for name, value in said.records[0].items() if value is None} == unknown
    assert said.records[0]["metadata"] == {}


def test_a_screen_s_values_come_with_each_hit(make: Make) -> None:
    said = told(make["scan"](5, make["hits"]("B", "A", metadata=make["columns"]("B", "A"))))
    moment = "2018-02-27T14:30:00Z"
    assert [one["metadata"] for one in said.records] == [
        {"rsi": 70.5, "last_bar_end": moment},
        {"rsi": None, "last_bar_end": moment},
    ]
    assert json.loads(json.dumps(said.records)) == said.records


def test_prices_below_a_dollar_have_more_digits(make: Make) -> None:
    said = told(make["scan"](5, make["hits"]("A", price=0.01234)))
    assert "  A  0.0123  " in said.lines[0]


def test_a_hit_is_said_once_and_never_taken_back(make: Make) -> None:
    said = told(
        make["scan"](5, make["hits"]("A")),
        make["scan"](6, make["hits"]("A", new=False)),
        make["scan"](7),  # found no more
    )
    assert len(said.lines) == 1


def test_a_whole_run_of_events(events: list[Event]) -> None:
    assert [record["symbol"] for record in told(*events).records] == ["B", "A"]
