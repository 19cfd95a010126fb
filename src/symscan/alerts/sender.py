"""Send the messages that a live session decides: a process of its own, which follows the session's record.

The session does not wait for it and does not depend on it. It wakes this process when it has decided
something; when the session is gone, however it ended, what is decided is sent, and then this process ends.
"""

from __future__ import annotations

import os
import random
import select
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from symscan.alerts.delivery import Service
from symscan.alerts.outbox import Message, Outbox
from symscan.alerts.target_queue import TargetQueue
from symscan.alerts.targets import open_services
from symscan.config import SessionConfig, parse_config
from symscan.config.alert_settings import AlertTarget
from symscan.errors import SymscanError
from symscan.locking import lock_file
from symscan.model.events.alerts import AlertDecided
from symscan.recording import OUTBOX_NAME, RECORD_NAME
from symscan.recording.following import DatedEvent, RecordFollower

START: Final = "from symscan.alerts.sender import main; main()"
"""What the process runs."""

_POLL_SECONDS: Final = 1.0
"""How long it waits at most before it reads the record, whoever wakes it or not."""

_ENDING_SECONDS: Final = 10.0
"""How long it goes on without sending anything when the session is gone."""

_JOIN_SECONDS: Final = 0.1

_TAKE_OVER_SECONDS: Final = 60.0
"""How long it waits for an earlier one of the same session to end."""


def main() -> None:
    """Send until the session is gone; its arguments are the folder of the session and what wakes it."""
    folder, wake = sys.argv[1:]
    try:
        send_alerts(Path(folder), int(wake), _report)
    except SymscanError as error:
        _report(f"alerts: nothing is sent: {error}")
        raise SystemExit(1) from None
    except Exception as error:  # the process's end: what the error says may hold an address
        _report(f"alerts: the process that sends them ended with {type(error).__name__}")
        raise SystemExit(1) from None


def send_alerts(folder: Path, wake: int, report: Callable[[str], None]) -> None:
    """Send what a session decides, until it is gone.

    Parameters
    ----------
    folder
        The folder of the session.
    wake
        A descriptor that can be read when there is something new, and at the session's end.
    report
        Called with a line when a target begins or ends to fail.

    Raises
    ------
    DataError
        If the record or the outbox cannot be used, or another process sends these alerts.
    ConfigErrors
        If the address of a target is missing.
    """
    path = folder / OUTBOX_NAME
    lock = lock_file(
        path.with_name(f"{OUTBOX_NAME}.lock"),
        busy=f"{path}: another process sends these alerts",
        unwritable="alerts cannot be sent",
        wait_seconds=_TAKE_OVER_SECONDS,
    )
    with closing(RecordFollower(folder / RECORD_NAME)) as record, closing(Outbox(path)) as outbox:
        try:
            outbox.give_up_sending()
            meta = _meta(record, wake)
            if meta is not None:
                _follow(record, outbox, _threads(meta, path, report), wake)
        finally:
            lock.release()


def _meta(record: RecordFollower, wake: int) -> dict[str, Any] | None:
    """Return the facts of the record, once there are any; None where the session is gone before."""
    while (meta := record.meta()) is None:
        if _is_gone(wake):
            return None
    return meta


def _threads(meta: dict[str, Any], path: Path, report: Callable[[str], None]) -> list[TargetThread]:
    config = parse_config(meta["configuration"], meta.get("file", "config.json"))
    services = open_services(config)
    title = _title(config, meta)
    return [
        TargetThread(target, services[target.name], path, title, report) for target in config.alerts.targets
    ]


def _title(config: SessionConfig, meta: dict[str, Any]) -> str:
    source = str(meta.get("source", ""))
    what = "replay of " if source == "replay" else ""
    return f"{config.name} {what}{meta['session']}"


def _follow(record: RecordFollower, outbox: Outbox, threads: Sequence[TargetThread], wake: int) -> None:
    for thread in threads:
        thread.start()
    read, is_gone = 0, False
    while not is_gone and not any(thread.has_failed for thread in threads):
        is_gone = _is_gone(wake)  # before the record is read: the last decisions are not to be missed
        last = record.last_step()
        outbox.add(_messages(record.of_kind(AlertDecided, read, last)))
        read = last
        for thread in threads:
            thread.wake()
    for thread in threads:
        thread.end(_ENDING_SECONDS)
    for thread in threads:
        thread.join()


def _is_gone(wake: int) -> bool:
    """Wait until woken, but not for long; returns whether the session is gone."""
    if not select.select([wake], [], [], _POLL_SECONDS)[0]:
        return False
    return not os.read(wake, 65_536)


def _messages(decided: Sequence[DatedEvent]) -> list[Message]:
    return [message for one in decided for message in _to_each_target(one)]


def _to_each_target(one: DatedEvent) -> list[Message]:
    event = orjson.loads(one.event.line)
    seq, n = one.event.key
    about = {name: event[name] for name in ("id", "rule", "about", "text", "max_age_seconds")}
    return [
        Message(target=target, seq=seq, n=n, recorded_at=one.recorded_at, **about)
        for target in event["targets"]
    ]


class TargetThread:
    """Sends the messages to one target on a thread: a service that hangs holds up no other.

    Attributes
    ----------
    has_failed
        Whether it ended because the outbox cannot be used.
    """

    def __init__(
        self, target: AlertTarget, service: Service, path: Path, title: str, report: Callable[[str], None]
    ) -> None:
        self.has_failed = False
        self._target, self._service = target, service
        self._path, self._title, self._report = path, title, report
        self._woken = threading.Event()
        self._deadline: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"alerts to {target.name}", daemon=True)

    def start(self) -> None:
        """Start sending."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be new messages."""
        self._woken.set()

    def end(self, seconds: float) -> None:
        """Send what is left, and then end; also when nothing could be sent for so long."""
        self._deadline = time.monotonic() + seconds
        self._woken.set()

    def join(self) -> None:
        """Wait for its end; a service that hangs is not waited for."""
        while self._thread.is_alive() and time.monotonic() < (self._deadline or 0.0):
            self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        try:
            with closing(Outbox(self._path)) as outbox:
                self._send_all(outbox)
        except SymscanError as error:
            self._report(f"alerts: target '{self._target.name}': {error}")
            self.has_failed = True

    def _send_all(self, outbox: Outbox) -> None:
        queue = TargetQueue(
            self._target.name,
            self._service,
            outbox,
            self._title,
            self._target.max_per_minute or self._service.max_per_minute,
            self._report,
            monotonic=time.monotonic,
            now=lambda: datetime.now(UTC),
            jitter=random.random,
        )
        while True:
            deadline = self._deadline  # before the outbox is read: what comes after it is not waited for
            self._woken.clear()
            pause = queue.send_next(is_ending=deadline is not None)
            if deadline is not None and not queue.is_failing:
                self._deadline = deadline = time.monotonic() + _ENDING_SECONDS
            if deadline is not None and (pause is None or time.monotonic() + pause > deadline):
                return
            if pause != 0.0:
                self._woken.wait(pause)


def _report(line: str) -> None:
    """Print a line as the session prints its conditions; the session's terminal may be gone."""
    try:
        print(f"!! {line}", file=sys.stderr, flush=True)
    except OSError:
        return
