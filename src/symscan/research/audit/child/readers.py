"""Have readers that are compiled say what they read: the interpreter's hook does not see them."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final

import polars as pl

from symscan.research.audit.child.walls import Denials

_PREFIXES: Final = ("read_", "scan_")
_SOURCES: Final = ("source", "path", "file")


def watch_readers(denials: Denials) -> None:
    """Check what polars is told to read; what the walls deny is noted with the line that asks for it."""
    for name in dir(pl):
        if name.startswith(_PREFIXES) and callable(read := getattr(pl, name)):
            setattr(pl, name, _checked(read, denials))


def _checked(read: Callable[..., Any], denials: Denials) -> Callable[..., Any]:
    @wraps(read)
    def checked(*arguments: Any, **named: Any) -> Any:
        if denials.active:
            sources = [*arguments[:1], *(named[name] for name in _SOURCES if name in named)]
            for path in _paths(sources):
                denials.check(path)
        return read(*arguments, **named)

    return checked


def _paths(sources: list[Any]) -> Iterator[str]:
    for source in sources:
        if isinstance(source, list | tuple):
            yield from _paths(list(source))
        elif isinstance(source, str | os.PathLike):
            text = os.fspath(source)
            yield from glob.glob(text) or [text] if glob.has_magic(text) else [text]  # noqa: PTH207
