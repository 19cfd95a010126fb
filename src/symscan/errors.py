"""Every error symscan raises on purpose.

::

    SymscanError
    ├── InputError               the user can mend it: exit code 2, one message, no traceback
    │   ├── ConfigError          one fault of a configuration, with its place in the file
    │   ├── ConfigErrors         all faults of a configuration
    │   ├── DataError            a bar file, a split file or the bar store
    │   ├── CalendarError        a date that is no session, an unknown exchange
    │   ├── UniverseError        a universe that is missing or malformed
    │   ├── SpecError            an interval or an indicator that does not exist
    │   ├── CandidateError       a look at a symbol that is no candidate of the scanner, a KeyError too
    │   ├── NotRequested         data that is read and was never requested
    │   └── ExpressionError      a screen's expression that is refused
    └── RunError                 the run began and could not go on: exit code 1
        ├── ScannerFailed        a scanner marked ``required`` that could not be set up
        ├── ScanOverrun          a scan that outlasted its timeout in a backtest
        ├── WorkerLost           a process that did a part of the run ended before it was done
        └── FeedError            a broker's feed that refuses, or ended for good
            └── KeysRefused      a broker that does not accept the keys
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "CalendarError",
    "CandidateError",
    "ConfigError",
    "ConfigErrors",
    "DataError",
    "ExpressionError",
    "FeedError",
    "InputError",
    "KeysRefused",
    "NotRequested",
    "Place",
    "RunError",
    "ScanOverrun",
    "ScannerFailed",
    "SpecError",
    "SymscanError",
    "UniverseError",
    "WorkerLost",
]


class SymscanError(Exception):
    """The base of every error symscan raises on purpose."""

    exit_code: ClassVar[int] = 1


class InputError(SymscanError):
    """Something the user gave is wrong; nothing was written."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file a fault stands; line and column count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class ConfigError(InputError):
    """One fault of a configuration: what is wrong, where, and what to do."""

    def __init__(self, message: str, *, place: Place | None = None, path: str | None = None) -> None:
        self.message = message
        self.place = place
        self.path = path
        super().__init__(": ".join(str(part) for part in (place, path, message) if part))


class ConfigErrors(InputError):
    """All faults found in one configuration, each with its place."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class DataError(InputError):
    """A bar file, a split file or the bar store cannot be used."""


class CalendarError(InputError):
    """A date without a session, or an exchange nobody knows."""


class UniverseError(InputError):
    """A universe is missing or malformed.

    Parameters
    ----------
    message
        What is wrong and what to do.
    part
        Where in a universe made of others: ``.any[1]``; empty for the whole.
    """

    def __init__(self, message: str, *, part: str = "") -> None:
        self.part = part
        super().__init__(message)


class TableError(InputError):
    """A dated file is missing or malformed.

    Parameters
    ----------
    message
        What is wrong, with its file and line, and what to do.
    key
        Which of ``file``, ``as_of`` and ``zone`` is at fault; None: what the file holds.
    number
        Which of several files it is, from 0; None where there is one, or it is not known.
    """

    def __init__(self, message: str, *, key: str | None = None, number: int | None = None) -> None:
        self.key = key
        self.number = number
        super().__init__(message)


class SpecError(InputError):
    """An interval or an indicator that does not exist, or a parameter out of bounds."""


class CandidateError(InputError, KeyError):
    """A look at a symbol that is no candidate of the scanner, or no member of a strategy's session."""

    __str__ = Exception.__str__  # a KeyError's is the repr of its message


class NotRequested(InputError):
    """An indicator or an interval that is read and was never requested; it names the missing call."""


class ExpressionError(InputError):
    """An expression of a screen is refused.

    Parameters
    ----------
    message
        What is wrong and what to do.
    token
        The piece of the expression at fault, as written.
    offset
        Its position in the expression, in characters from 0; None where it has none.
    part
        The part of the screen the expression is: ``where``, ``rank`` or ``show``; None if not known.
    """

    def __init__(
        self,
        message: str,
        *,
        token: str | None = None,
        offset: int | None = None,
        part: str | None = None,
    ) -> None:
        self.token = token
        self.offset = offset
        self.part = part
        super().__init__(message)


class RunError(SymscanError):
    """The run began and could not go on; what was written so far is whole."""


class ScannerFailed(RunError):
    """A scanner marked ``required`` could not be set up."""


class ScanOverrun(RunError):
    """A scan outlasted its timeout in a backtest, where a clock must not change results."""


class WorkerLost(RunError):
    """A process that did a part of the run ended before it was done: killed, or its computer is gone."""


class FeedError(RunError):
    """A broker's feed refuses what was asked, or ended for good; it says what to do."""


class KeysRefused(FeedError):
    """A broker does not accept the keys: no other try can help."""
