from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from symscan.runs.hit_values import ValueNotes, json_texts, of_frame, of_mappings, plain_texts, stored_name
from symscan.runs.schemas import VALUES_KEYS

SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text() | st.floats(allow_nan=False)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["a", "b", "rank", "metadata_rank", "symbol", "phase", ""]) | st.text(max_size=5)


@given(
    st.lists(
        st.dictionaries(NAMES, JSON.filter(lambda one: one not in (float("inf"), -float("inf"))), max_size=4)
    )
)
def test_what_was_stored_is_read_back(rows: list[dict[str, Any]]) -> None:
    columns, notes = of_mappings(rows)
    assert not set(columns.columns) & set(VALUES_KEYS)
    frame = pl.DataFrame({"scan_at": range(len(rows))}).hstack(columns)
    again = ValueNotes.of_text(notes.to_text())
    assert again == notes
    assert json_texts(frame, again).to_list() == [json.dumps(row, ensure_ascii=False) for row in rows]


def test_whole_numbers_among_others_and_names_in_another_order_are_given_again() -> None:
    rows = [{"x": 1, "y": 2.5}, {"x": 1.0, "y": 2}, {"y": 3.0, "x": 0}, {"y": 1.0}]
    columns, notes = of_mappings(rows)
    assert columns.schema == {"x": pl.Float64(), "y": pl.Float64()}
    again = ValueNotes.of_text(notes.to_text())
    assert sorted(again.texts) == [0, 1, 2]
    assert json_texts(columns, again).to_list() == [json.dumps(row) for row in rows]


def test_texts_of_mappings_are_as_json_writes_them() -> None:
    rows = [{"x": 1, "y": [1, None], "ä": 'b"'}, {"x": 2, "y": {"z": 2.0}, "ä": "c"}, {}]
    columns, notes = of_mappings(rows)
    assert columns.schema == {"x": pl.Float64(), "y": pl.String(), "ä": pl.String()}
    assert json_texts(columns, notes).to_list() == [json.dumps(row, ensure_ascii=False) for row in rows]


def test_texts_of_columns_are_as_polars_writes_them() -> None:
    frame = pl.DataFrame({"rsi": [70.5, None], "rank": [1, 2], "sector": ["Tech", None], "up": [True, False]})
    columns, notes = of_frame(frame)
    assert dict(columns.schema) == {
        "rsi": pl.Float64(),
        "metadata_rank": pl.Float64(),
        "sector": pl.String(),
        "up": pl.Boolean(),
    }
    assert json_texts(columns, notes).to_list() == [
        '{"rsi":70.5,"rank":1,"sector":"Tech","up":true}',
        '{"rsi":null,"rank":2,"sector":null,"up":false}',
    ]


def test_texts_for_people_are_rounded_alike_for_columns_and_mappings() -> None:
    halves = [0.5, 1.0000005, 2.5, 12345.25, 100000.5, 999999.5, 1234567.5, 1e-7, -72.62735, 1e6]
    shown = ["0.5", "1", "2.5", "12345.2", "100000", "1000000", "1234568", "1e-07", "-72.6274", "1000000"]
    expected = [f"x={number}" for number in shown]
    for columns, notes in (
        of_frame(pl.DataFrame({"x": halves})),
        of_mappings([{"x": one} for one in halves]),
    ):
        assert plain_texts(columns, notes).to_list() == expected


def test_texts_for_people_leave_out_what_is_unknown() -> None:
    moment = pl.Series(["2018-02-20T14:35:00"]).str.to_datetime(time_unit="us", time_zone="UTC").item()
    frame = pl.DataFrame(
        {"rsi": [70.5, None], "n": [1, None], "at": [moment, None], "up": [True, None], "why": ["a", None]}
    )
    assert plain_texts(*of_frame(frame)).to_list() == [
        "rsi=70.5; n=1; at=2018-02-20T14:35:00Z; up=true; why=a",
        None,
    ]
    assert plain_texts(*of_mappings([{}, {"levels": [1, None]}])).to_list() == [None, "levels=[1, null]"]


@given(NAMES, NAMES)
def test_different_names_are_different_columns(one: str, other: str) -> None:
    assert (stored_name(one) == stored_name(other)) == (one == other)
