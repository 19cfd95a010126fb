"""Describe an exception of a user's code: file, line number, source line and error."""

from __future__ import annotations

import linecache
import os
import traceback
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Final

PROJECT: Final = "symscan_project_"
"""What the names of a project's modules begin with, before a number of its own and a dot."""

_LONGEST_LINE: Final = 120
_SYMSCAN: Final = f"{Path(__file__).parents[1]}{os.sep}"
_PLUG_INS: Final = f"{os.sep}builtin{os.sep}"


class DescribedError(Exception):
    """An exception of a user's code that was described where it was raised: in another process.

    Attributes
    ----------
    description
        What :func:`describe_error` said there.
    """

    def __init__(self, message: str, description: str) -> None:
        super().__init__(message)
        self.description = description


def describe_error(error: BaseException, module: str = "") -> str:
    """Describe an exception of a user's code: ``my_scanner.py:17: {}["a"]  KeyError: 'a'``.

    Half characters, which no file takes, are spelt out.

    Parameters
    ----------
    error
        As it was caught; its traceback says where it comes from.
    module
        The module of the plug-in that raised it: one that is installed is the user's code all the same.
    """
    if isinstance(error, DescribedError):
        text = error.description
    else:
        message = message_of(error)
        text = _place(error, module) + type(error).__name__ + (f": {message}" if message else "")
    return text.encode(errors="backslashreplace").decode()


def message_of(error: BaseException) -> str:
    """Return the message of an error, empty where its ``__str__`` fails."""
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # the plug-in boundary: its __str__ is the user's, too
        return ""
    return message.encode(errors="backslashreplace").decode()


def _place(error: BaseException, module: str) -> str:
    """``my_scanner.py:17: {}["a"]`` and two blanks; nothing where no line of the user's is to blame."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno and Path(error.filename).is_file():
        return _line_of(error.filename, Path(error.filename).name, error.lineno)
    package = module.partition(".")[0]
    where = [
        (frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _is_users(frame, package)
    ]
    if not where:
        return ""
    frame, line = where[-1]
    return _line_of(frame.f_code.co_filename, _name_of(frame), line)


def _line_of(file: str, name: str, number: int) -> str:
    line = linecache.getline(file, number).strip()
    if len(line) > _LONGEST_LINE:
        line = f"{line[:_LONGEST_LINE]} ..."
    return f"{name}:{number}: {line}  " if line else f"{name}:{number}: "


def _is_users(frame: FrameType, package: str) -> bool:
    """Whether a frame runs a plug-in, the user's or one that comes with symscan."""
    file = frame.f_code.co_filename
    if file.startswith("<"):
        return False
    if file.startswith(_SYMSCAN):
        return _PLUG_INS in file
    is_of_plug_in = bool(package) and _module_of(frame).partition(".")[0] == package
    return is_of_plug_in or not file.startswith(_libraries())


@cache
def _libraries() -> tuple[str, ...]:
    """The folders of Python's own modules and of what is installed."""
    import sysconfig

    paths = sysconfig.get_paths()
    return tuple(f"{paths[name]}{os.sep}" for name in ("stdlib", "platstdlib", "purelib", "platlib"))


def _name_of(frame: FrameType) -> str:
    """The file as its project knows it, ``scanners/mine.py``: the same wherever the project is."""
    file = Path(frame.f_code.co_filename)
    dotted = _module_of(frame)
    if dotted.startswith(PROJECT):
        dotted = dotted.partition(".")[2]
    parts = dotted.split(".")
    parts = [*parts, "__init__"] if file.stem == "__init__" else parts
    is_known = file.with_suffix("").parts[-len(parts) :] == tuple(parts)
    return "/".join(parts) + file.suffix if is_known else file.name


def _module_of(frame: FrameType) -> str:
    name = frame.f_globals.get("__name__")
    return name if isinstance(name, str) else ""
