"""Digest the source of a class that was given itself, without a module to be found by."""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Iterator
from hashlib import sha256
from types import CodeType, FunctionType
from typing import Any, Final

_OURS: Final = "symscan."


def class_digest(cls: type[Any]) -> str:
    """Return a digest of the source of a class and of the user's classes that it derives from.

    Where there is no source, as at Python's own prompt, it is of what the methods were compiled to. What a
    class uses beside its own body, such as functions of the same file, is no part of it.
    """
    own = [one for one in cls.__mro__ if one is not object and not one.__module__.startswith(_OURS)]
    texts = [_source(one) or _compiled(one) for one in own]
    return sha256("\n".join(texts).encode(errors="backslashreplace")).hexdigest()


def _source(cls: type[Any]) -> str | None:
    """Return the source of a class; of one in a notebook's cell, where its methods were compiled from."""
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):
        pass
    for code in _codes(cls):
        text = "".join(linecache.getlines(code.co_filename))
        if (found := _class_at(text, cls.__name__, code.co_firstlineno)) is not None:
            return found
    return None


def _class_at(text: str, name: str, line: int) -> str | None:
    """Return the source of the class of a name that spans a line."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # a cell may hold more than Python
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == name and node.lineno <= line <= _end(node):
            return ast.get_source_segment(text, node)
    return None


def _end(node: ast.ClassDef) -> int:
    return node.end_lineno or node.lineno


def _codes(cls: type[Any]) -> list[CodeType]:
    return [one.__code__ for one in vars(cls).values() if isinstance(one, FunctionType)]


def _compiled(cls: type[Any]) -> str:
    plain = {name: repr(value) for name, value in vars(cls).items() if isinstance(value, str | int | float)}
    return repr([cls.__qualname__, sorted(plain.items()), [list(_parts(code)) for code in _codes(cls)]])


def _parts(code: CodeType) -> Iterator[object]:
    yield code.co_name, code.co_code, code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        else:
            yield repr(constant)
