"""Writes SCANNER_API_REFERENCE.md from the docstrings: ``python docs/make_reference.py``."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any

import symscan
from symscan import errors
from symscan.indicators.definition import Definition
from symscan.indicators.registry import definitions
from symscan.model.bar import Bar
from symscan.model.interval import FIVE_MINUTES, PREMARKET
from symscan.model.readings import SESSION_READINGS
from symscan.model.specs import IndicatorSpec
from symscan.session.view.indicator_value import IndicatorReading

PAGE = Path(__file__).with_name("SCANNER_API_REFERENCE.md")

_HEAD = """# Scanner API reference

<!-- Written by docs/make_reference.py from the docstrings; do not edit. -->

All of this is imported from `symscan`, except `Bar` and `IndicatorReading`, which methods return.
[SCANNER_GUIDE.md](SCANNER_GUIDE.md) shows how it is used.
"""

_CLASSES: tuple[type, ...] = (
    symscan.BaseScanner,
    symscan.ScanContext,
    symscan.ScanResult,
    symscan.Clause,
    symscan.SessionView,
    Bar,
    IndicatorReading,
    symscan.TimeManager,
    symscan.Screen,
    symscan.DatedFile,
    symscan.ScreenScanner,
    symscan.IndicatorConfig,
    symscan.IndicatorType,
    symscan.Universe,
    symscan.ScriptSession,
)
_INNER = {
    symscan.SessionView: {"unanswered", "add_unanswered", "forget"},
    symscan.ScriptSession: {"apply_requests"},
    symscan.BaseScanner: {"use_folders", "use_dated_files", "columns_at"},
    symscan.TimeManager: {"advance_to"},
    symscan.ScreenScanner: {"setup", "scan", "check"},
}
"""Methods for the engine, or described where they come from."""

_SHOWN_PRIVATE = {"_load_universe", "_load_universe_from_file"}
"""The specification's names for methods that scanners call."""


def render() -> str:
    """The whole page."""
    parts = [_HEAD, *(_class(cls) for cls in _CLASSES), _function(symscan.load_universe)]
    parts += [_function(symscan.open_session), _readings()]
    return "\n".join([*parts, _indicators(), _errors()]).rstrip() + "\n"


def _class(cls: type) -> str:
    lines = [f"## {cls.__name__}", "", *_prose(inspect.getdoc(cls) or "")]
    if issubclass(cls, Enum):
        return "\n".join([*lines, "", "Values: " + ", ".join(f"`{one.value}`" for one in cls), ""])
    lines += _attributes(cls)
    for name, member in _members(cls):
        lines += ["", f"### {cls.__name__}.{name}", "", *_member(name, member)]
    return "\n".join([*lines, ""])


def _function(function: Any) -> str:
    return "\n".join([f"## {function.__name__}", "", *_member(function.__name__, function), ""])


def _attributes(cls: type) -> Iterator[str]:
    """Class attributes that a text below describes."""
    (body,) = (
        node.body for node in ast.parse(dedent(inspect.getsource(cls))).body if isinstance(node, ast.ClassDef)
    )
    for node, below in pairwise(body):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            declared = ast.unparse(node).replace("'", '"')
            yield from ("", f"### {cls.__name__}.{ast.unparse(node.target)}", "")
            yield from ("```python", declared, "```", "", _plain(str(below.value.value)))


def _members(cls: type) -> Iterator[tuple[str, Any]]:
    """Methods and properties with a docstring, in the order of their classes."""
    hidden, seen = _INNER.get(cls, set()), set[str]()
    own = [base for base in cls.__mro__ if base.__module__.startswith("symscan.")]
    bases = own[:1] if cls is symscan.ScreenScanner else own
    for base in bases:
        for name, member in vars(base).items():
            is_shown = not name.startswith("_") or name in _SHOWN_PRIVATE
            described = isinstance(member, property | classmethod) or inspect.isfunction(member)
            if is_shown and described and name not in hidden | seen:
                seen.add(name)
                yield name, member


def _member(name: str, member: Any) -> list[str]:
    function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    signature = str(inspect.signature(function)).replace("(self, ", "(").replace("(self)", "()")
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature.replace("(cls, ", "("))
    shown = name + (
        signature.removeprefix("()").replace(" -> ", ": ") if isinstance(member, property) else signature
    )
    return ["```python", shown, "```", "", *_prose(inspect.getdoc(function) or "")]


def _prose(docstring: str) -> Iterator[str]:
    """A numpydoc docstring as Markdown: sections become lists."""
    section = ""
    lines = docstring.splitlines()
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if set(line) == {"-"}:
            continue
        if following and set(following) == {"-"}:
            section = line
            yield f"**{line}**"
            yield ""
        elif section and line and not line.startswith(" "):
            names = ", ".join(f"`{name.strip()}`" for name in line.split(","))
            yield f"- {names}:"
        elif section and line:
            yield f"  {_plain(line.strip())}"
        else:
            yield _plain(line)


def _plain(text: str) -> str:
    return re.sub(r":\w+:`~?([\w.]+)`", r"`\1`", text).replace("``", "`")


def _readings() -> str:
    names = ", ".join(f"`{name}`" for name in SESSION_READINGS)
    return f"## Session readings\n\nFor `column`, `frame` and screens, without being asked for: {names}.\n"


def _indicators() -> str:
    rows = sorted((_indicator(one) for one in definitions()), key=str.lower)
    intro = "A key holds the name, every parameter in this order, and an interval; `premarket_...` has none."
    head = ["## Indicators", "", intro, ""]
    table = ["| key | parameters | outputs | what it is |", "|---|---|---|---|", *rows]
    tail = "Any other function of TA-Lib is there by its name: `adx_14_5m`."
    return "\n".join([*head, *table, "", tail, ""])


def _indicator(one: Definition) -> str:
    interval = PREMARKET if one.is_premarket else FIVE_MINUTES
    key = IndicatorSpec(one.name, tuple(each.default for each in one.parameters), interval).key
    names = ", ".join(f"`{each.name}`" for each in one.parameters) or "none"
    outputs = ", ".join(f"`.{name}`" for name in one.outputs if name != "value") or "one value"
    return f"| `{key}` | {names} | {outputs} | {one.summary} |"


def _errors() -> str:
    tree = inspect.cleandoc(errors.__doc__ or "").split("::")[1]
    return f"## Errors\n\n```text\n{inspect.cleandoc(tree)}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
