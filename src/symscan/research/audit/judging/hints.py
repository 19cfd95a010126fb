"""Point at the lines of a scanner's source that reach outside of its session: hints, never findings."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MOST: Final = 8

_CALLS: Final = {
    "a file": frozenset(
        {"open", "read_text", "read_bytes", "listdir", "scandir", "iterdir", "glob", "rglob", "loadtxt"}
    ),
    "the clock": frozenset({"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}),
    "chance": frozenset({"random", "sample", "choice", "choices", "shuffle", "randint", "uuid4", "urandom"}),
    "hash()": frozenset({"hash", "id"}),
}
_CLOCKS: Final = frozenset({"datetime", "date", "time", "pd", "pendulum"})
_MODULES: Final = {
    **dict.fromkeys(("subprocess", "multiprocessing", "ctypes", "gc", "inspect"), "the process"),
    **dict.fromkeys(("socket", "urllib", "requests", "httpx", "http"), "the network"),
    **dict.fromkeys(("random", "secrets", "uuid"), "chance"),
    **dict.fromkeys(("pickle", "shelve", "sqlite3"), "a file"),
}
_REQUESTS: Final = frozenset({"add_indicator", "add_session_bars", "add_historical_bars", "add_symbol"})
_READS: Final = ("read_", "scan_")
_CONTAINERS: Final = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)


@dataclass(frozen=True, slots=True, order=True)
class Hint:
    """A line that reaches outside.

    Attributes
    ----------
    line
        Its number, from 1.
    what
        What it reaches for.
    is_private
        Whether it uses a private name of another object.
    """

    line: int
    what: str
    is_private: bool = False


def hints_of(file: Path) -> list[Hint]:
    """Return the hints of a file of code, none if it cannot be read."""
    tree = _parsed(file)
    found = {hint for node in ast.walk(tree) for hint in _of(node)}
    found |= {hint for node in tree.body for hint in _of_module(node)}
    return sorted(found)


def requests_in_scans(file: Path) -> bool:
    """Whether code requests data anywhere but in ``setup``: a scan that is the only one then lacks it."""
    tree = _parsed(file)
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name != "setup"
    ]
    calls = [node.func for one in functions for node in ast.walk(one) if isinstance(node, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr in _REQUESTS for one in calls)


def _parsed(file: Path) -> ast.Module:
    """Return the code of a file; an empty module if it cannot be read."""
    try:
        return ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def hints_text(file: Path, hints: list[Hint]) -> str:
    """Return hints as text, empty if there are none."""
    shown = [f"{file.name}:{one.line} ({one.what})" for one in hints[:_MOST]]
    more = f" and {len(hints) - _MOST} more" if len(hints) > _MOST else ""
    return ", ".join(shown) + more


def _of(node: ast.AST) -> Iterator[Hint]:
    match node:
        case ast.Call():
            yield from _of_call(node)
        case ast.Import():
            names = [one.name.partition(".")[0] for one in node.names]
            yield from (Hint(node.lineno, _MODULES[one]) for one in names if one in _MODULES)
        case ast.ImportFrom():
            name = (node.module or "").partition(".")[0]
            if name in _MODULES:
                yield Hint(node.lineno, _MODULES[name])
        case ast.Global():
            yield Hint(node.lineno, f"global {', '.join(node.names)}")
        case ast.Attribute():
            yield from _of_attribute(node)


def _of_attribute(node: ast.Attribute) -> Iterator[Hint]:
    name, owner = node.attr, node.value
    if isinstance(owner, ast.Name) and owner.id == "os" and name in ("environ", "getenv"):
        yield Hint(node.lineno, "the environment")
    is_own = isinstance(owner, ast.Name) and owner.id in ("self", "cls")
    is_super = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super"
    if name.startswith("_") and not name.startswith("__") and not is_own and not is_super:
        yield Hint(node.lineno, f"the private name {name}", is_private=True)


def _of_call(node: ast.Call) -> Iterator[Hint]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    owner = function.value if isinstance(function, ast.Attribute) else None
    owned_by = getattr(owner, "id", getattr(owner, "attr", ""))
    if name.startswith(_READS):
        yield Hint(node.lineno, f"a file, by {name}")
    for what, names in _CALLS.items():
        is_clock = what == "the clock"
        if name in names and (not is_clock or owned_by in _CLOCKS):
            yield Hint(node.lineno, what)


def _of_module(node: ast.stmt) -> Iterator[Hint]:
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, _CONTAINERS):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and not target.id.startswith("__"):
                yield Hint(node.lineno, f"{target.id}, which outlives a session")
