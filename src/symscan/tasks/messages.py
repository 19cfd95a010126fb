"""What passes between a process that does tasks and the one that started it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct


class Setup(Struct, frozen=True):
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


class Reported(Struct, frozen=True):
    """How far a task is."""

    value: Any


class Logged(Struct, frozen=True):
    """A record of a logger of the process."""

    record: logging.LogRecord
