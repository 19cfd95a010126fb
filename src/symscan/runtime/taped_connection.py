"""What is said of a feed's connection by way of the tape."""

from __future__ import annotations

from symscan.runtime.readiness import Connection
from symscan.runtime.tape import Tape


class TapedConnection:
    """The connection of a session that is recorded, or resumed: it says what it said the first time.

    Parameters
    ----------
    tape
        What records and plays.
    connection
        The feed's.
    """

    def __init__(self, tape: Tape, connection: Connection) -> None:
        self._tape = tape
        self._connection = connection

    @property
    def is_connected(self) -> bool:
        """Whether the feed delivers."""
        return self._tape.answer("connected", lambda: self._connection.is_connected, bool)

    def clock_offset_ms(self) -> float | None:
        """This computer's clock minus the market's; None where it is not known."""
        return self._tape.answer("offset", self._connection.clock_offset_ms, lambda: None)
