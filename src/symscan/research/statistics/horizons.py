"""Horizons: how long after its entry a hit is followed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from symscan.errors import InputError

MOST_SESSIONS: Final = 20
_MINUTES: Final = re.compile(r"([1-9][0-9]{0,3})m")
_SESSIONS: Final = re.compile(r"([1-9][0-9]?)d")


class HorizonKind(StrEnum):
    """What a horizon counts in."""

    MINUTES = "minutes"
    CLOSE = "close"
    NEXT_OPEN = "next_open"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True)
class Horizon:
    """How long after its entry a hit is followed.

    Attributes
    ----------
    name
        As it is written: ``30m``, ``close``, ``next_open``, ``5d``.
    minutes
        From the entry bar's start to the exit; 0 for the other kinds.
    sessions
        How many sessions after the hit's own the exit lies; 0 within the session.
    """

    name: str
    kind: HorizonKind
    minutes: int = 0
    sessions: int = 0

    @property
    def overlap(self) -> int:
        """How many later sessions' hits are followed over some of the same time."""
        return self.sessions if self.kind is HorizonKind.SESSIONS else 0

    @property
    def is_within_session(self) -> bool:
        """Whether the exit lies in the session of the hit."""
        return self.kind in (HorizonKind.MINUTES, HorizonKind.CLOSE)


def parse_horizon(text: str) -> Horizon:
    """Make a horizon of its name.

    Raises
    ------
    InputError
        If it is neither minutes (``30m``), ``close``, ``next_open``, nor 1 to 20 sessions (``5d``).
    """
    if text == HorizonKind.CLOSE:
        return Horizon(text, HorizonKind.CLOSE)
    if text == HorizonKind.NEXT_OPEN:
        return Horizon(text, HorizonKind.NEXT_OPEN, sessions=1)
    if match := _MINUTES.fullmatch(text):
        return Horizon(text, HorizonKind.MINUTES, minutes=int(match[1]))
    if (match := _SESSIONS.fullmatch(text)) and int(match[1]) <= MOST_SESSIONS:
        return Horizon(text, HorizonKind.SESSIONS, sessions=int(match[1]))
    raise InputError(
        f"'{text}' is no horizon; give minutes ('30m'), 'close', 'next_open', or sessions "
        f"('1d' to '{MOST_SESSIONS}d')"
    )
