"""The libraries that the page brings along: their versions, digests and licences."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

STATIC: Final = files("symscan.dashboard") / "static"
"""The files of the page."""

VENDOR: Final = STATIC / "vendor"
"""Those of other projects, with ``VENDOR.toml`` that names them."""


@lru_cache(maxsize=1)
def libraries() -> list[dict[str, Any]]:
    """Return what ``VENDOR.toml`` says of each library."""
    found: list[dict[str, Any]] = tomllib.loads((VENDOR / "VENDOR.toml").read_text(encoding="utf-8"))[
        "library"
    ]
    return found


@lru_cache(maxsize=1)
def notices() -> list[dict[str, str]]:
    """Return name, version, notice and licence of each library, for the page About."""
    return [
        {
            **{key: str(one[key]) for key in ("name", "version", "home", "notice", "licence")},
            "text": (VENDOR / str(one["licence_file"])).read_text(encoding="utf-8"),
        }
        for one in libraries()
    ]


def static_files() -> dict[str, Traversable]:
    """Return the files that are served, by their address below ``/static/``."""
    found: dict[str, Traversable] = {}
    _collect(STATIC, "", found)
    return found


def _collect(folder: Traversable, prefix: str, found: dict[str, Traversable]) -> None:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            _collect(entry, f"{prefix}{entry.name}/", found)
        elif entry.name.endswith((".js", ".css", ".html", ".svg")):
            found[f"{prefix}{entry.name}"] = entry
