"""``symscan scanners``: the built-in scanners and their parameters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from inspect import cleandoc
from types import ModuleType
from typing import Any

from symscan.cli.output.run_report import plain_table, print_line, report_console
from symscan.errors import InputError
from symscan.runtime.building.plugins import SCANNERS

_BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
}
_KINDS = {"number": "number", "integer": "whole number", "string": "text", "boolean": "true or false"}


def show_scanners(name: str | None) -> None:
    """Print the built-in scanners, or one with its parameters.

    Raises
    ------
    InputError
        If there is no such scanner.
    """
    names = SCANNERS.builtin_names()
    if name is None:
        _show_all(names)
        return
    bare = name.removeprefix("scanners.").removesuffix("_scanner")
    if bare not in names:
        close = get_close_matches(bare, names, 1)
        hint = f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(names)}"
        raise InputError(f"there is no built-in scanner '{name}'{hint}")
    _show_one(bare)


def _show_all(names: list[str]) -> None:
    table = plain_table()
    table.add_column("module", no_wrap=True)
    table.add_column("finds")
    for name in names:
        title = (_module(name).__doc__ or "").splitlines()[0]
        table.add_row(f"scanners.{name}", title.split(": ", 1)[-1])
    report_console().print(table)
    print("'symscan scanners NAME' shows one with its parameters")


def _show_one(name: str) -> None:
    console, module = report_console(), _module(name)
    for paragraph in cleandoc(module.__doc__ or "").replace("``", "").split("\n\n"):
        print_line(console, paragraph if paragraph.startswith("*") else " ".join(paragraph.split()))
    table = plain_table()
    for column in ("parameter", "default"):
        table.add_column(column, no_wrap=True)
    table.add_column("what it is")
    for row in _parameters(module):
        table.add_row(*row)
    console.print(table)
    print_line(console, f'In a configuration: "module": "scanners.{name}", "config": {{"universe": "sp500"}}')


def _module(name: str) -> ModuleType:
    return import_module(f"symscan.scanners.builtin.{name}")


def _parameters(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of each parameter."""
    model = module.Scanner.params
    if model is None:
        return
    described = model.model_json_schema()
    required = described.get("required", ())
    for name, one in described["properties"].items():
        default = "required" if name in required else json.dumps(one.get("default"))
        yield name, default, f"{one.get('description', '')} {_kind(one)}".strip()


def _kind(described: dict[str, Any]) -> str:
    """What values a parameter takes, from its JSON Schema: ``A number, at least 0.``"""
    choices = [one for one in described.get("anyOf", [described]) if one.get("type") != "null"]
    one = choices[0]
    if "enum" in one:
        return f"One of {', '.join(map(str, one['enum']))}."
    bounds = [text.format(f"{one[key]:g}") for key, text in _BOUNDS.items() if key in one]
    kind = _KINDS.get(one.get("type", ""), "")
    return f"{', '.join([kind.capitalize(), *bounds])}." if kind else ""
