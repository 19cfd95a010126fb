"""What a record may hold: every class that symscan writes there, and no other."""

from __future__ import annotations

import dataclasses
import os
import pickle
import sqlite3
import typing
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from symscan.errors import DataError
from symscan.indicators.registry import spec_of
from symscan.model.events import feed as live_events
from symscan.model.events.session import Outcome, Warned
from symscan.model.hit_metadata import FrameMetadata
from symscan.model.interval import Interval
from symscan.parity.compare import compare
from symscan.recording.ownership import check_private
from symscan.recording.session_log import SessionRecord, Step
from symscan.runtime.recovery.record_check import check_record
from symscan.runtime.recovery.recorded_answers import ALLOWED, dump, load, load_of
from symscan.scanners.base import ScanResult
from symscan.scanners.jobs import job as jobs
from symscan.scanners.jobs.job import Evaluation, JobKind, JobResult
from symscan.session import requests
from symscan.session.requests import AddIndicator, AddSymbol

ABOUT = {"base": "1m", "session": "2026-01-15"}
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
    if dataclasses.is_dataclass(kind) and kind is not ScanResult:  # whose result is texts and a mask by then
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


class _Harm:
    """Pickled by somebody who means harm."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self._call = (call, arguments)

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize("call", [exec, eval, getattr, Path.touch, pickle.loads, import_module])
def test_nothing_else_is_called(tmp_path: Path, call: Callable[..., object]) -> None:
    mark = tmp_path / "was_here"
    harm = _Harm(call, f"open({str(mark)!r}, 'w')" if call is not Path.touch else mark)
    with pytest.raises(DataError, match="which symscan never writes there"):
        load(pickle.dumps([harm]))
    assert not mark.exists()


@pytest.mark.parametrize("data", [b"\x80\x05no pickle", b"", b"\x80\x05]\x94(\x8c", dump({"a": 1})[:-3]])
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(DataError):
        load_of("finished", data)


@pytest.mark.parametrize(
    ("kind", "answer"), [("finished", ["x"]), ("busy", 1), ("news", ("A",)), ("other", [])]
)
def test_an_answer_is_of_the_kind_that_was_asked_for(kind: str, answer: object) -> None:
    with pytest.raises(DataError, match=f"is no answer of kind '{kind}'"):
        load_of(kind, dump(answer))


# -- a record from end to end --------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record of a session that was broken off."""
    path = tmp_path / "session.sqlite"
    with closing(SessionRecord.create(path, ABOUT)) as record:
        numbers = record.numbers(("A",))
        assert numbers.tolist() == [0]
        answers = dump({"connected": [dump(True)]})
        for end in (1, 2):
            record.commit(Step("slice", end, answers=answers), None, [])  # type: ignore[arg-type]
    return path


def _change(path: Path, column: str, value: object) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"UPDATE steps SET {column} = ? WHERE seq = 2", (value,))


def _check(path: Path) -> None:
    with closing(SessionRecord.resume(path, ABOUT)) as record:
        check_record(record)


def test_a_record_that_symscan_wrote_is_fine(path: Path) -> None:
    _check(path)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("answers", dump({"busy": [pickle.dumps(_Harm(exec, "raise SystemExit"))]})),
        ("answers", pickle.dumps(_Harm(exec, "raise SystemExit"))),
        ("answers", dump({"busy": [dump("yes")]})),
        ("answers", dump([1])),
        ("answers", b"torn"),
        ("bars", b"torn"),
        ("bars", b"\x09\x01\x00\x00\x00\x01\x00\x00\x00" + bytes(52)),
        ("bars", b"\x00\x01\x00\x00\x00\x01\x00\x00\x00" + b"\x07\x00\x00\x00" + bytes(48)),
        ("kind", "elsewhere"),
        ("end", "soon"),
        ("end", 0),
        ("seq", 5),
    ],
)
def test_what_was_changed_or_damaged_is_found_before_anything_is_done(
    path: Path, column: str, value: object
) -> None:
    _change(path, column, value)
    with pytest.raises(
        DataError, match=r"session.sqlite: step \d of the record: it .*its session cannot go on"
    ):
        _check(path)


def test_a_comparison_finds_damage_as_well(path: Path) -> None:
    _change(path, "bars", b"torn")
    with pytest.raises(DataError, match=r"step 2 .* it is damaged .*its session cannot be compared"):
        compare(path.parent)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE steps SET kind = CAST(x'ff41' AS TEXT)",
        "DROP TABLE events",
        "ALTER TABLE steps DROP COLUMN lag",
    ],
)
def test_damage_that_the_database_finds_is_not_called_a_full_disk(path: Path, damage: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(damage)
    with pytest.raises(DataError, match="the record is damaged, and its session cannot go on"):
        _check(path)


def test_what_it_is_of_may_be_torn(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE meta SET value = '{' WHERE key = 'session'")
    with pytest.raises(DataError, match="no record of a session"):
        _check(path)


# -- whose it is ---------------------------------------------------------------------------------


def test_a_record_that_others_may_write_is_refused(path: Path) -> None:
    for changed in (path, path.parent, path.with_name("session.sqlite-wal")):
        if not changed.exists():
            changed.touch()
        before = changed.stat().st_mode
        for more in (0o020, 0o002):
            changed.chmod(before | more)
            with pytest.raises(DataError, match=f"chmod go-w {changed}$"):
                SessionRecord.resume(path, ABOUT)
            changed.chmod(before)
    _check(path)


def test_a_record_of_somebody_else_is_refused(path: Path) -> None:
    check_private(path)
    with pytest.raises(DataError, match=r"it belongs to another user \(uid \d+\)"):
        check_private(path, user=path.stat().st_uid + 1)


def test_nobody_else_may_write_a_record_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        SessionRecord.create(tmp_path / "session.sqlite", ABOUT).close()
    finally:
        os.umask(before)
    _check(tmp_path / "session.sqlite")
