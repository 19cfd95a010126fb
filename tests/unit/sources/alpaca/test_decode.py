"""Frames of the stream, made into columns."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from symscan.model.instant import MINUTE
from symscan.sources.alpaca.decode import decode

START = 1_704_205_800


def message(symbol: str = "AAPL", kind: str = "b", **changes: Any) -> dict[str, Any]:
    numbers = {"o": 1, "h": 2.5, "l": 0.5, "c": 2, "v": 100, "n": 3, "vw": 1.5}
    return {"T": kind, "S": symbol, "t": msgpack.Timestamp(START, 0), **numbers, **changes}


def packed(*messages: Any) -> bytes:
    data: bytes = msgpack.packb(messages)
    return data


def test_bars_become_columns() -> None:
    frame = decode(packed(message("A"), message("B", o=1.25)))
    (batches,) = frame.batches
    assert batches.symbols == ("A", "B")
    assert batches.ends.tolist() == [START * 1_000_000 + MINUTE] * 2
    assert batches.fields.tolist() == [[1, 1.25], [2.5, 2.5], [0.5, 0.5], [2, 2], [100, 100]]
    assert frame.controls == () and frame.malformed == 0


def test_bars_and_corrections_keep_their_order() -> None:
    frame = decode(packed(message("A"), message("A", "u"), message("B", "u"), message("C")))
    assert [(a.symbols, a.corrected) for a in frame.batches] == [
        (("A",), False),
        (("A", "B"), True),
        (("C",), False),
    ]


def test_all_that_is_no_bar_is_a_control() -> None:
    error = {"T": "error", "code": 407, "msg": "slow client"}
    frame = decode(packed({"T": "subscription", "bars": []}, message(), error, {"x": 1}))
    assert [control.get("T") for control in frame.controls] == ["subscription", "error", None]
    assert len(frame.batches) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"o": None},
        {"c": "2"},
        {"t": "2024-01-02T14:30:00Z"},
        {"S": 5},
        {"S": None},
        {"c": True},
    ],
)
def test_one_broken_bar_costs_no_other(changes: dict[str, Any]) -> None:
    frame = decode(packed(message("A"), message("B") | changes, message("C")))
    (batches,) = frame.batches
    assert batches.symbols == ("A", "C")
    assert batches.fields.shape == (5, 2)
    assert frame.malformed == 1


@pytest.mark.parametrize("missing", ["S", "t", "o", "h", "l", "c", "v"])
def test_a_bar_that_lacks_something(missing: str) -> None:
    bar = message()
    del bar[missing]
    frame = decode(packed(bar))
    assert frame.batches == () and frame.malformed == 1


@pytest.mark.parametrize(
    "data", [b"", b"\x93\x01", b"\xc1", b"\x05", packed(5), packed(message())[:-3], "text"]
)
def test_what_is_no_frame(data: bytes | str) -> None:
    with pytest.raises(ValueError):
        decode(data)
