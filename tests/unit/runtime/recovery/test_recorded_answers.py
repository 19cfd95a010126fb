"""Which answers a record holds, and how they come back."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl
import pytest
from msgspec import Struct

from symscan.errors import DataError
from symscan.indicators.registry import spec_of
from symscan.model.events import feed as live_events
from symscan.model.events.session import Outcome, Warned
from symscan.model.hit_metadata import FrameMetadata
from symscan.model.interval import Interval
from symscan.runtime.recovery.recorded_answers import ALLOWED, dump, load_of
from symscan.scanners.base import ScanResult
from symscan.scanners.jobs import job as jobs
from symscan.scanners.jobs.job import Evaluation, JobKind, JobResult
from symscan.session import requests
from symscan.session.requests import AddIndicator, AddSymbol

MAKERS = {
    ("builtins", "str"),
    ("decimal", "Decimal"),
    ("numpy", "dtype"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy._core.numeric", "_frombuffer"),
    ("symscan.model.hit_metadata", "_of_frame"),
    ("symscan.runtime.recovery.recorded_answers", "frame_of"),
}
"""What makes plain values; the rest of the list are symscan's own classes."""


def _classes(kind: Any) -> Iterator[type]:
    """The classes of symscan that a type is made of, however deep."""
    for part in typing.get_args(kind):
        yield from _classes(part)
    if not isinstance(kind, type) or not kind.__module__.startswith("symscan."):
        return
    yield kind
    holds_values = dataclasses.is_dataclass(kind) or issubclass(kind, Struct)
    if holds_values and kind is not ScanResult:  # whose result is texts and a mask by then
        namespace = {**vars(import_module(kind.__module__)), **vars(jobs), **vars(requests)}
        for hint in typing.get_type_hints(kind, namespace).values():
            yield from _classes(hint)


def test_the_list_has_each_class_of_an_answer_and_no_other() -> None:
    events = [getattr(live_events, name) for name in live_events.__all__]
    found = {one for kind in (JobResult, Warned, *events) for one in _classes(kind)}
    named = {(one.__module__, one.__qualname__) for one in found}
    bases = {("symscan.model.hit_metadata", "FrameMetadata")}  # which says itself what makes it anew
    allowed = {(module, name) for module, names in ALLOWED.items() for name in names}
    of_results = {("symscan.model.hit_metadata", "StrayMetadata")}  # what a scan's result counts
    assert (named - bases) | of_results == allowed - MAKERS
    for module, name in allowed:
        assert callable(getattr(import_module(module), name))


class _Own(ScanResult):
    """A result of a scanner's own class."""


class _Symbols(StrEnum):
    APPLE = "AAPL"


def test_what_a_scan_leaves_comes_back() -> None:
    frame = pl.DataFrame({"symbol": ["A"], "rsi": [71.5], "at": [datetime(2026, 1, 15, tzinfo=UTC)]})
    result = _Own(["A"], FrameMetadata(["A"], lambda: frame), unknown=np.array([True, False]))
    asked = (
        AddIndicator("scanner:one", ("A",), spec_of("bbands_20_2p5_5m")),
        AddSymbol("scanner:one", _Symbols.APPLE),
        requests.AddBars("scanner:one", ("A",), Interval.parse("5m"), 2),
    )
    evaluation = Evaluation(3, ("A", "B", "C"), np.array([0, 6, 0], np.int8), {"price": np.array([1.5])})
    job_result = JobResult(
        "one",
        JobKind.SCAN,
        5,
        Outcome.OK,
        scan_result=result,
        evaluation=evaluation,
        requests=asked,
        saved_state=b"memory",
    )
    (again,) = load_of("finished", dump([job_result]))
    assert (again.name, again.kind, again.at, again.saved_state) == ("one", JobKind.SCAN, 5, b"memory")
    assert type(again.scan_result) is ScanResult
    assert again.scan_result.metadata.frame.equals(frame)
    assert again.scan_result.unknown.tolist() == [True, False]
    assert again.requests == asked
    assert type(again.requests[1].symbol) is str
    np.testing.assert_equal(again.evaluation.values, {"price": np.array([1.5])})
    assert (again.evaluation.universe, again.evaluation.unknown) == (3, 1)
    assert (again.evaluation.symbols, again.evaluation.reasons.tolist()) == (
        ("B",),
        [6],
    )  # of no use otherwise


@pytest.mark.parametrize("data", [b"\x80\x05no pickle", b"", b"\x80\x05]\x94(\x8c", dump({"a": 1})[:-3]])
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(DataError):
        load_of("finished", data)


@pytest.mark.parametrize(
    ("kind", "answer"), [("finished", ["x"]), ("busy", 1), ("source_events", ("A",)), ("other", [])]
)
def test_an_answer_is_of_the_kind_that_was_asked_for(kind: str, answer: object) -> None:
    with pytest.raises(DataError, match=f"is no answer of kind '{kind}'"):
        load_of(kind, dump(answer))
