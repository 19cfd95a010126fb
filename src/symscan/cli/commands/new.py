"""``symscan new``: something to start from, in the user's own project."""

from __future__ import annotations

import keyword
from importlib.resources import files
from pathlib import Path
from typing import Final

import typer

from symscan.errors import InputError

_FILES: Final = {
    "{name}.py": "scanner.txt",
    "{name}.json": "scanner_config.txt",
    "tests/test_{name}.py": "scanner_test.txt",
}


def write_scanner(name: str, universe: str) -> None:
    """Write a scanner, a configuration that runs it, and its test into the current folder.

    Raises
    ------
    InputError
        If the name cannot be a module's, or one of the files exists.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise InputError(
            f"'{name}' cannot be a module's name; write letters, digits and _, as in rising_stars"
        )
    texts = {Path(path.format(name=name)): _render(text, name, universe) for path, text in _FILES.items()}
    existing = [str(path) for path in texts if path.exists()]
    if existing:
        raise InputError(f"{', '.join(existing)} exists; choose another name, or remove it first")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    demo = "--store demo/store --date 2026-01-15"
    typer.echo(
        f"""wrote {", ".join(map(str, texts))}
  test it    pytest tests/test_{name}.py   (needs: pip install pytest)
  scan once  symscan scan {name} {demo} --at 10:30 --universe {universe}
  run it     symscan run {name}.json {demo}
That store is the one 'symscan demo' makes; name your own instead."""
    )


def _render(template: str, name: str, universe: str) -> str:
    text = (files("symscan.cli") / "templates" / template).read_text(encoding="utf-8")
    return text.replace("@NAME@", name).replace("@UNIVERSE@", universe)
