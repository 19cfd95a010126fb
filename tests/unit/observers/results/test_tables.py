from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl

from support.builders import make_session
from symscan.model.events.session import Outcome, ScanPhase
from symscan.model.hit_metadata import FrameMetadata
from symscan.observers.results.tables import (
    SessionHits,
    hits_frame,
    scans_csv,
    unknown_frame,
)
from symscan.runs.schemas import HITS_CSV_COLUMNS, HITS_SCHEMA, SCANS_SCHEMA, UNKNOWN_SCHEMA, as_texts
from symscan.runs.texts import with_texts

SESSION = make_session()
Make = dict[str, Callable[..., Any]]


def test_nothing_is_an_empty_table() -> None:
    assert tuple(hits_frame(SESSION, []).columns) == HITS_CSV_COLUMNS
    assert scans_csv(SESSION, []) == ""
    assert unknown_frame(SESSION, []).schema == UNKNOWN_SCHEMA
    assert hits_frame(SESSION, []).is_empty()


def test_a_hit(make: Make) -> None:
    frame = hits_frame(SESSION, [make["scan"](1, make["hits"]("A", metadata={"A": {"why": [1, None]}}))])
    assert tuple(frame.columns) == HITS_CSV_COLUMNS
    assert frame.row(0, named=True) == {
        "session": "2018-02-27",
        "scan_at": "2018-02-27T14:31:00Z",
        "scan_at_local": "2018-02-27T09:31:00-05:00",
        "scanner": "gap",
        "phase": "regular",
        "symbol": "A",
        "rank": 1,
        "new": True,
        "price": 10.0,
        "previous_close": None,
        "change_pct": 2.5,
        "gap_pct": None,
        "volume": 1000.0,
        "last_bar_end": "2018-02-27T14:30:00Z",
        "metadata": '{"why": [1, null]}',
        "decided_at": "2018-02-27T14:31:00Z",
    }


def test_hits_are_typed_and_stand_by_time_phase_scanner_and_rank(make: Make) -> None:
    scan, hits = make["scan"], make["hits"]
    scans = [
        scan(2, hits("C", "A")),
        scan(1, hits("B")),
        scan(1, hits("Z", "A"), scanner="early"),
        scan(2, hits("Q", "R"), phase=ScanPhase.PRE_SESSION),
    ]
    frame = SessionHits(SESSION, scans).frame
    assert frame.select(HITS_SCHEMA.names()).schema == HITS_SCHEMA
    assert SessionHits(SESSION, []).frame.select(HITS_SCHEMA.names()).schema == HITS_SCHEMA
    assert frame.select(pl.col("scan_at").dt.minute(), "phase", "scanner", "rank", "symbol").rows() == [
        (31, "regular", "early", 1, "Z"),
        (31, "regular", "early", 2, "A"),
        (31, "regular", "gap", 1, "B"),
        (32, "pre_session", "gap", 1, "Q"),
        (32, "pre_session", "gap", 2, "R"),
        (32, "regular", "gap", 1, "C"),
        (32, "regular", "gap", 2, "A"),
    ]


def test_hits_as_text_stand_by_time_phase_scanner_and_rank(make: Make) -> None:
    scan, hits = make["scan"], make["hits"]
    scans = [
        scan(2, hits("C", "A")),
        scan(1, hits("B")),
        scan(1, hits("Z", "A"), scanner="early"),
        scan(1),
        scan(2, hits("Q", "R"), phase=ScanPhase.PRE_SESSION),
    ]
    rows = hits_frame(SESSION, scans).select("scan_at", "scanner", "rank", "symbol").rows()
    assert [(at[14:16], *rest) for at, *rest in rows] == [
        ("31", "early", 1, "Z"),
        ("31", "early", 2, "A"),
        ("31", "gap", 1, "B"),
        ("32", "gap", 1, "Q"),
        ("32", "gap", 2, "R"),
        ("32", "gap", 1, "C"),
        ("32", "gap", 2, "A"),
    ]


def test_metadata_of_every_kind_in_one_table(make: Make) -> None:
    scan, hits = make["scan"], make["hits"]
    scans = [
        scan(1, hits("B", "A", metadata=make["columns"]("B", "A"))),
        scan(2, hits("A")),
        scan(3, hits("A", "B", metadata={"B": {"x": 1}})),
    ]
    assert hits_frame(SESSION, scans)["metadata"].to_list() == [
        '{"rsi":70.5,"last_bar_end":"2018-02-27T14:30:00Z"}',
        '{"rsi":null,"last_bar_end":"2018-02-27T14:30:00Z"}',
        "{}",
        "{}",
        '{"x": 1}',
    ]


def test_every_scan_is_a_row(make: Make) -> None:
    scan = make["scan"]
    failed = scan(2, outcome=Outcome.FAILED, error='boom, "x"', decided_at=scan(2).at + 1_500_000)
    scans = [scan(1, make["hits"]("A", "B")), failed, scan(3, make["hits"]("B", "C")), scan(4)]
    text = scans_csv(SESSION, scans).encode()
    frame = pl.read_csv(text, has_header=False, schema=as_texts(SCANS_SCHEMA))
    assert frame.drop("session", "universe", "judged", "unknown").rows() == [
        ("2018-02-27T14:31:00Z", "gap", "regular", "ok", 2, 2, 1.235, None, 2, 0, "2018-02-27T14:31:00Z"),
        (
            *("2018-02-27T14:32:00Z", "gap", "regular", "failed", 0, 0, 1.235, 'boom, "x"', 0, 0),
            "2018-02-27T14:32:01.500000Z",
        ),
        ("2018-02-27T14:33:00Z", "gap", "regular", "ok", 2, 2, 1.235, None, 1, 1, "2018-02-27T14:33:00Z"),
        ("2018-02-27T14:34:00Z", "gap", "regular", "ok", 0, 0, 1.235, None, 0, 2, "2018-02-27T14:34:00Z"),
    ]
    assert frame.row(0)[5:8] == (5, 3, 2)
    assert frame.write_csv(include_header=False).encode() == text  # as an export writes it


def test_unknown_symbols_stand_by_scanner_symbol_and_reason(make: Make) -> None:
    frame = with_texts(unknown_frame(SESSION, [make["done"](4, "move"), make["done"](4, "gap")]))
    assert frame.drop("session").rows() == [
        ("gap", "regular", "A", "stale", "2018-02-27T14:30:00Z", "2018-02-27T14:30:00Z", 1),
        ("gap", "regular", "B", "warming", "2018-02-27T14:30:00Z", "2018-02-27T14:31:00Z", 2),
        ("move", "regular", "A", "stale", "2018-02-27T14:30:00Z", "2018-02-27T14:30:00Z", 1),
        ("move", "regular", "B", "warming", "2018-02-27T14:30:00Z", "2018-02-27T14:31:00Z", 2),
    ]


def test_metadata_without_columns(make: Make) -> None:
    none = FrameMetadata(["A"], lambda: pl.DataFrame({"symbol": ["A"]}))
    assert hits_frame(SESSION, [make["scan"](1, make["hits"]("A", metadata=none))])["metadata"].item() == "{}"
