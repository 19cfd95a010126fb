"""``symscan alerts list``: what a live session decided to send, and what became of it."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson

from symscan.alerts.outbox import Message, MessageState, Outbox
from symscan.cli.output.run_report import plain_table, report_console
from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import DataError
from symscan.model.events.alerts import AlertDecided
from symscan.model.instant import from_datetime
from symscan.model.session import Session
from symscan.observers.console.messages import in_one_line
from symscan.recording import OUTBOX_NAME, RECORD_NAME
from symscan.recording.following import BEFORE_ALL, RecordFollower

_SHOWN = {MessageState.SENDING: "perhaps sent"}
_LONGEST = 60


def list_alerts(folder: Path) -> None:
    """Print a row for each message and target, in the order they were decided.

    Raises
    ------
    DataError
        If there is no record of a live session.
    """
    with closing(RecordFollower(folder / RECORD_NAME)) as record:
        meta = record.meta()
        if meta is None:
            raise DataError(f"{folder / RECORD_NAME}: nothing is recorded yet")
        decided = [one.event for one in record.of_kind(AlertDecided, BEFORE_ALL[0], record.last_step())]
    session = SessionCalendar(meta["exchange"]).session(date.fromisoformat(meta["session"]))
    messages = _messages(folder / OUTBOX_NAME)
    table = plain_table()
    for column in ("decided", "rule", "target", "state", "tries", "message", "reason"):
        table.add_column(column, justify="right" if column == "tries" else "left")
    count = 0
    for event in decided:
        line = orjson.loads(event.line)
        for target in line["targets"]:
            table.add_row(*_row(session, line, target, messages.get((line["id"], target))))
            count += 1
    if count:
        report_console().print(table)
    else:
        print(f"{folder}: the session decided no alerts")


def _messages(path: Path) -> dict[tuple[str, str], Message]:
    if not path.exists():
        return {}
    with closing(Outbox(path)) as outbox:
        return {(one.id, one.target): one for one in outbox.messages()}


def _row(session: Session, line: dict[str, Any], target: str, message: Message | None) -> tuple[str, ...]:
    decided_at = session.local(from_datetime(datetime.fromisoformat(line["decided_at"])))
    text = in_one_line(line["text"])
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    head = (f"{decided_at:%H:%M:%S}", line["rule"], target)
    if message is None:
        return (*head, "not sent", "0", shown, "")
    state = _SHOWN.get(message.state, message.state.value)
    return (*head, state, f"{message.attempts:,}", shown, message.reason)
