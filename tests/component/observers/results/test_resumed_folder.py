"""A live session's folder: its record is kept when it goes on, and never taken from under it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from symscan.errors import DataError, InputError
from symscan.observers.results.run_folder import run_folder
from symscan.recording.ownership import lock_record


def _open(path: Path, **how: Any) -> None:
    with run_folder(path, facts=lambda: {"mode": "live"}, **{"force": False, **how}):
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a session that was broken off."""
    path = tmp_path / "run"
    _open(path)
    (path / "session.sqlite").write_bytes(b"the record")
    (path / "session.sqlite-wal").write_bytes(b"its tail")
    (path / "journal.jsonl").write_text("half a li")
    (path / "trades.csv").write_text("half a tra")
    return path


def test_resuming_keeps_the_record_and_begins_the_rest_anew(folder: Path) -> None:
    _open(folder, resume=True)
    assert (folder / "session.sqlite").read_bytes() == b"the record"
    assert (folder / "session.sqlite-wal").read_bytes() == b"its tail"
    assert (folder / "journal.jsonl").read_text() == ""
    assert not (folder / "trades.csv").exists()


def test_what_is_not_there_yet_begins(tmp_path: Path) -> None:
    _open(tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "summary.json").exists()


def test_the_way_to_go_on_is_named(folder: Path) -> None:
    with pytest.raises(
        InputError, match="choose another --out, or replace it with --force, or go on with --resume"
    ):
        _open(folder)


def test_another_folder_is_left_alone(folder: Path) -> None:
    (folder / "thesis.txt").write_text("mine")
    for how in ({"resume": True}, {"force": True}):
        with pytest.raises(InputError, match=r"not the folder of a run \(it holds thesis.txt\)"):
            _open(folder, **how)
    assert (folder / "journal.jsonl").read_text() == "half a li"


@pytest.mark.parametrize("how", ["resume", "force"])
def test_nothing_is_taken_from_a_session_that_runs(folder: Path, how: str) -> None:
    lock = lock_record(folder / "session.sqlite")
    with pytest.raises(DataError, match="a running process is writing this record"):
        _open(folder, **{how: True})
    assert (folder / "journal.jsonl").read_text() == "half a li"
    lock.release()
    _open(folder, **{how: True})
    assert (folder / "session.sqlite").exists() is (how == "resume")


def test_a_session_that_is_gone_on_with_leaves_earlier_results_until_it_has_caught_up(folder: Path) -> None:
    (folder / "hits").mkdir()
    (folder / "hits" / "2018-02-27.parquet").write_text("what was found")
    with (
        pytest.raises(KeyboardInterrupt),
        run_folder(folder, facts=lambda: {"mode": "live"}, force=False, resume=True) as results,
    ):
        assert results.restores_previous
        raise KeyboardInterrupt
    assert (folder / "hits" / "2018-02-27.parquet").read_text() == "what was found"
    assert (folder / "summary.json").exists()
    assert not (folder / ".replaced").exists()
