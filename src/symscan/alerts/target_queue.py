"""The messages that wait for one target: which is sent when, which again, and which never."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from symscan.alerts.delivery import Delivery, Fate
from symscan.alerts.outbox import Message, MessageState, Outbox

_DELAYS: Final = (1.0, 4.0, 15.0, 60.0)
"""Seconds until a refused message is tried again; after the last of them it has failed."""

_MINUTE: Final = 60.0
_LONGEST: Final = 1500
_HITS: Final = "hits"


class Sender(Protocol):
    """Sends a message, and waits for the answer."""

    def send(self, title: str, text: str, *, is_warning: bool = False) -> Delivery:
        """Send a message."""


class TargetQueue:
    """Sends the messages to one target in order, at most once each and so many a minute.

    Parameters
    ----------
    target
        The target's name.
    sender
        Takes the messages.
    outbox
        Holds them.
    title
        What stands over each message, before the rule.
    max_per_minute
        How many messages are sent in a minute; what waits longer is sent together.
    report
        Called with a line when the target begins or ends to fail.
    monotonic, now, jitter
        Clocks, and a number from 0 to 1 that spreads tries.
    """

    def __init__(
        self,
        target: str,
        sender: Sender,
        outbox: Outbox,
        title: str,
        max_per_minute: int,
        report: Callable[[str], None],
        *,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._target, self._sender, self._outbox = target, sender, outbox
        self._title, self._report = title, report
        self._monotonic, self._now, self._jitter = monotonic, now, jitter
        self._sent_at: deque[float] = deque(maxlen=max_per_minute)
        self._not_before = 0.0
        self._is_held_back = False
        self._off: str | None = None
        self._fails = False

    @property
    def is_failing(self) -> bool:
        """Whether the last message was not sent."""
        return self._fails

    def send_next(self, *, is_ending: bool = False) -> float | None:
        """Send what may be sent now, one message; returns in how many seconds to call again.

        None where nothing waits. At the end what is held back by the messages of the last minute is sent
        together, since nobody sends it later.
        """
        waiting = self._without_late(self._outbox.queued(self._target))
        if self._off is not None and waiting:
            self._outbox.mark(waiting, MessageState.TARGET_OFF, self._off)
            return None
        if not waiting:
            return None
        pause = self._pause(is_ending)
        if pause > 0:
            return pause
        self._send(waiting if self._is_held_back else waiting[:1])
        return 0.0

    def _without_late(self, waiting: Sequence[Message]) -> list[Message]:
        now = self._now()
        late = [one for one in waiting if _age_seconds(one, now) > one.max_age_seconds]
        if late:
            self._outbox.mark(late, MessageState.LATE, "it waited too long")
        return [one for one in waiting if one not in late]

    def _pause(self, is_ending: bool) -> float:
        """Return how long nothing may be sent: after a refusal, or after so many in a minute."""
        now = self._monotonic()
        pause = self._not_before - now
        if len(self._sent_at) == self._sent_at.maxlen and now - self._sent_at[0] < _MINUTE:
            self._is_held_back = True
            return pause if is_ending else max(self._sent_at[0] + _MINUTE - now, pause)
        return pause

    def _send(self, messages: Sequence[Message]) -> None:
        self._outbox.mark(messages, MessageState.SENDING)  # on the disk, before anything leaves
        self._is_held_back = False
        self._sent_at.append(self._monotonic())
        is_warning = any(one.about != _HITS for one in messages)
        delivery = self._sender.send(self._head(messages), _joined(messages), is_warning=is_warning)
        self._settle(messages, delivery)

    def _settle(self, messages: Sequence[Message], delivery: Delivery) -> None:
        state, reason = _STATES[delivery.fate], delivery.reason
        tries = 1 + max(one.attempts for one in messages)
        if state is MessageState.QUEUED and tries > len(_DELAYS):
            state, reason = MessageState.FAILED, f"{reason}, {tries} times"
        elif state is MessageState.QUEUED:
            delay = _DELAYS[tries - 1] * (1 + self._jitter() / 4)
            self._not_before = self._monotonic() + max(delay, delivery.retry_after_seconds or 0.0)
        self._outbox.mark(messages, state, reason)
        self._report_change(delivery)

    def _report_change(self, delivery: Delivery) -> None:
        if delivery.fate is Fate.GONE:
            self._off = delivery.reason
            self._report(
                f"alerts: target '{self._target}' is off for this session: {delivery.reason}; check its "
                "address with 'symscan alerts test'"
            )
        elif delivery.fate is not Fate.SENT and not self._fails:
            self._report(f"alerts: target '{self._target}' fails: {delivery.reason}")
        elif delivery.fate is Fate.SENT and self._fails:
            self._report(f"alerts: target '{self._target}' takes messages again")
        self._fails = delivery.fate is not Fate.SENT

    def _head(self, messages: Sequence[Message]) -> str:
        rules = list(dict.fromkeys(one.rule for one in messages))
        return f"{self._title}: {rules[0] if len(rules) == 1 else f'{len(messages)} alerts'}"


_STATES: Final = {
    Fate.SENT: MessageState.SENT,
    Fate.REFUSED: MessageState.QUEUED,
    Fate.REJECTED: MessageState.FAILED,
    Fate.GONE: MessageState.FAILED,
    Fate.PERHAPS: MessageState.PERHAPS,
}


def _age_seconds(message: Message, now: datetime) -> float:
    recorded = datetime.fromisoformat(message.recorded_at).astimezone(UTC)
    return (now - recorded).total_seconds()


def _joined(messages: Sequence[Message]) -> str:
    """Return the texts of messages that are sent together, as many as there is room for."""
    shown: list[str] = []
    for message in messages:
        if shown and sum(map(len, shown)) + len(message.text) > _LONGEST:
            shown.append(f"and {len(messages) - len(shown):,} more alerts")
            break
        shown.append(message.text)
    return "\n".join(shown)
