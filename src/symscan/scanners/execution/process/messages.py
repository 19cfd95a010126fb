"""What a session and a scanner in another process say to each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from symscan.plugins.errors import describe_error, message_of
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.session.requested import Unanswered
from symscan.session.requests import RequestQueue

Make = Callable[[], BaseScanner]
"""Makes a scanner, in whichever process it is called; it must be picklable."""


class Verb(StrEnum):
    """The three calls of a scanner."""

    SETUP = "setup"
    SCAN = "scan"
    TEARDOWN = "teardown"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the scanner.

    Attributes
    ----------
    memory
        What the scanner is to remember once it is set up, None for what it does.
    """

    verb: Verb
    context: ScanContext
    memory: bytes | None = None


@dataclass(frozen=True, slots=True)
class ScannerInfo:
    """What a session reads of a scanner between its calls."""

    universe: tuple[str, ...] = ()
    universe_as_of: date | None = None
    reads: tuple[str, ...] | None = None
    max_age_minutes: float | None = None

    @classmethod
    def of(cls, scanner: BaseScanner) -> ScannerInfo:
        """The face of a scanner."""
        reads: Sequence[str] | None = scanner.reads
        return cls(
            tuple(str(one) if isinstance(one, str) else one for one in scanner.universe),
            scanner.universe_as_of,
            None if reads is None else tuple(reads),
            scanner.max_age_minutes,
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """What a scanner raised.

    Attributes
    ----------
    kind, message
        Its class's name, and what it says.
    description
        The same with the line of the scanner's that raised it, which is known in its process alone.
    """

    kind: str
    message: str
    description: str

    @classmethod
    def of(cls, error: BaseException, scanner: BaseScanner | None = None) -> Fault:
        """The fault an error is."""
        module = type(scanner).__module__ if scanner is not None else ""
        return cls(type(error).__name__, message_of(error), describe_error(error, module))


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call came to.

    Attributes
    ----------
    value
        What ``setup`` said, or the checked result of a scan.
    requests
        The holder's requests after the call, those from before it included.
    face
        The scanner's face where it changed.
    memory
        What the scanner remembers where that changed.
    fault
        What it raised; its requests count all the same.
    unanswered
        The symbols it read by indicators of which none could answer.
    """

    value: ScanResult | bool | None
    requests: RequestQueue
    face: ScannerInfo | None = None
    memory: bytes | None = None
    fault: Fault | None = None
    unanswered: dict[str, Unanswered] = field(default_factory=dict)


def book_of(context: ScanContext) -> RequestQueue:
    """The requests of a context's holder: the second of the two parts a view is pickled as."""
    _, (_, book) = context.session_data.__reduce__()
    return book
