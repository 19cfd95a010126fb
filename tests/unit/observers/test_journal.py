from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from msgspec.structs import replace

from support.builders import NAN, make_session
from symscan.model.event_json import line_of
from symscan.model.events.session import Event, Hits, Outcome, ScanFinished, ScanPhase
from symscan.observers.journal import Journal

SESSION = make_session()


def _lines(events: list[Event]) -> list[str]:
    file = io.StringIO()
    journal = Journal(file)
    for event in events:
        journal.observe(SESSION, event)
    return file.getvalue().splitlines()


def test_one_line_an_event_in_order(events: list[Event]) -> None:
    records = [json.loads(line) for line in _lines(events)]
    assert [record["event"] for record in records] == [
        "warned",
        "session_prepared",
        "scanner_ready",
        "scanner_disabled",
        *["scan_finished"] * 2,
        "symbol_added",
        *["scan_finished"] * 2,
        "scanner_done",
        "session_closed",
    ]
    assert {record["session"] for record in records} == {"2018-02-27"}
    assert records[0] == {
        "session": "2018-02-27",
        "at": "2018-02-27T14:27:00Z",
        "event": "warned",
        "message": "mind the gap",
    }
    assert records[1]["opens_at"] == "2018-02-27T14:30:00Z"
    assert records[1]["symbols"] == ["X"]
    assert records[6]["ready_at"] == "2018-02-27T14:31:00Z"


def test_a_scan_says_who_entered_and_who_left(events: list[Event]) -> None:
    scans = [json.loads(line) for line in _lines([events[index] for index in (4, 5, 7, 8)])]
    head = {"session": "2018-02-27", "event": "scan_finished"}
    plain = [{key: value for key, value in one.items() if key not in ("at", *head)} for one in scans]
    assert all(one.items() >= head.items() for one in scans)
    assert plain == [
        {"scanner": "gap", "phase": "pre_session", "found": 2, "entered": ["B", "A"]},
        {"scanner": "gap", "found": 1, "left": ["B"]},
        {"scanner": "gap", "outcome": "failed", "found": 0, "error": "ValueError: <x at 0x...>"},
        {"scanner": "gap", "outcome": "skipped", "found": 0},
    ]


def test_the_record_has_every_hit_of_a_scan_as_columns(events: list[Event]) -> None:
    first, second = (json.loads(line_of(SESSION, event)) for event in events[4:6])
    assert first["hits"] == {
        "symbols": ["B", "A"],
        "new": [True, True],
        "price": [10.0, 10.0],
        "previous_close": [None, None],
        "change_pct": [2.5, 2.5],
        "gap_pct": [None, None],
        "volume": [1000.0, 1000.0],
        "last_bar_end": ["2018-02-27T14:30:00Z"] * 2,
        "metadata": {"rsi": [70.5, None], "last_bar_end": ["2018-02-27T14:30:00Z"] * 2},
    }
    assert second["hits"]["metadata"] == {"A": {"why": 'ä, "b"'}}


def test_unknown_symbols(events: list[Event]) -> None:
    journal, record = (json.loads(line) for line in (*_lines([events[9]]), line_of(SESSION, events[9])))
    assert journal == {**record, "unknown": {"stale": 1, "warming": 2}}
    assert record["unknown"] == {
        "symbols": ["A", "B"],
        "reasons": ["stale", "warming"],
        "phases": ["regular", "regular"],
        "from": ["2018-02-27T14:30:00Z"] * 2,
        "to": ["2018-02-27T14:30:00Z", "2018-02-27T14:31:00Z"],
        "scans": [1, 2],
    }


def test_no_value_differs_from_run_to_run(events: list[Event]) -> None:
    def again(event: Any) -> Any:
        if not isinstance(event, ScanFinished):
            return event
        error = event.error and event.error.replace("7fff12345678", "55aa98765432")
        return replace(event, execution_time_ms=event.execution_time_ms * 3, error=error)

    assert _lines(events) == _lines([again(event) for event in events])
    assert "execution_time" not in "".join(_lines(events))


def test_a_hit_of_which_nothing_is_known() -> None:
    nothing = np.array([NAN])
    found = Hits(("Z",), np.array([True]), nothing, nothing, nothing, nothing, nothing, nothing)
    scan = ScanFinished(0, "gap", ScanPhase.REGULAR, Outcome.OK, 1, 1, 0, found, 1.0)
    hit = json.loads(line_of(SESSION, scan))["hits"]
    assert (hit["price"], hit["last_bar_end"], hit["metadata"]) == ([None], [None], {})


def test_when_a_result_was_applied_is_written_where_it_was_later(events: list[Event]) -> None:
    scan = events[4]
    assert isinstance(scan, ScanFinished)
    at_once, late = scan, replace(scan, decided_at=scan.at + 1_500_000)
    (at_once_line,), (later,) = _lines([at_once]), _lines([late])
    assert "decided_at" not in at_once_line
    assert json.loads(later) == {**json.loads(at_once_line), "decided_at": "2018-02-27T14:30:01.500000Z"}
