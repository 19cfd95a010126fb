"""Walls around a process: what it may read. Set before anything else is imported, since threads keep theirs.

Landlock is asked for where the kernel has it; a hook of the interpreter says beside it what was denied and
where. Imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

_CREATE, _ADD, _RESTRICT = 444, 445, 446
"""The numbers of Landlock's system calls, the same on every architecture that Python is built for."""
_NO_NEW_PRIVILEGES: Final = 38
_ASKS_VERSION: Final = 1
_BENEATH_PATH: Final = 1
_READ_FILE: Final = 1 << 2
_READ_FOLDER: Final = 1 << 3
_CONNECT: Final = 1 << 1
_NETWORK_SINCE: Final = 4
_SCOPES_SINCE: Final = 6
_ABSTRACT_SOCKETS: Final = 1

_IMPORTLIB: Final = f"{os.sep}importlib{os.sep}"
_JOBS: Final = os.path.join("symscan", "scanners", "jobs", "job.py")  # noqa: PTH118 - no heavy imports
_READS: Final = {"open": 0, "os.listdir": 0, "os.scandir": 0, "sqlite3.connect": 0}
_NETWORK: Final = frozenset(
    {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind"}
)


@dataclass(frozen=True, slots=True)
class Walls:
    """What a process may read.

    Attributes
    ----------
    files, folders
        Absolute paths, without links; a folder with all that is beneath it.
    modules
        The project's files of code, whose lines are named.
    """

    files: tuple[str, ...]
    folders: tuple[str, ...]
    modules: tuple[str, ...] = ()

    def allow(self, path: str) -> bool:
        """Whether a path, without links, may be read."""
        return path in self.files or any(_is_beneath(path, folder) for folder in self.folders)


@dataclass(frozen=True, slots=True, order=True)
class Denied:
    """What was denied: a file, a folder or an address.

    Attributes
    ----------
    place
        The line that asked, empty if unknown.
    scanner
        The scanner that was being called, empty if none was: at import, on a thread.
    """

    what: str
    place: str = ""
    scanner: str = ""


@dataclass(slots=True)
class Denials:
    """What was denied so far, each once; nothing is noted or denied by the hook until it is ``active``."""

    walls: Walls
    found: list[Denied] = field(default_factory=list)
    active: bool = False

    def deny(self, what: str) -> None:
        """Note what is denied, and raise.

        Raises
        ------
        PermissionError
            Always.
        """
        if os.path.exists(what) and not _imports(self.walls.modules):  # noqa: PTH110 - no heavy imports
            one = Denied(what, _place(self.walls.modules), _called_scanner())
            if one not in self.found:
                self.found.append(one)
        raise PermissionError(errno.EACCES, "an audit lets a scanner read only what it declares", what)

    def check(self, path: Any) -> None:
        """Check that a path may be read.

        Raises
        ------
        PermissionError
            If not.
        """
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor: it was opened before
        real = os.path.realpath(os.fsdecode(path))
        if not self.walls.allow(real):
            self.deny(real)


def landlock_version() -> int:
    """Return the version of Landlock the kernel has, 0 if it has none."""
    try:
        return max(0, int(ctypes.CDLL(None).syscall(_CREATE, None, 0, _ASKS_VERSION)))
    except (OSError, AttributeError):
        return 0


def build_walls(walls: Walls) -> Denials:
    """Restrict this thread, and all that it starts, to what may be read; there is no way back."""
    version = landlock_version()
    if version:
        _restrict(walls, version)
    denials = Denials(walls)
    sys.addaudithook(_hook(denials))
    return denials


def _restrict(walls: Walls, version: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    rules = [_READ_FILE | _READ_FOLDER]
    if version >= _NETWORK_SINCE:
        rules.append(_CONNECT)
    if version >= _SCOPES_SINCE:
        rules.append(_ABSTRACT_SOCKETS)
    attributes = struct.pack(f"={len(rules)}Q", *rules)
    ruleset = _called(libc, _CREATE, attributes, len(attributes), 0)
    for path, rights in _rights(walls):
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # what is not there needs no right
        try:
            _called(libc, _ADD, ruleset, _BENEATH_PATH, struct.pack("=Qi", rights, descriptor), 0)
        finally:
            os.close(descriptor)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "the process cannot give up privileges")
    _called(libc, _RESTRICT, ruleset, 0)
    os.close(ruleset)


def _rights(walls: Walls) -> Iterator[tuple[str, int]]:
    for folder in walls.folders:
        yield folder, _READ_FILE | _READ_FOLDER if os.path.isdir(folder) else _READ_FILE  # noqa: PTH112
    for file in walls.files:
        yield file, _READ_FILE


def _called(libc: ctypes.CDLL, number: int, *arguments: Any) -> int:
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock refused system call {number}")
    return result


def _hook(denials: Denials) -> Callable[[str, tuple[Any, ...]], None]:
    writes_only = os.O_WRONLY

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not denials.active:
            return
        if event in _NETWORK:
            denials.deny(f"{event} {_address(arguments)}")
        elif event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & os.O_ACCMODE == writes_only):
                denials.check(path)
        elif event in _READS and arguments:
            denials.check("." if arguments[0] is None else arguments[0])

    return hook


def _address(arguments: Sequence[Any]) -> str:
    return " ".join(str(one) for one in arguments if isinstance(one, str | tuple | int))


def _imports(modules: Sequence[str]) -> bool:
    """Whether the import system asks, which looks through folders by itself."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen ") or _IMPORTLIB in file:
            return True
        if os.path.realpath(file) in modules:
            return False
        frame = frame.f_back
    return False


def _called_scanner() -> str:
    """Return the name of the scanner whose job calls."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename.endswith(_JOBS):
            return str(getattr(frame.f_locals.get("self"), "name", ""))
        frame = frame.f_back
    return ""


def _place(modules: Sequence[str]) -> str:
    """Return the innermost line of the project's code that runs: ``movers.py:9``."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        file = os.path.realpath(frame.f_code.co_filename)
        if file in modules:
            return f"{os.path.basename(file)}:{frame.f_lineno}"  # noqa: PTH119
        frame = frame.f_back
    return ""


def _is_beneath(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
