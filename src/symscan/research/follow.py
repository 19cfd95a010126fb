"""Follow a live session: its events as they are recorded, each with an id to go on from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event as Signal
from typing import Any, Final

from symscan.errors import InputError
from symscan.model.instant import to_datetime
from symscan.recording import RECORD_NAME
from symscan.recording.following import BEFORE_ALL, EventKey, RecordFollower, StoredEvent

_ID: Final = re.compile(r"(\d{1,18})\.(\d{1,18})")


@dataclass(frozen=True, slots=True)
class FollowedEvent:
    """An event of a live session.

    Attributes
    ----------
    id
        Its place in the session, ``12.0``; :func:`follow` goes on after it.
    kind
        What happened, such as ``scan_finished``.
    at
        The session's time, in UTC.
    data
        Everything that is recorded of it, as in ``journal.jsonl``; of a scan, all hits.
    """

    id: str
    kind: str
    at: datetime
    data: Mapping[str, Any]


def follow(
    folder: Path | str, after: str | None = None, *, poll_seconds: float = 0.1
) -> Iterator[FollowedEvent]:
    """Yield the events of a live session, those so far and then each as it is recorded, until it ends.

    The record is only read: the session does not notice. A session whose process was killed has not ended:
    its events go on when it is resumed. Each event is yielded once, and only when it is on the disk.

    Parameters
    ----------
    folder
        The folder of the session: ``runs/NAME-DATE-live``, or what was given as ``--out``.
    after
        The id of the last event that is known already; None begins with the first.
    poll_seconds
        How long to wait before the record is read again where there was nothing new.

    Raises
    ------
    InputError
        If ``after`` is no id, or none of this session.
    DataError
        If there is no record, or it cannot be read.
    """
    path = Path(folder) / RECORD_NAME
    key = _key_of(after)
    record = RecordFollower(path)
    try:
        record.is_running()  # or it is no record
        if not record.has(key):
            raise InputError(f"{path}: there is no event {after}; give the id of one that was read from it")
    except BaseException:
        record.close()
        raise
    return _events(record, key, poll_seconds)


def _events(record: RecordFollower, key: EventKey, poll_seconds: float) -> Iterator[FollowedEvent]:
    never = Signal()
    with closing(record):
        while True:
            is_running = record.is_running()  # before its events: the last ones are not to be missed
            found = record.after(key)
            for event in found:
                key = event.key
                yield _followed(event)
            if not found:
                if not is_running:
                    return
                never.wait(poll_seconds)


def _followed(event: StoredEvent) -> FollowedEvent:
    seq, n = event.key
    return FollowedEvent(f"{seq}.{n}", event.kind, to_datetime(event.at), json.loads(event.line))


def _key_of(given: str | None) -> EventKey:
    if given is None:
        return BEFORE_ALL
    found = _ID.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise InputError(f"'{given}' is no id of an event; give one that was read, as 12.0")
    return int(found[1]), int(found[2])
