"""What passes between a process that does tasks and the one that started it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message to a process.

    Attributes
    ----------
    work
        The pickled :class:`~symscan.tasks.work.Work`.
    path
        Where it imports modules from.
    levels
        From which level on records of a logger are sent back, by the logger's name.
    scratch
        A folder for its files.
    """

    work: bytes
    path: tuple[str, ...]
    levels: Mapping[str, int]
    scratch: Path


@dataclass(frozen=True, slots=True)
class Reported:
    """How far a task is."""

    value: Any


@dataclass(frozen=True, slots=True)
class Logged:
    """A record of a logger of the process."""

    record: logging.LogRecord
