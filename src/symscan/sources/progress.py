"""The progress callback of long work."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called with the stage (``reading``, ``writing``, ``checking``), how much is done, and the total."""


def silent(stage: str, done: int, total: int) -> None:
    """Ignore progress."""
