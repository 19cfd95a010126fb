"""Forbid what makes a test slow or dependent on the machine: disk, threads, processes, sockets.

Reading is allowed where it belongs to the program itself: the interpreter, installed packages, the source,
its data, and the answers beside the tests. What polars itself reads and writes is not seen.
"""

from __future__ import annotations

import os
import sys
import threading
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
READABLE: Final = tuple(
    f"{name}{os.sep}"
    for folder in (
        *(sys.prefix, sys.base_prefix),
        *(ROOT / "src", ROOT / "data", ROOT / "tests"),
        *zoneinfo.TZPATH,
    )
    for name in {str(folder), os.path.realpath(folder)}
)
WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
LIBRARY: Final = f"{os.path.dirname(os.__file__)}{os.sep}"  # noqa: PTH120
LISTING: Final = ("os.listdir", "os.scandir")
FORBIDDEN: Final = {
    "disk": ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"),
    "a file's lock": ("fcntl.flock", "fcntl.lockf"),
    "a database": ("sqlite3.connect",),
    "a process": ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"),
    "a socket": ("socket.__new__",),
}
KINDS: Final = {event: kind for kind, events in FORBIDDEN.items() for event in events}


class _Watch:
    """Whether a test is watched, and what it did that is forbidden."""

    def __init__(self) -> None:
        self.thread: int | None = None
        self.found: list[str] = []

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse an event of the interpreter, and note it: the program may swallow the failure."""
        if self.thread != threading.get_ident() or not (found := _forbidden(event, arguments)):
            return
        if not _is_hypothesis():
            self.refuse(found)

    def refuse(self, found: str) -> None:
        self.found.append(found)
        pytest.fail(f"a unit test uses {found}: it belongs to tests/component")


def _forbidden(event: str, arguments: tuple[Any, ...]) -> str | None:
    """What an event does that a unit test may not do."""
    if event in FORBIDDEN["disk"]:
        return _of_file(arguments[0], True)
    if event in KINDS:
        return f"{KINDS[event]} ({event} {arguments[:1]})"
    if event == "open":
        path, _, flags = arguments
        return _of_file(path, bool((flags or 0) & WRITING))
    if event in LISTING and arguments[0] not in sys.path:  # imports list those, whoever put them there
        return _of_file(arguments[0], False)
    return None


def _of_file(path: Any, writes: bool) -> str | None:
    if path is None or isinstance(path, int):
        return None
    name = os.fspath(Path.cwd() / os.fsdecode(path))
    if "__pycache__" in name or (not writes and f"{name}{os.sep}".startswith(READABLE)):
        return None
    return f"disk ({'writes' if writes else 'reads'} {name})"


def _is_hypothesis() -> bool:
    """Whether Hypothesis does it, for what it remembers, by functions of the standard library."""
    frame: FrameType | None = sys._getframe(2)
    while frame and (name := frame.f_code.co_filename).startswith((LIBRARY, "<frozen")):
        if "site-packages" in name:
            break
        frame = frame.f_back
    return frame is not None and f"{os.sep}hypothesis{os.sep}" in frame.f_code.co_filename


_WATCH: Final = _Watch()
_start = threading.Thread.start


def _start_watched(thread: threading.Thread) -> None:
    """Start a thread, which raises no event in every version of Python."""
    if _WATCH.thread == threading.get_ident():
        _WATCH.refuse(f"a thread ({thread.name})")
    _start(thread)


sys.addaudithook(_WATCH.audit)
threading.Thread.start = _start_watched  # type: ignore[method-assign]


@contextmanager
def only_memory() -> Iterator[None]:
    """Fail what is done meanwhile if it uses more than memory, also if the failure itself is swallowed."""
    _WATCH.thread, _WATCH.found = threading.get_ident(), []
    try:
        yield
    finally:
        _WATCH.thread = None
    if _WATCH.found:
        pytest.fail(f"a unit test uses {_WATCH.found[0]}: it belongs to tests/component")
