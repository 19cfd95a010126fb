"""Unit tests that use more than memory fail, whatever the program does with the failure."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from support.purity import only_memory

IMPURE: dict[str, Callable[[Path], object]] = {
    "writes": lambda folder: (folder / "new").write_text("x"),
    "appends": lambda folder: (folder / "new").open("a"),
    "makes a folder": lambda folder: (folder / "sub").mkdir(),
    "removes": lambda folder: (folder / "old").unlink(),
    "renames": lambda folder: (folder / "old").rename(folder / "new"),
    "reads what is of no program": lambda folder: (folder / "old").read_text(),
    "lists": lambda folder: list(folder.iterdir()),
    "opens a database": lambda _: sqlite3.connect(":memory:"),
    "starts a process": lambda _: subprocess.run([sys.executable, "-c", ""], check=True),
    "forks": lambda _: os.fork(),
    "starts a thread": lambda _: threading.Thread(target=int).start(),
    "opens a socket": lambda _: socket.socket(),
}


@pytest.mark.parametrize("how", IMPURE)
def test_more_than_memory_is_refused(how: str, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("as it was")
    with pytest.raises(pytest.fail.Exception, match="belongs to tests/component"), only_memory():
        IMPURE[how](tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_failure_that_the_program_swallows_counts(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="writes"), only_memory(), suppress(BaseException):
        (tmp_path / "new").write_text("x")


def test_the_programs_own_files_and_other_threads_are_free(tmp_path: Path) -> None:
    go, done = threading.Event(), threading.Event()

    def write() -> None:
        go.wait()
        (tmp_path / "new").touch()
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    with only_memory():
        assert Path(__file__).read_text().startswith('"""Unit tests')
        ZoneInfo.no_cache("America/New_York")
        go.set()
        done.wait()
    writer.join()
    assert (tmp_path / "new").is_file()


def test_unit_tests_are_watched(request: pytest.FixtureRequest) -> None:
    conftest = request.config.rootpath / "tests" / "unit" / "conftest.py"
    assert conftest.read_text().count("with only_memory():") == 2


def test_an_import_may_look_through_a_folder_that_a_test_before_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    with only_memory(), suppress(ModuleNotFoundError):
        import_module("there_is_no_such_module")
