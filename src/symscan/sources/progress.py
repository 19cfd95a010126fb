"""How far long work is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Told what is being done (``reading``, ``writing``, ``checking``), how much is done, and of how much."""


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
