"""The observer protocol, and the base of a user's: observers get events and change nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from symscan.model.events.session import Event
from symscan.model.session import Session

if TYPE_CHECKING:
    from pydantic import BaseModel


class Observer(Protocol):
    """Gets every event of a session, in order, after the step of the event is stored."""

    def observe(self, session: Session, event: Event) -> None:
        """Handle an event."""


class BaseObserver(ABC):
    """The base of every observer of the user's: named in a configuration, it gets every event of a run.

    One object serves a whole run, a range of sessions as well as a live session. One that raises gets no
    more events, and a warning says so; the session goes on. Live it runs on a thread of its own, and the
    session does not wait for it.

    Parameters
    ----------
    config
        The observer's own ``config`` from the session configuration.
    """

    params: ClassVar[type[BaseModel] | None] = None
    """A pydantic model that checks ``config`` before the run starts; None checks nothing."""

    announces: ClassVar[bool] = False
    """Whether a resumed live session leaves out what happened before: for what sends messages to people.
    Else it is given everything again, so that it comes to the same result as one that was never ended."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def open(self) -> None:  # noqa: B027 - most need nothing
        """Make what it needs; called once, before the first event.

        The constructor is called one time more, to check it, so that it should open and start nothing.
        """

    @abstractmethod
    def observe(self, session: Session, event: Event) -> None:
        """Handle an event.

        Parameters
        ----------
        session
            The trading day; ``session.local(event.at)`` is the event's time on the exchange's clock.
        event
            One of ``symscan.model.events``; later versions have more kinds, so let pass what is not known.
        """

    def close(self) -> None:  # noqa: B027 - most have nothing to release
        """Release what it holds; called once, at the end of the run, however it ended."""
