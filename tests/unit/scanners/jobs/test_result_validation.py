from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from support.builders import NAN
from symscan.model.hit_metadata import FrameMetadata, StrayMetadata
from symscan.scanners.base import ScanResult
from symscan.scanners.jobs.result_validation import checked_result
from symscan.session.view.indicator_value import IndicatorReading


def _checked(*, candidates: int = 2, **fields: Any) -> ScanResult:
    return checked_result(ScanResult(**{"symbols": ["A", "B"], **fields}), candidates)


def test_duplicates_are_merged_and_the_best_place_is_kept() -> None:
    assert _checked(symbols=["B", "A", "B", "C", "A"]).symbols == ("B", "A", "C")


@pytest.mark.parametrize(
    "symbols",
    [["A", "B"], ("A", "B"), pl.Series(["A", "B"]), np.array(["A", "B"]), iter("AB"), {"A": 1, "B": 2}],
)
def test_whatever_has_an_order_may_hold_symbols(symbols: Any) -> None:
    found = _checked(symbols=symbols).symbols
    assert found == ("A", "B")
    assert {type(symbol) for symbol in found} == {str}


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ("AAPL", "symbols is str"),
        (None, "symbols is NoneType"),
        (3, "symbols is int"),
        ({"A", "B"}, "a set, whose order changes"),
        (frozenset("A"), "a set, whose order changes"),
        (["A", 7], "holds 7, which is no text"),
        (["A", None], "holds None"),
        ([b"A"], "holds b'A'"),
        ([["A"]], "unhashable"),
    ],
)
def test_what_are_no_symbols(symbols: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        _checked(symbols=symbols)


def test_a_symbol_no_file_can_hold() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        _checked(symbols=["A\ud800"])


@pytest.mark.parametrize("result", [None, ["A"], {"symbols": []}, ScanResult])
def test_what_is_no_result(result: Any) -> None:
    with pytest.raises(TypeError, match=r"scan\(\) returned .*; return a ScanResult"):
        checked_result(result, 2)


def test_metadata_becomes_what_json_can_hold() -> None:
    given = {
        "A": {
            "nan": NAN,
            "infinite": -np.inf,
            "number": np.float32(0.5),
            "unknown": np.float32("nan"),
            "count": np.int64(3),
            "flag": np.bool_(True),
            "reading": IndicatorReading(70.0),
            "warming": IndicatorReading(NAN),
            "nested": ({"deep": [NAN, 1.0, np.nan]},),
            "text": "gåp",
            3: None,
        },
        "not a hit": object(),
    }
    assert _checked(metadata=given).metadata == {
        "A": {
            "nan": None,
            "infinite": None,
            "number": 0.5,
            "unknown": None,
            "count": 3,
            "flag": True,
            "reading": 70.0,
            "warming": None,
            "nested": [{"deep": [None, 1.0, None]}],
            "text": "gåp",
            "3": None,
        }
    }


def test_metadata_is_a_copy() -> None:
    given = {"A": {"list": [1]}}
    kept = _checked(metadata=given).metadata
    given["A"]["list"].append(2)
    assert kept == {"A": {"list": [1]}}


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, Decimal(1), np.zeros(2), b"x", 1j, {(1, 2): 3}, "\ud800", pl.Series([1])]
)
def test_metadata_json_cannot_hold(value: Any) -> None:
    with pytest.raises(
        TypeError,
        match=r"metadata of 'A' cannot be written: .*'it'|metadata of 'A' cannot be written: .*the key",
    ):
        _checked(metadata={"A": {"it": value}})


def test_metadata_that_contains_itself() -> None:
    endless: dict[str, Any] = {}
    endless["A"] = endless
    with pytest.raises((TypeError, RecursionError)):
        _checked(metadata=endless)


@pytest.mark.parametrize("metadata", ["A", ["A"], 3])
def test_metadata_that_is_no_mapping(metadata: Any) -> None:
    with pytest.raises(TypeError, match="give values by symbol"):
        _checked(metadata=metadata)


