"""What a scanner manager has to tell, until it is given, each with what was asked for by it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from symscan.model.events.session import ScanFinished, ScannerDone
from symscan.session.requests import Request

Told = ScanFinished | ScannerDone


class Outgoing:
    """Events in the order they came; requests are to be carried out once their event is given."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Told, Sequence[Request]]] = deque()
        self._requests: list[Request] = []

    def __bool__(self) -> bool:
        """Whether an event waits."""
        return bool(self._waiting)

    def add(self, event: Told, requests: Sequence[Request] = ()) -> None:
        """One more event, and what was asked for with it."""
        self._waiting.append((event, requests))

    def ask(self, requests: Sequence[Request]) -> None:
        """Requests that no event has to be given for."""
        self._requests += requests

    def take(self, *kinds: type[Told]) -> Iterator[Told]:
        """Give the events of some kinds and leave the others; without a kind, all there are."""
        while not kinds and self._waiting:
            yield self._next()
        for _ in range(len(self._waiting)):
            if isinstance(self._waiting[0][0], kinds):
                yield self._next()
            else:
                self._waiting.rotate(-1)

    def take_requests(self) -> list[Request]:
        """Take out what was asked for with the events that have been given."""
        requests, self._requests = self._requests, []
        return requests

    def _next(self) -> Told:
        event, requests = self._waiting.popleft()
        self._requests += requests
        return event
