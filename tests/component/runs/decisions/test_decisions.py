"""Tables of decisions made by hand: who missed by one clause, the funnel, explanations, and the file."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from support import run_events
from symscan.errors import DataError
from symscan.model.decisions.clauses import Clause, ClauseKind, Code, reading
from symscan.model.decisions.verdicts import ScanVerdicts, Verdict
from symscan.runs.decisions.explanation import explain_scan, stays
from symscan.runs.decisions.frames import funnel_frame, near_frame, why_frame
from symscan.runs.decisions.ledger import read_ledger, write_ledger
from symscan.runs.decisions.log import DecisionLog
from symscan.runs.decisions.table import (
    NOT_JUDGED,
    ClauseHead,
    ScanHead,
    ScannerDecisions,
    SessionDecisions,
)
from symscan.session.unknown_reasons import Reason

nan = np.nan
T, F, U, N = (int(one) for one in (Code.TRUE, Code.FALSE, Code.UNKNOWN, Code.NOT_APPLICABLE))
NO, HIT, UNKNOWN = (int(one) for one in (Verdict.NO, Verdict.HIT, Verdict.UNKNOWN))

HEADS = (
    ClauseHead("rsi > 70", ClauseKind.WHERE, op=">"),
    ClauseHead("close > vwap", ClauseKind.WHERE, op=">"),
    ClauseHead("sector", ClauseKind.READING, depth=1, labels=("Tech", "Energy")),
    ClauseHead("take 1", ClauseKind.TAKE, op="<="),
)
SYMBOLS = ("A", "B", "C", "D")
SCANS = tuple(ScanHead(at, "regular") for at in (10, 20, 30))


def _table() -> ScannerDecisions:
    """Three scans of four symbols; D is no candidate at the second."""
    codes = [
        [[T, F, T, U], [T, T, F, T], [N, N, N, N], [T, N, N, N]],
        [[T, T, T, N], [T, T, F, N], [N, N, N, N], [F, T, N, N]],
        [[F, F, T, T], [T, F, T, U], [N, N, N, N], [N, N, T, N]],
    ]
    values = [
        [[75, 69, 80, nan], [5, 6, 7, 8], [0, 1, nan, 0], [1, nan, nan, nan]],
        [[72, 73, 90, nan], [5, 6, 7, nan], [0, 1, nan, nan], [2, 1, nan, nan]],
        [[60, 50, 90, 95], [5, 6, 9, 8], [0, 1, nan, 0], [nan, nan, 1, nan]],
    ]
    vwap = [[4, 5, 8, 7], [4, 5, 8, nan], [4, 7, 8, nan]]
    limits = np.array([[[70] * 4, row, [nan] * 4, [1] * 4] for row in vwap], np.float64)
    limits[1, :, 3] = nan
    return ScannerDecisions(
        "hot",
        HEADS,
        SCANS,
        SYMBOLS,
        np.array([[HIT, NO, NO, UNKNOWN], [NO, HIT, NO, NOT_JUDGED], [NO, NO, HIT, UNKNOWN]], np.uint8),
        np.array(codes, np.uint8),
        np.array(values, np.float64),
        limits,
        np.array([[0, 0, 0, Reason.WARMING], [0] * 4, [0, 0, 0, Reason.NO_VALUE]], np.uint8),
        np.array([[0, 1, 0, 2], [0, 0, 0, nan], [0, 0, 0, 3]], np.float32),
        np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], np.uint32),
        np.array([[5.0, 2.0, nan, nan], [0.0, 2.0, nan, 0.5], [20.0, 2.0, nan, nan]]),
    )


def test_who_missed_by_one_clause_and_by_how_much() -> None:
    near = near_frame(_table(), [0])
    told = near.select(
        "symbol", "clause", "value", "limit", "margin", "margin_scaled", "holds", "hits"
    ).rows()
    assert told == [
        ("B", "rsi > 70", 69.0, 70.0, -1.0, -0.2, "false", 1),
        ("C", "close > vwap", 7.0, 8.0, -1.0, -0.5, "false", 1),
        ("D", "rsi > 70", None, 70.0, None, None, "unknown", 0),
    ]
    assert near_frame(_table(), [1]).select("symbol", "clause", "margin_scaled").rows() == [
        ("C", "close > vwap", -0.5),
        ("A", "take 1", -2.0),
    ]


def test_of_a_day_each_symbol_has_its_nearest_scan() -> None:
    near = near_frame(_table())
    at = near["scan_at"].to_physical().to_list()
    assert list(zip(near["symbol"], at, near["margin_scaled"], strict=True)) == [
        ("B", 10, -0.2),
        ("A", 30, -0.5),
        ("C", 10, -0.5),
        ("D", 10, None),
    ]
    assert near_frame(_table(), most=2)["symbol"].to_list() == ["B", "A"]


def test_the_funnel_counts_what_each_clause_lets_through() -> None:
    assert funnel_frame(_table(), [0]).rows() == [
        ("hot", "rsi > 70", "where", 4, 2, 1, 1, 2, 2),
        ("hot", "close > vwap", "where", 4, 3, 1, 0, 1, 1),
        ("hot", "take 1", "take", 1, 1, 0, 0, 1, 0),
    ]
    whole = funnel_frame(_table())
    assert whole["applies"].to_list() == [11, 11, 4]
    assert whole["left"].to_list()[-1] == (_table().verdict == HIT).sum()


def test_a_scan_is_explained_clause_by_clause() -> None:
    table = _table()
    hit = explain_scan(table, 0, "A")
    assert hit is not None
    assert (hit.verdict, hit.place, hit.places, hit.age_minutes) == ("hit", 1, 1, 0.0)
    assert [(one.clause, one.value, one.margin, one.holds) for one in hit.clauses] == [
        ("rsi > 70", 75.0, 5.0, "true"),
        ("close > vwap", 5.0, 1.0, "true"),
        ("sector", "Tech", None, None),
        ("take 1", 1.0, 0.0, "true"),
    ]
    beyond = explain_scan(table, 1, "A")
    assert beyond is not None
    assert (beyond.verdict, beyond.place, beyond.places, beyond.missed) == ("below take", 2, 2, 3)
    assert beyond.stay is not None
    assert (beyond.stay.entered, beyond.stay.left, beyond.stay.why) == (10, 20, "place 2, take 1")
    unknown, absent = explain_scan(table, 0, "D"), explain_scan(table, 1, "D")
    assert unknown is not None
    assert absent is not None
    assert (unknown.verdict, unknown.reason, absent.verdict, absent.clauses) == (
        *("unknown", "warming", "not judged", ()),
    )
    assert explain_scan(table, 0, "Z") is None


def test_the_nearest_miss_of_the_day_is_marked_once() -> None:
    table = _table()
    marked = [explain_scan(table, scan, "B") for scan in range(3)]
    assert [[one.clause for one in each.clauses if one.nearest] for each in marked if each] == [
        ["rsi > 70"],
        [],
        [],
    ]


def test_stays_say_what_ended_them() -> None:
    (stay,) = stays(_table(), "B")
    assert (stay.entered, stay.last, stay.scans, stay.best, stay.left) == (20, 20, 1, 1, 30)
    assert stay.why == "rsi > 70 is false at 50; close > vwap is false at 6"
    assert stays(_table(), "C")[0].left is None


def _waiting(codes: list[int], verdict: int) -> ScannerDecisions:
    heads = (
        ClauseHead("close > 4", ClauseKind.WHERE, op=">"),
        ClauseHead("NOT (close < 2)", ClauseKind.LEAVE, op=">="),
        ClauseHead("hold_minutes 8", ClauseKind.HOLD, op="<"),
    )
    cells = np.full((1, 3, 1), 1.0)
    return ScannerDecisions(
        "wait",
        heads,
        SCANS[:1],
        ("A",),
        np.array([[verdict]], np.uint8),
        np.array(codes, np.uint8).reshape(1, 3, 1),
        cells,
        cells,
        np.zeros((1, 1), np.uint8),
        np.zeros((1, 1), np.float32),
        np.zeros((1, 1), np.uint32),
        np.ones((1, 3)),
    )


@pytest.mark.parametrize(
    ("codes", "verdict", "missed", "is_held"),
    [
        ([F, N, N], NO, 0, False),  # no hit so far: where decides
        ([F, T, F], HIT, None, False),  # it stays by leave_when, though where is false
        ([F, F, T], HIT, None, True),  # it is held
        ([T, F, F], NO, 1, False),  # it leaves, though where is true
        ([T, U, F], UNKNOWN, 1, False),
    ],
)
def test_of_a_screen_that_waits_what_decides_depends_on_the_stay(
    codes: list[int], verdict: int, missed: int | None, is_held: bool
) -> None:
    found = explain_scan(_waiting(codes, verdict), 0, "A")
    assert found is not None
    assert (found.missed, found.is_held, found.contradicts) == (missed, is_held, False)


def test_reasons_that_do_not_add_up_are_marked() -> None:
    table = replace(_table(), clauses=(*HEADS[:3], ClauseHead("more", ClauseKind.JUDGED)))
    found = explain_scan(replace(table, verdict=np.full_like(table.verdict, NO)), 0, "A")
    assert found is not None
    assert found.contradicts


def test_a_ledger_comes_back_as_it_was(tmp_path: Path) -> None:
    table, path = _table(), tmp_path / "ledger" / "2018-02-21.parquet"
    write_ledger(path, SessionDecisions(date(2018, 2, 21), {"hot": table}), {"hot": "full"})
    back = read_ledger(path)
    assert (back.day, list(back.scanners)) == (date(2018, 2, 21), ["hot"])
    for field in fields(ScannerDecisions):
        before, after = getattr(table, field.name), getattr(back.scanners["hot"], field.name)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype
            np.testing.assert_array_equal(before, after, err_msg=field.name)
        else:
            assert before == after
    every = [explain_scan(each, 0, "C") for each in (table, back.scanners["hot"])]
    assert every[0] == every[1]
    assert why_frame([one for one in every if one]).height == 2 * len(HEADS)


def test_a_ledger_of_near_misses_has_their_values_alone(tmp_path: Path) -> None:
    table, path = _table(), tmp_path / "2018-02-21.parquet"
    write_ledger(path, SessionDecisions(date(2018, 2, 21), {"hot": table}), {"hot": "near"})
    back = read_ledger(path).scanners["hot"]
    assert not back.is_whole
    assert near_frame(back).equals(near_frame(table))
    assert funnel_frame(back).equals(funnel_frame(table))
    assert back.values[2, 0].tolist() == [60.0, pytest.approx(nan, nan_ok=True), 90.0, 95.0]


def test_many_clauses_keep_their_codes(tmp_path: Path) -> None:
    table, path = _table(), tmp_path / "2018-02-21.parquet"
    heads = tuple(ClauseHead(f"close > {at}", ClauseKind.WHERE, op=">") for at in range(40))
    codes = (np.arange(3 * 40 * 4).reshape(3, 40, 4) % 3).astype(np.uint8)
    codes[1, :, 3] = N
    cells = np.full((3, 40, 4), nan)
    many = replace(table, clauses=heads, codes=codes, values=cells, limits=cells, scale=np.full((3, 40), nan))
    write_ledger(path, SessionDecisions(date(2018, 2, 21), {"hot": many}), {"hot": "full"})
    np.testing.assert_array_equal(read_ledger(path).scanners["hot"].codes, codes)


def test_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    path = tmp_path / "2018-02-21.parquet"
    write_ledger(path, SessionDecisions(date(2018, 2, 21), {"hot": _table()}), {"hot": "full"})
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], whole[:-9] + whole[-8:], b"symbol,scan\n"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"2018-02-21.parquet: the ledger is damaged .*; remove it"):
            read_ledger(path)
    pl.DataFrame({"symbol": ["AAPL"]}).write_parquet(path)
    with pytest.raises(DataError, match=r"the ledger is damaged \(it holds no decisions\)"):
        read_ledger(path)


def test_the_ledger_of_another_session_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "2018-02-22.parquet"
    write_ledger(path, SessionDecisions(date(2018, 2, 21), {"hot": _table()}), {"hot": "full"})
    with pytest.raises(DataError, match=r"2018-02-22.parquet: the ledger is damaged \(it is of 2018-02-21\)"):
        read_ledger(path)


def test_clauses_that_are_alike_in_one_scan_are_kept_apart() -> None:
    log = DecisionLog()
    nobody = np.zeros(2, np.bool_)
    alike = [
        Clause("close > 1", np.array([2.0, 0.0]), ">", 1.0, ~nobody, nobody),
        reading("sector", np.array([0.0, 1.0]), ("Tech", "Energy")),
        Clause("take 1 per sector", np.array([1.0, 1.0]), "<=", 1, ~nobody, nobody, ClauseKind.TAKE),
        reading("sector", np.array([1.0, 0.0]), ("Tech", "Energy")),
    ]
    session = run_events.SESSION
    for minute in (5, 10):
        if minute == 10:  # the same texts, with other numbers
            alike[1] = reading("sector", np.array([1.0, 0.0]), ("Energy", "Tech"))
        log.on_judged(
            session,
            ScanVerdicts(
                run_events.scan(minute, run_events.hits("A"), scanner="hot"),
                ("A", "B"),
                np.array([1, 0], np.int8),
                lambda _: np.zeros(2),
                np.zeros(2, np.int8),
                alike,
            ),
        )
    table = log.decisions(session).scanners["hot"]
    assert [one.text for one in table.clauses] == ["close > 1", "sector", "take 1 per sector", "sector"]
    found = explain_scan(table, 1, "A")
    assert found is not None
    assert [one.value for one in found.clauses] == [2.0, "Tech", 1.0, "Energy"]
    assert (found.place, found.places) == (1, 1)