def test_no_metadata_is_empty_and_columns_stay_columns() -> None:
    assert _checked().metadata == {}
    columns = FrameMetadata(["A", "B"], lambda: pl.DataFrame({"symbol": ["A", "B"], "x": [1, 2]}))
    assert _checked(metadata=columns).metadata is columns
    assert columns["B"] == {"x": 2}
    assert dict(columns) == {"A": {"x": 1}, "B": {"x": 2}}


@pytest.mark.parametrize("unknown", [[True, False], np.array([True, False]), pl.Series([True, False])])
def test_unknown_is_a_mask_over_the_candidates(unknown: Any) -> None:
    assert _checked(unknown=unknown).unknown.tolist() == [True, False]
    with pytest.raises(TypeError, match="one bool for each of the 3"):
        _checked(unknown=unknown, candidates=3)


@pytest.mark.parametrize("unknown", [["A"], [0, 1], [[True, False]], True, [None, True]])
def test_unknown_that_is_no_mask(unknown: Any) -> None:
    with pytest.raises(TypeError, match="unknown has"):
        _checked(unknown=unknown)


def test_an_error_is_a_text() -> None:
    assert _checked().error is None
    assert _checked(error=ValueError("no data")).error == "no data"


def test_dates_and_instants_are_written_in_iso_8601() -> None:
    new_york = ZoneInfo("America/New_York")
    given = {
        "earnings": date(2018, 2, 27),
        "at": datetime(2018, 2, 27, 14, 35, tzinfo=UTC),
        "local": datetime(2018, 2, 27, 9, 35, tzinfo=new_york),
        "naive": datetime(2018, 2, 27, 9, 35, 0, 250_000),
        "time": time(9, 35),
        "day": np.datetime64("2018-02-27"),
        "nanoseconds": np.datetime64("2018-02-27T14:35:00.000000001"),
        "never": np.datetime64("NaT"),
        "nested": [{"since": date(2018, 1, 2)}],
        "small": np.float16(0.5),
        "text": np.str_("x"),
        np.int64(5): np.uint8(7),
    }
    assert _checked(metadata={"A": given}).metadata == {
        "A": {
            "earnings": "2018-02-27",
            "at": "2018-02-27T14:35:00Z",
            "local": "2018-02-27T09:35:00-05:00",
            "naive": "2018-02-27T09:35:00.250000",
            "time": "09:35:00",
            "day": "2018-02-27",
            "nanoseconds": "2018-02-27T14:35:00",
            "never": None,
            "nested": [{"since": "2018-01-02"}],
            "small": 0.5,
            "text": "x",
            "5": 7,
        }
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"levels": {1, 2}}, r"of 'A' cannot be written: 'levels' is a set; give text, numbers"),
        ({"a": [1, {"b": b"x"}]}, r"of 'A' cannot be written: 'a\[1\]\.b' is a bytes; give"),
        ({"a": np.zeros(2)}, "'a' is a ndarray"),
        ({"waits": timedelta(1)}, "'waits' is a timedelta"),
        ({"waits": np.timedelta64(1, "s")}, "'waits' is a timedelta64"),
        ({(1, 2): 3}, r"the key \(1, 2\) is a tuple; give a text"),
        ({"half": "\ud800"}, "'half' holds half a character"),
        (5, r"of 'A' is int; give a mapping of values by name, as in \{'gap_percent': 2.5\}"),
        ("strong", "of 'A' is str; give a mapping"),
        ([1], "of 'A' is list; give a mapping"),
    ],
)
def test_what_cannot_be_written_is_named_by_its_key(values: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"ScanResult.metadata {message}|ScanResult.metadata .*{message}"):
        _checked(metadata={"A": values})


def test_metadata_of_symbols_not_returned_is_counted() -> None:
    checked = _checked(metadata={"A": {"x": 1}, "B": None, "C": 5, "count": object()})
    assert checked.metadata == {"A": {"x": 1}, "B": {}}
    assert checked.stray_metadata == StrayMetadata(2, ("C", "count"))
    assert checked_result(checked, 2).stray_metadata == StrayMetadata(2, ("C", "count"))
    assert _checked(metadata={"A": {}}).stray_metadata is None
    many = {f"S{number}": {} for number in range(9_000)}
    assert _checked(metadata=many).stray_metadata == StrayMetadata(9_000, ("S0", "S1", "S2", "S3", "S4"))
