"""Faults to inject into a replayed feed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Final

from symscan.errors import InputError
from symscan.model.instant import MINUTE, SECOND, Instant, from_datetime
from symscan.model.session import Session

_UNITS: Final = {"ms": SECOND // 1000, "s": SECOND, "m": MINUTE}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)")
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_NUMBER: Final = re.compile(r"\d{1,9}")
_SHARE: Final = re.compile(r"0(\.\d+)?|1(\.0+)?|\.\d+")


@dataclass(frozen=True, slots=True)
class FaultRate:
    """The share of bars a fault hits, and its delay, microseconds."""

    share: float = 0.0
    delay: int = 0


@dataclass(frozen=True, slots=True)
class FaultWindow:
    """A part of the day on the exchange's clock, the end not included."""

    begin: time
    end: time

    def to_instants(self, session: Session) -> tuple[Instant, Instant]:
        """Return the window's bounds as instants."""
        begin, end = (
            from_datetime(datetime.combine(session.date, one, session.zone)) for one in (self.begin, self.end)
        )
        return begin, end


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of a replayed feed; which bars they hit depends on the seed alone.

    Attributes
    ----------
    late
        Bars that come so much later.
    correct
        Bars that come wrong first, and right so much later.
    duplicate
        Bars that come again so much later.
    drop
        The share of bars that never come; they can be fetched.
    silence, disconnect
        When the feed is connected but delivers nothing, and when it is lost; the bars of such a time
        can only be fetched.
    lose
        When the feed is connected and loses its bars, which it says at the end of such a time.
    fetch
        How long a fetch takes, microseconds of the market's clock; nothing in a replay that waits.
    fetch_fails
        How many fetches fail before one succeeds.
    """

    late: FaultRate = FaultRate()
    correct: FaultRate = FaultRate()
    duplicate: FaultRate = FaultRate()
    drop: float = 0.0
    silence: tuple[FaultWindow, ...] = ()
    disconnect: tuple[FaultWindow, ...] = ()
    lose: tuple[FaultWindow, ...] = ()
    fetch: int = 0
    fetch_fails: int = 0
    seed: int = 0

    @staticmethod
    def parse(text: str) -> Faults:
        """The faults a text such as ``late=0.01:5s,silence=10:31-10:35,seed=7`` asks for.

        The text is ``name=value``, separated by commas::

            late=SHARE:DELAY  correct=SHARE:DELAY  duplicate=SHARE[:DELAY]  drop=SHARE
            silence=FROM-TO  disconnect=FROM-TO  lose=FROM-TO  (each any number of times)
            fetch=DELAY  fetch_fails=COUNT  seed=NUMBER

        A share is a number from 0 to 1, a delay ``300ms``, ``5s`` or ``2m``, FROM and TO are times of
        the exchange's day, ``10:31`` or ``10:31:20``.

        Raises
        ------
        InputError
            If the text asks for something else.
        """
        faults, seen = Faults(), set[str]()
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if name not in _PARSERS or not equals:
                raise InputError(
                    f"faults: '{part}' is no fault; write name=value, the names are {', '.join(_PARSERS)}"
                )
            if name in seen and name not in _REPEATED:
                raise InputError(f"faults: {name} is given twice; give it once")
            seen.add(name)
            made = _PARSERS[name](name, value)
            given = (*getattr(faults, name), made) if name in _REPEATED else made
            faults = replace(faults, **{name: given})  # type: ignore[arg-type]
        return faults


def _refuse(name: str, value: str, expected: str) -> InputError:
    given = f"{name}{value}" if name.endswith(":") else f"{name}={value}"
    return InputError(f"faults: {given}: expected {expected}")


def _duration(name: str, value: str) -> int:
    match = _DURATION.fullmatch(value)
    if match is None:
        raise _refuse(name, value, "a delay such as 300ms, 5s or 2m")
    return round(float(match[1]) * _UNITS[match[2]])


def _share(name: str, value: str) -> float:
    if not _SHARE.fullmatch(value):
        raise _refuse(name, value, "a share from 0 to 1, such as 0.01")
    return float(value)


def _rate(name: str, value: str) -> FaultRate:
    share, colon, delay = value.partition(":")
    if not colon and name != "duplicate":
        raise _refuse(name, value, "a share and a delay, such as 0.01:5s")
    return FaultRate(_share(name, share), _duration(f"{name}={share}:", delay) if colon else 0)


def _count(name: str, value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise _refuse(name, value, "a whole number from 0 on")
    return int(value)


def _window(name: str, value: str) -> FaultWindow:
    times = [_TIME.fullmatch(one.strip()) for one in value.split("-")]
    if len(times) == 2 and times[0] is not None and times[1] is not None:
        begin, end = (time(int(one[1]), int(one[2]), int(one[3] or 0)) for one in times if one)
        if begin < end:
            return FaultWindow(begin, end)
    raise _refuse(name, value, "two times of the day, the earlier one first, such as 10:31-10:35")


_PARSERS: Final[Mapping[str, Callable[[str, str], object]]] = {
    "late": _rate,
    "correct": _rate,
    "duplicate": _rate,
    "drop": _share,
    "silence": _window,
    "disconnect": _window,
    "lose": _window,
    "fetch": _duration,
    "fetch_fails": _count,
    "seed": _count,
}
_REPEATED: Final = ("silence", "disconnect", "lose")
