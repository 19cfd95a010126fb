"""The record of a live session as messages for tabs: read by one thread, however many tabs there are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any, Final

import orjson

from symscan.clock.session_calendar import SessionCalendar
from symscan.dashboard.columns import as_json, seconds
from symscan.errors import SymscanError
from symscan.recording.following import BEFORE_ALL, EventKey, RecordFollower, StoredEvent

POLL_SECONDS: Final = 0.05
_ID: Final = re.compile(r"([0-9]{1,15})\.([0-9]{1,9})")
_MOST_OF_LIST: Final = 20
_LEFT_OUT: Final = frozenset({"indicator_warmed", "symbol_added", "scanner_ready", "scanner_done"})
_LONGEST_DETAIL: Final = 300
_NO_DETAIL: Final = frozenset({"session", "at", "event", "members", "symbols"})

Message = tuple[EventKey, bytes]
"""The key of an event, and what tabs are sent of it, as JSON."""


class MessageMaker:
    """Makes messages of events, in their order: of a scan who came to its list and who left it."""

    def __init__(self) -> None:
        self._lists: dict[str, dict[str, None]] = {}

    def message(self, event: StoredEvent) -> dict[str, Any] | None:
        """Return the message of an event; None for those that tabs do not show."""
        if event.kind in _LEFT_OUT:
            return None
        line = orjson.loads(event.line)
        at = {"id": id_of(event.key), "at": seconds(event.at), "kind": event.kind}
        if event.kind == "scan_finished":
            return {**at, **self._scan(line)}
        return {**at, "detail": _detail(line)}

    def _scan(self, line: Mapping[str, Any]) -> dict[str, Any]:
        names = ("scanner", "phase", "outcome", "universe", "judged", "unknown", "error")
        hits = line.get("hits") or {}
        rows = list(
            zip(*(hits.get(name, ()) for name in ("symbols", "price", "change_pct", "new")), strict=True)
        )
        answer: dict[str, Any] = {name: line.get(name) for name in names}
        if line.get("outcome") != "ok":
            return {**answer, "found": 0, "new": 0, "entered": [], "left": [], "list": None}
        before = self._lists.get(str(line["scanner"]), {})
        here = {symbol: None for symbol, *_ in rows}
        self._lists[str(line["scanner"])] = here
        return {
            **answer,
            "found": len(rows),
            "new": sum(bool(new) for *_, new in rows),
            "entered": [row for row in rows if row[0] not in before],
            "left": [symbol for symbol in before if symbol not in here],
            "list": rows[:_MOST_OF_LIST],
        }


class LiveRecord:
    """The messages of a session so far, and whether it is over.

    Parameters
    ----------
    path
        The record.
    """

    def __init__(self, path: Path) -> None:
        self.identity = _identity(path)
        self._path = path
        self._keys: list[EventKey] = []
        self._texts: list[bytes] = []
        self._is_over = False
        self._fault: str | None = None
        self._zone: str | None = None
        Thread(target=self._read, name="record", daemon=True).start()

    @property
    def is_over(self) -> bool:
        """Whether nothing more is read: the session ended, or its record cannot be read."""
        return self._is_over

    @property
    def fault(self) -> str | None:
        """Why the record cannot be read; None if it can."""
        return self._fault

    @property
    def zone(self) -> str | None:
        """The exchange's zone; None before the session has made its record."""
        return self._zone

    def messages_after(self, key: EventKey, most: int) -> list[Message]:
        """Return the next messages after a key; none where they are not read yet."""
        place = bisect_right(self._keys, key)
        end = min(place + most, len(self._texts))
        return list(zip(self._keys[place:end], self._texts[place:end], strict=True))

    def _read(self) -> None:
        try:
            with closing(RecordFollower(self._path)) as record:
                self._follow(record)
        except (SymscanError, OSError) as error:
            self._fault = str(error)
        self._is_over = True

    def _follow(self, record: RecordFollower) -> None:
        maker, key = MessageMaker(), BEFORE_ALL
        while True:
            is_running = record.is_running()  # before its events: the last ones are not to be missed
            found = record.after(key)
            if found and self._zone is None:
                self._zone = _zone_of(record.meta())
            for event in found:
                key = event.key
                self._add(maker, event)
            if not found and not is_running:
                return
            if not found:
                sleep(POLL_SECONDS)

    def _add(self, maker: MessageMaker, event: StoredEvent) -> None:
        message = maker.message(event)
        if message is not None:
            self._keys.append(event.key)  # places are counted by texts, which come last
            self._texts.append(as_json(message))


def id_of(key: EventKey) -> str:
    """Return the id of an event: ``12.0``."""
    return f"{key[0]}.{key[1]}"


def key_of(text: str | None) -> EventKey:
    """Return the key of an id; that before all where it is none."""
    found = _ID.fullmatch(text or "")
    return BEFORE_ALL if found is None else (int(found[1]), int(found[2]))


def _identity(path: Path) -> str:
    """Return what tells a record from one that takes its place."""
    found = path.stat()
    return f"{found.st_dev}-{found.st_ino}"


def _zone_of(meta: Mapping[str, Any] | None) -> str | None:
    return None if meta is None else SessionCalendar(str(meta.get("exchange", "NYSE"))).zone.key


def _detail(line: Mapping[str, Any]) -> str:
    return ", ".join(_facts(line))[:_LONGEST_DETAIL]


def _facts(line: Mapping[str, Any]) -> Iterator[str]:
    for name, value in line.items():
        if name not in _NO_DETAIL and value is not None:
            yield f"{name} {value}"
