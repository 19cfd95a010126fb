from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from fakes import NAN
from symscan.model.metadata import FrameMetadata
from symscan.scanners.base import ScanResult
from symscan.scanners.result import checked_result
from symscan.session.reading import IndicatorReading


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
    with pytest.raises(TypeError, match="metadata cannot be written as JSON"):
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
