"""Whatever stands in a file, the answer is a configuration or faults in plain words, never a crash."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symscan.config import parse_config
from symscan.errors import ConfigErrors

VALID: dict[str, Any] = {
    "name": "run",
    "mode": "backtest",
    "backtest_config": {"start_date": "2018-02-20", "end_date": "2018-02-23"},
    "session_data_config": {
        "symbols": ["AAPL"],
        "streams": ["1m", "5m"],
        "indicators": ["rsi_14_5m", {"name": "sma", "period": 20, "params": {"x": 1}}],
        "scanners": [
            {
                "module": "scanners.gap",
                "pre_session": [{"start": "08:00", "end": "09:00", "interval": "5m"}],
                "schedule": {"interval": "5m", "start_time": "09:35", "days_of_week": ["Mon"]},
                "symbol_requirements": {"streams": ["1m"], "historical_days": 5},
                "config": {"a": 1},
                "timeout_seconds": 30,
            },
            {
                "name": "s",
                "where": "x > 1",
                "take": 5,
                "show": ["y"],
                "regular_session": [{"start": "10:00"}],
            },
        ],
    },
}

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**30), 0, -0.0, 1e308, float("nan"), float("inf")]),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        ["", " ", "5m", "1d", "09:30", "99:99", "Mon", "<key>", "a.b", "2018-02-20", "\x00", "é"]
    ),
    st.just([]),
    st.just({}),
    st.lists(st.integers() | st.text(max_size=3) | st.just({}), max_size=3),
    st.dictionaries(st.text(max_size=5) | st.sampled_from(["name", "<windows>", "interval"]), st.integers()),
)


def holders(value: Any) -> Iterator[Any]:
    """Every object and list in a value."""
    if isinstance(value, dict | list) and value:
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from holders(child)


def read(text: str) -> None:
    try:
        parse_config(text)
    except ConfigErrors as errors:
        assert errors.errors
        assert "pydantic" not in str(errors)
        assert all(error.message and error.place and error.place.line for error in errors.errors)


@pytest.mark.slow
@given(st.data(), odd, st.text(max_size=5) | st.sampled_from(["<key>", "name", "modul", "intervall"]))
def test_one_thing_changed(data: st.DataObject, value: object, key: str) -> None:
    values = copy.deepcopy(VALID)
    holder = data.draw(st.sampled_from(list(holders(values))))
    if isinstance(holder, list):
        holder[data.draw(st.integers(0, len(holder) - 1))] = value
    else:
        holder[data.draw(st.sampled_from([*holder, key]))] = value

    read(json.dumps(values))


@given(odd)
def test_something_else_altogether(value: object) -> None:
    read(json.dumps(value))


@given(st.integers(0, 2000), st.integers(0, 40), st.text(max_size=4))
def test_a_piece_of_the_text_replaced(start: int, length: int, piece: str) -> None:
    text = json.dumps(VALID, indent=1)

    read(text[:start] + piece + text[start + length :])
