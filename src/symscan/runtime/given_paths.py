"""Paths as the user gave them, in messages of what works with absolute ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from symscan.errors import InputError


@contextmanager
def paths_as_given(*paths: Path) -> Iterator[None]:
    """Name paths in a mistake's message as the user gave them; inside they are absolute."""
    given = {str(path.absolute()): str(path) for path in paths}
    try:
        yield
    except InputError as error:
        error.args = tuple(_replaced(part, given) if isinstance(part, str) else part for part in error.args)
        raise


def _replaced(text: str, given: Mapping[str, str]) -> str:
    for absolute, shown in given.items():
        text = text.replace(absolute, shown)
    return text
