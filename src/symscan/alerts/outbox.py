"""What became of each message, on disk: written before and after it is sent, so that none is sent twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Float, Integer, MetaData, String, Table, Text, func, select, update
from sqlalchemy.dialects.sqlite import insert

from symscan.clock.wall_clock import utc_now
from symscan.recording.database import Waiting, connect, set_synchronous, transaction, write_transaction
from symscan.recording.ownership import make_private


class MessageState(StrEnum):
    """What became of a message."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    PERHAPS = "perhaps sent"
    FAILED = "failed"
    LATE = "too late"
    TARGET_OFF = "target off"


_TABLES: Final = MetaData()
_MESSAGES: Final = Table(
    "messages",
    _TABLES,
    Column("id", String, primary_key=True),
    Column("target", String, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("n", Integer, nullable=False),
    Column("rule", String, nullable=False),
    Column("about", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("recorded_at", String, nullable=False),
    Column("max_age_seconds", Float, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("changed_at", String, nullable=False),
    Column("reason", String, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one target.

    Attributes
    ----------
    id, rule, about, text, max_age_seconds
        As they were decided.
    target
        The name of the target.
    seq, n
        The event of the record that decided it.
    recorded_at
        When that was recorded, on this computer's clock, in ISO 8601.
    state, reason
        What became of it, and why it was not sent.
    attempts
        How often it was tried.
    changed_at
        When that was written.
    """

    id: str
    target: str
    seq: int
    n: int
    rule: str
    about: str
    text: str
    recorded_at: str
    max_age_seconds: float
    state: MessageState = MessageState.QUEUED
    attempts: int = 0
    changed_at: str = ""
    reason: str = ""


class Outbox:
    """The messages of a live session, open for one thread.

    Parameters
    ----------
    path
        Their file, which is made if there is none.
    """

    def __init__(self, path: Path) -> None:
        make_private(path)
        self._connection = connect(path)
        self._transaction = partial(transaction, path, self._connection)
        self._writing = partial(write_transaction, path, self._connection, Waiting())
        with self._writing():
            _TABLES.create_all(self._connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._connection.engine.dispose()

    def add(self, messages: Iterable[Message]) -> None:
        """Add messages to be sent; one that is there already stays as it is."""
        rows = [_row(one) for one in messages]
        if rows:
            with self._writing():
                self._connection.execute(insert(_MESSAGES).on_conflict_do_nothing(), rows)

    def give_up_sending(self) -> None:
        """Mark what an earlier process was sending when it ended: it is not sent again."""
        ended = {"state": MessageState.PERHAPS, "reason": "the process that sent it ended"}
        with self._writing():
            self._connection.execute(
                update(_MESSAGES).where(_MESSAGES.c.state == MessageState.SENDING).values(**ended)
            )

    def queued(self, target: str) -> list[Message]:
        """Return the messages to a target that wait, in the order they were decided."""
        is_wanted = (_MESSAGES.c.target == target) & (_MESSAGES.c.state == MessageState.QUEUED)
        return self._read(is_wanted)

    def messages(self) -> list[Message]:
        """Return all messages, in the order they were decided."""
        return self._read(_MESSAGES.c.seq >= 0)

    def counts(self) -> list[tuple[str, MessageState, int]]:
        """Return how many messages there are, by target and state."""
        wanted = select(_MESSAGES.c.target, _MESSAGES.c.state, func.count()).group_by(
            _MESSAGES.c.target, _MESSAGES.c.state
        )
        with self._transaction():
            rows = self._connection.execute(wanted).all()
        return [(target, MessageState(state), count) for target, state, count in rows]

    def mark(self, messages: Sequence[Message], state: MessageState, reason: str = "") -> None:
        """Mark what becomes of messages to one target; those that are about to be sent have one more try.

        That is on the disk before they leave. That they were sent may be lost with the power: then they
        count as perhaps sent.
        """
        set_synchronous(self._connection, state is not MessageState.SENT)
        tries = _MESSAGES.c.attempts + (1 if state is MessageState.SENDING else 0)
        values: dict[str, Any] = {"state": state, "reason": reason, "changed_at": utc_now()}
        is_one = _MESSAGES.c.id.in_([one.id for one in messages])
        is_of_target = _MESSAGES.c.target.in_({one.target for one in messages})
        with self._writing():
            self._connection.execute(
                update(_MESSAGES).where(is_one & is_of_target).values(attempts=tries, **values)
            )

    def _read(self, condition: Any) -> list[Message]:
        columns = [_MESSAGES.c[name] for name in Message.__slots__]
        wanted = select(*columns).where(condition).order_by(_MESSAGES.c.seq, _MESSAGES.c.n)
        with self._transaction():
            rows = self._connection.execute(wanted).all()
        return [Message(**{**row._asdict(), "state": MessageState(row.state)}) for row in rows]


def _row(message: Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in Message.__slots__}


def counts_in(path: Path) -> list[tuple[str, str, int]]:
    """Return how many messages a session's outbox holds, by target and state; none where there is none."""
    if not path.exists():
        return []
    with closing(Outbox(path)) as outbox:
        return [(target, state.value, count) for target, state, count in outbox.counts()]
