"""Guard a session against observers of the user's: one that raises or hangs harms only itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from queue import Empty, SimpleQueue
from typing import Final, Protocol

from symscan.model.events.session import Event, Warned
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.observers.base import BaseObserver, Observer
from symscan.plugins.errors import describe_error

MOST_WAITING: Final = 100_000
"""Events that may wait for an observer on a thread; one that is further behind gets no more."""

CLOSING_SECONDS: Final = 5.0
"""How long the end of a live session waits for each observer to handle what is left, and to close."""


class GuardedObserver(Protocol):
    """An observer of the user's that neither raises nor, live, makes the session wait."""

    name: str

    def open(self) -> None:
        """Have it make what it needs."""

    def observe(self, session: Session, event: Event) -> None:
        """Have it handle an event, unless it failed."""

    def take_failure(self) -> str | None:
        """Return why it failed, once; None if it did not, or that was returned before."""

    def close(self) -> None:
        """Have it release what it holds."""


class InlineObserver:
    """Calls an observer on the session's thread: of a backtest, and where the feed waits for the session."""

    def __init__(self, name: str, observer: BaseObserver) -> None:
        self.name = name
        self._observer = observer
        self._failure: str | None = None
        self._has_failed = False

    def open(self) -> None:
        """Open the observer."""
        self._call(self._observer.open, "open")

    def observe(self, session: Session, event: Event) -> None:
        """Handle an event, unless it failed."""
        if not self._has_failed:
            self._call(lambda: self._observer.observe(session, event), "observe")

    def take_failure(self) -> str | None:
        """Return why it failed, once."""
        failure, self._failure = self._failure, None
        return failure

    def close(self) -> None:
        """Close the observer, one that failed too."""
        self._call(self._observer.close, "close")

    def _call(self, function: Callable[[], None], method: str) -> None:
        try:
            function()
        except (Exception, SystemExit) as error:  # the plug-in boundary: the user's observer
            if not self._has_failed:
                self._has_failed = True
                self._failure = f"{method}(): {describe_error(error, type(self._observer).__module__)}"


class ThreadedObserver:
    """Calls an observer on a thread of its own: the session hands events over and does not wait."""

    def __init__(
        self,
        inner: InlineObserver,
        most_waiting: int = MOST_WAITING,
        closing_seconds: float = CLOSING_SECONDS,
    ) -> None:
        self.name = inner.name
        self._inner = inner
        self._most_waiting = most_waiting
        self._closing_seconds = closing_seconds
        self._events: SimpleQueue[tuple[Session, Event] | None] = SimpleQueue()
        self._failures: SimpleQueue[str] = SimpleQueue()
        self._is_given_up = False
        self._thread = threading.Thread(target=self._run, name=f"observer {inner.name}", daemon=True)

    def open(self) -> None:
        """Start its thread, which opens it first."""
        self._thread.start()

    def observe(self, session: Session, event: Event) -> None:
        """Hand an event over."""
        if self._is_given_up:
            return
        if self._events.qsize() >= self._most_waiting:
            self._give_up(f"observe(): {self._most_waiting:,} events wait for it")
            return
        self._events.put((session, event))

    def take_failure(self) -> str | None:
        """Return why it failed, once, as soon as its thread has come to it."""
        try:
            return self._failures.get_nowait()
        except Empty:
            return None

    def close(self) -> None:
        """Wait until it has handled what is left and closed, but not for long."""
        self._events.put(None)
        self._thread.join(self._closing_seconds)
        if self._thread.is_alive() and not self._is_given_up:
            left = self._events.qsize()
            self._give_up(f"it did not end within {self._closing_seconds:g} seconds, {left:,} events left")

    def _give_up(self, reason: str) -> None:
        self._is_given_up = True
        self._failures.put(reason)

    def _run(self) -> None:
        self._inner.open()
        self._note_failure()
        while (handed := self._events.get()) is not None:
            self._inner.observe(*handed)
            self._note_failure()
        self._inner.close()
        self._note_failure()

    def _note_failure(self) -> None:
        failure = self._inner.take_failure()
        if failure is not None:
            self._failures.put(failure)


@contextmanager
def guarding(
    made: Sequence[tuple[str, BaseObserver]],
    observers: Sequence[Observer],
    announcers: Sequence[Observer] = (),
    *,
    waits: bool,
    late: Sequence[Observer] | None = None,
) -> Iterator[tuple[list[Observer], list[Observer]]]:
    """Open the user's observers, and close them in the end; yields observers and announcers with them.

    Parameters
    ----------
    made
        The user's observers, each with its name.
    observers, announcers
        The session's own: of every event, and of new ones. They get the warning when one of the user's fails.
    waits
        Whether the session waits for them; else each has a thread.
    late
        Who gets the warning when one fails at its end; None for the same. A backtest has written its
        sessions by then.
    """
    own = [*observers, *announcers]
    groups = [
        UserObservers([_guarded(*one, waits=waits) for one in made if one[1].announces is announces], own)
        for announces in (False, True)
    ]
    try:
        for users in groups:
            users.open()
        # The user's come first: what is said of one that fails at a session's close belongs to the session.
        yield [groups[0], *observers], [groups[1], *announcers]
    finally:
        for users in groups:
            users.close(late)


def _guarded(name: str, observer: BaseObserver, *, waits: bool) -> GuardedObserver:
    inner = InlineObserver(name, observer)
    return inner if waits else ThreadedObserver(inner)


class UserObservers:
    """Passes events to the user's observers, and says which of them failed.

    Parameters
    ----------
    guarded
        The user's observers.
    others
        Who gets the warning: the session's own observers. It is no part of the session's record.
    """

    def __init__(self, guarded: Sequence[GuardedObserver], others: Sequence[Observer]) -> None:
        self._guarded = tuple(guarded)
        self._others = tuple(others)
        self._last: tuple[Session, Instant] | None = None

    def open(self) -> None:
        """Open every observer."""
        for one in self._guarded:
            one.open()

    def observe(self, session: Session, event: Event) -> None:
        """Pass an event on, to each a copy: results are written of the event later."""
        self._last = (session, event.at)
        for one in self._guarded:
            one.observe(session, deepcopy(event))
        self._report(self._others)

    def close(self, late: Sequence[Observer] | None = None) -> None:
        """Close every observer; ``late`` get the warnings instead of the others."""
        for one in self._guarded:
            one.close()
        self._report(self._others if late is None else late)

    def _report(self, others: Sequence[Observer]) -> None:
        if self._last is None:
            return
        session, at = self._last
        for one in self._guarded:
            failure = one.take_failure()
            if failure is not None:
                warning = Warned(at, f"observer '{one.name}' failed and gets no more events: {failure}")
                for other in others:
                    other.observe(session, warning)
