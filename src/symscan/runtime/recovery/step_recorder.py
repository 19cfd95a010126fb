"""Record the inputs of a live session step by step, and replay them to resume it.

A session's state follows from its configuration and from what its ports answer. The recorder stands
before those ports. It keeps every answer until the step is committed, with its events, to the
session's record. In a resumed session it first replays the recorded answers, step by step, without
reading the ports, and compares the events with the record; after the last recorded step it reads
the ports.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from symscan.model.event_json import line_of
from symscan.model.events.session import Event, Warned
from symscan.model.instant import Instant, to_iso
from symscan.model.session import Session
from symscan.plugins.digests import changed
from symscan.recording.bar_codec import BarGroup, Numbers, Origin, pack, unpack
from symscan.recording.session_log import SessionRecord, Step
from symscan.runtime.recovery.recorded_answers import dump, load_of, load_step

Answer = TypeVar("Answer")

_BETWEEN: Final = "between"


class StepRecorder:
    """Records the steps of a session, or replays those of a record.

    It is the :class:`~symscan.runtime.publisher.StepLog` of the session.

    Parameters
    ----------
    record
        The session's record; its steps are replayed first.
    session
        The session.
    """

    def __init__(self, record: SessionRecord, session: Session) -> None:
        self._record = record
        self._session = session
        self._recorded_count = record.last
        self._replayed_count = 0
        self._live_callbacks: list[Callable[[], None]] = []
        self._differences: list[str] = []
        self._undelivered = 0
        self._updated_at: Instant | None = None
        self._begin_step()

    # -- the coordinator's side --------------------------------------------------------------

    @property
    def is_replaying(self) -> bool:
        """Whether the current step was recorded before."""
        return self._replayed_count < self._recorded_count

    def commit(self, kind: str, end: Instant, events: Sequence[Event]) -> list[Event]:
        """Record the step, or compare it with the record.

        An interim step without input and without events is not recorded.

        Returns
        -------
        list of Event
            A warning if the step differs from the record.
        """
        if self.is_replaying:
            return self._compare(kind, end, events)
        if kind != _BETWEEN or events or self._has_input:
            step = Step(kind, end, *self._update_facts, bars=pack(self._groups), answers=dump(self._answers))
            seq = self._record.commit(step, self._session, events)
            self._undelivered = seq if events else 0
        self._begin_step()
        return self._summarize_differences(end)

    def delivered(self) -> None:
        """Mark the last step as published."""
        if self._undelivered:
            self._record.mark_delivered(self._undelivered)
            self._undelivered = 0
        self._record.checkpoint_if_large()

    def when_live(self, callback: Callable[[], None]) -> None:
        """Call back once the last recorded step is replayed; at once if there is none."""
        if self.is_replaying:
            self._live_callbacks.append(callback)
        else:
            callback()

    # -- the ports' side ---------------------------------------------------------------------

    @property
    def step(self) -> Step:
        """The recorded step that is being replayed.

        Raises
        ------
        LookupError
            If there is none.
        """
        if self._step is None:
            raise LookupError("the record was played to its end")
        return self._step

    def numbers(self, symbols: Sequence[str]) -> Numbers:
        """Return the record's numbers of symbols."""
        return self._record.numbers(symbols)

    def answer(self, kind: str, read: Callable[[], Answer], default: Callable[[], Answer]) -> Answer:
        """Return a port's answer: read and recorded, or as recorded before.

        Parameters
        ----------
        kind
            Which question; answers of one kind are replayed in the order they were recorded.
        read
            Reads the port.
        default
            Makes the empty answer, which is returned when the step's recorded ones are used up.
        """
        if self.is_replaying:
            recorded = self._recorded_answers.get(kind)
            value: Answer = load_of(kind, recorded.popleft()) if recorded else default()
            return value
        answer = read()
        self._has_input |= answer != default()
        # Dumped at once: the session may change what it gets.
        self._answers.setdefault(kind, []).append(dump(answer))
        return answer

    def set_update(self, at: Instant | None, lag: int = 0, is_recovered: bool = False) -> None:
        """Keep the facts of the current update: the market's time, its lag, whether it is recovered."""
        self._updated_at = at
        self._update_facts: tuple[Instant | None, int, bool] = (at, lag, is_recovered)

    def add_bars(self, group: BarGroup) -> None:
        """Record bars that came in."""
        self._groups.append(group)
        self._has_input = True

    def next_bars(self, *origins: Origin) -> BarGroup | None:
        """Return the step's next recorded bars, None if there are no more or their origin differs."""
        recorded = self._recorded_groups
        return recorded.popleft() if recorded and recorded[0].origin in origins else None

    def mark_input(self) -> None:
        """Mark the step as one to record, even if no input came in."""
        self._has_input = True

    # -- how ---------------------------------------------------------------------------------

    def _begin_step(self) -> None:
        """Reset the step's buffers; in replay, load the next recorded step."""
        self._has_input = False
        # A step without an update of its own belongs to the one before, which may not have been recorded.
        self.set_update(self._updated_at)
        self._groups: list[BarGroup] = []
        self._answers: dict[str, list[bytes]] = {}
        self._recorded_groups: deque[BarGroup] = deque()
        self._recorded_answers: dict[str, deque[bytes]] = {}
        self._step: Step | None = None
        if self.is_replaying:
            self._step = step = self._record.step(self._replayed_count + 1)
            self._recorded_groups.extend(unpack(step.bars))
            self._recorded_answers = {
                kind: deque(recorded) for kind, recorded in load_step(step.answers).items()
            }

    def _compare(self, kind: str, end: Instant, events: Sequence[Event]) -> list[Event]:
        step = self.step
        if (kind, end) != (step.kind, step.end):
            difference = f"a step {step.kind} was recorded, {kind} of {to_iso(end)} was played"
        else:
            recorded = self._record.lines(self._replayed_count + 1)
            difference = _difference(recorded, [line_of(self._session, event) for event in events])
        self._replayed_count += 1
        self._begin_step()
        if not self.is_replaying:
            self._go_live()
        if not difference:
            return []
        message = f"resume differs from the record at {to_iso(step.end)}: {difference}"
        self._differences.append(message)
        return [Warned(end, message)]

    def _go_live(self) -> None:
        callbacks, self._live_callbacks = self._live_callbacks, []
        for callback in callbacks:
            callback()

    def _summarize_differences(self, end: Instant) -> list[Event]:
        """Warn once, for announcers, who got nothing during the replay, that steps differed."""
        differences, self._differences = self._differences, []
        if not differences:
            return []
        files = ", ".join(changed(self._record.meta.get("modules", {})))
        why = f" ({files} has changed since the session ran it)" if files else ""
        said = f"{len(differences)} of the resumed steps are not as they were recorded{why}"
        return [Warned(end, f"{said}; the first: {differences[0]}")]


def _difference(recorded: Sequence[str], played: Sequence[str]) -> str:
    """Describe how a step's events differ from the recorded ones; empty if they do not."""
    if len(recorded) != len(played):
        return f"{len(recorded)} events were recorded, {len(played)} came of it now"
    for old, new in zip(recorded, played, strict=True):
        if old != new:
            return f"recorded was {old.strip()}, now came {new.strip()}"
    return ""
