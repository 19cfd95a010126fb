"""What a session decided to send to people: immutable events."""

from __future__ import annotations

from symscan.model.events.session import Event
from symscan.model.instant import Instant


class AlertDecided(Event, frozen=True):
    """A rule decided that a message is sent; stored with the step it is about, and sent by another process.

    Attributes
    ----------
    id
        The digest of what it is about: the same decision has the same one, so that it is sent once.
    rule, targets
        The rule, and where it sends to.
    about
        ``hits``, or the kind of the condition.
    scanners, symbols
        Of hits: whose lists, and which symbols entered or left, in pairs of the same place.
    text
        The message.
    decided_at
        The market's time.
    max_age_seconds
        How long it may wait until it is sent.
    """

    id: str
    rule: str
    targets: tuple[str, ...]
    about: str
    scanners: tuple[str, ...]
    symbols: tuple[str, ...]
    text: str
    decided_at: Instant
    max_age_seconds: float


__all__ = ["AlertDecided"]
