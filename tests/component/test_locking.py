"""Locks between processes: held by one, free once its holder is dead, and errors that say what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import environment
from symscan.errors import DataError
from symscan.locking import lock_file

HOLDER = """
import sys
from pathlib import Path
from symscan.locking import lock_file
lock = lock_file(Path(sys.argv[1]), busy="", unwritable="")
print("held", flush=True)
sys.stdin.read()
"""


def _lock(path: Path) -> None:
    lock_file(path, busy=f"{path}: it is held", unwritable="the work cannot be done").release()


def test_a_lock_of_another_process_is_free_once_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "work.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with pytest.raises(DataError) as caught:
            _lock(path)
        assert str(caught.value) == f"{path}: it is held"
        holder.kill()
    _lock(path)


def test_a_lock_is_held_within_one_process_too(tmp_path: Path) -> None:
    lock = lock_file(tmp_path / "work.lock", busy="", unwritable="")
    with pytest.raises(DataError, match="it is held"):
        _lock(tmp_path / "work.lock")
    lock.release()
    _lock(tmp_path / "work.lock")


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none" / "work.lock"
    with pytest.raises(DataError) as caught:
        _lock(path)
    assert str(caught.value) == f"{path}: No such file or directory; the work cannot be done"
    assert not path.parent.exists()


def test_a_lock_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Is a directory; the work cannot be done$"):
        lock_file(tmp_path, busy="", unwritable="the work cannot be done")
