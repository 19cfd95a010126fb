"""The messages between a session and a scanner in another process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from symscan.plugins.errors import describe_error, message_of
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.jobs.job import JobKind
from symscan.session.requested import Unanswered
from symscan.session.requests import RequestQueue

Make = Callable[[], BaseScanner]
"""Makes a scanner, in whichever process it is called; it must be picklable."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the scanner.

    Attributes
    ----------
    saved_state
        The state to restore once the scanner is set up, None to leave it as it is.
    """

    kind: JobKind
    context: ScanContext
    saved_state: bytes | None = None


@dataclass(frozen=True, slots=True)
class ScannerInfo:
    """The attributes of a scanner that a session reads between its calls."""

    universe: tuple[str, ...] = ()
    universe_as_of: date | None = None
    reads: tuple[str, ...] | None = None
    max_age_minutes: float | None = None

    @classmethod
    def of(cls, scanner: BaseScanner) -> ScannerInfo:
        """Take the attributes of a scanner."""
        reads: Sequence[str] | None = scanner.reads
        return cls(
            tuple(str(one) if isinstance(one, str) else one for one in scanner.universe),
            scanner.universe_as_of,
            None if reads is None else tuple(reads),
            scanner.max_age_minutes,
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """An exception of a scanner, as it travels between processes.

    Attributes
    ----------
    kind, message
        Its class's name, and its message.
    description
        The same with the line of the scanner's that raised it, which is known in its process alone.
    """

    kind: str
    message: str
    description: str

    @classmethod
    def of(cls, error: BaseException, scanner: BaseScanner | None = None) -> Fault:
        """Describe an exception."""
        module = type(scanner).__module__ if scanner is not None else ""
        return cls(type(error).__name__, message_of(error), describe_error(error, module))


@dataclass(frozen=True, slots=True)
class Reply:
    """The reply to a call.

    Attributes
    ----------
    value
        What ``setup`` returned, or the checked result of a scan.
    requests
        The holder's requests after the call, those from before it included.
    info
        The scanner's attributes where they changed.
    saved_state
        The scanner's state where it changed.
    fault
        What it raised; its requests are applied all the same.
    unanswered
        The symbols whose indicators it read and none had a value.
    """

    value: ScanResult | bool | None
    requests: RequestQueue
    info: ScannerInfo | None = None
    saved_state: bytes | None = None
    fault: Fault | None = None
    unanswered: dict[str, Unanswered] = field(default_factory=dict)


def request_queue_of(context: ScanContext) -> RequestQueue:
    """Return the request queue of a context's holder: the second of the two parts a view is pickled as."""
    _, (_, request_queue) = context.session_data.__reduce__()
    return request_queue
