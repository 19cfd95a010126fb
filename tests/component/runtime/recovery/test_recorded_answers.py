"""What a record may hold: every class that symscan writes there, and no other."""

from __future__ import annotations

import os
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from symscan.errors import DataError
from symscan.parity.compare import compare
from symscan.recording.ownership import check_private
from symscan.recording.session_log import SessionRecord, Step
from symscan.runtime.recovery.record_check import check_record
from symscan.runtime.recovery.recorded_answers import dump, load

ABOUT = {"base": "1m", "session": "2026-01-15"}


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
