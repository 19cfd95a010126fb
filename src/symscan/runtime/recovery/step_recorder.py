"""The tape of a live session: what it took in, so that resuming is playing the same through the same step.

A session's state follows from its configuration and from what its ports answered. The tape stands
before those ports. It keeps every answer until the step is committed, with what came of it, to the
session's record. In a resumed session it first gives the recorded answers, step by step, without
asking the ports, and holds what comes of them against the record; when the last recorded step is
done, it hands over to the ports.
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
from symscan.recording.bar_codec import Numbers, Origin, TakenBars, pack, unpack
from symscan.recording.session_log import SessionRecord, Step
from symscan.runtime.recovery.recorded_answers import dump, load_of, load_step

Answer = TypeVar("Answer")

_BETWEEN: Final = "between"


class StepRecorder:
    """Records the steps of a session, or plays those that a record has.

    It is the :class:`~symscan.runtime.publisher.StepLog` of the session.

    Parameters
    ----------
    record
        The session's record; what it has is played first.
    session
        The session.
    """

    def __init__(self, record: SessionRecord, session: Session) -> None:
        self._record = record
        self._session = session
        self._to_play = record.last
        self._played = 0
        self._on_live: list[Callable[[], None]] = []
        self._different: list[str] = []
        self._untold = 0
        self._at: Instant | None = None
        self._begin()

    # -- the coordinator's side --------------------------------------------------------------

    @property
    def is_replaying(self) -> bool:
        """Whether the step under way is one that was recorded before."""
        return self._played < self._to_play

    def commit(self, kind: str, end: Instant, events: Sequence[Event]) -> list[Event]:
        """The step is done: record it, or hold it against the record.

        A moment between two slices in which nothing came in and nothing happened is not recorded.

        Returns
        -------
        list of Event
            What there is to say of it: that it differs from the record.
        """
        if self.is_replaying:
            return self._compare(kind, end, events)
        if kind != _BETWEEN or events or self._came_in:
            step = Step(kind, end, *self._moment, bars=pack(self._groups), answers=dump(self._answers))
            seq = self._record.commit(step, self._session, events)
            self._untold = seq if events else 0
        self._begin()
        return self._sum_up(end)

    def delivered(self) -> None:
        """Everybody was told of the last step."""
        if self._untold:
            self._record.mark_delivered(self._untold)
            self._untold = 0
        self._record.tidy()

    def when_live(self, call: Callable[[], None]) -> None:
        """Have something done once the last recorded step was played; at once, if there is none to play."""
        if self.is_replaying:
            self._on_live.append(call)
        else:
            call()

    # -- the ports' side ---------------------------------------------------------------------

    @property
    def step(self) -> Step:
        """The recorded step that is being played.

        Raises
        ------
        LookupError
            If none is.
        """
        if self._step is None:
            raise LookupError("the record was played to its end")
        return self._step

    def numbers(self, symbols: Sequence[str]) -> Numbers:
        """What the record calls these symbols."""
        return self._record.numbers(symbols)

    def answer(self, kind: str, ask: Callable[[], Answer], nothing: Callable[[], Answer]) -> Answer:
        """What a port answers: asked and kept, or as recorded.

        Parameters
        ----------
        kind
            What was asked; answers of one kind are played in the order they were kept.
        ask
            Asks the port.
        nothing
            Makes the answer that says nothing, which is given when the step's recorded ones are used up.
        """
        if self.is_replaying:
            kept = self._to_give.get(kind)
            given: Answer = load_of(kind, kept.popleft()) if kept else nothing()
            return given
        answer = ask()
        self._came_in |= answer != nothing()
        # Kept as bytes at once: what the session is given may be changed by it.
        self._answers.setdefault(kind, []).append(dump(answer))
        return answer

    def take_moment(self, at: Instant | None, lag: int = 0, is_recovered: bool = False) -> None:
        """What a moment says of itself."""
        self._at = at
        self._moment: tuple[Instant | None, int, bool] = (at, lag, is_recovered)

    def take_bars(self, group: TakenBars) -> None:
        """Keep bars that came in."""
        self._groups.append(group)
        self._came_in = True

    def give_bars(self, *origins: Origin) -> TakenBars | None:
        """The next recorded bars of the step, None if there are no more or they came in another way."""
        kept = self._groups_to_give
        return kept.popleft() if kept and kept[0].origin in origins else None

    def mark(self) -> None:
        """Something was asked for: the step is worth a record, even if nothing came in."""
        self._came_in = True

    # -- how ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin a step: with empty hands, or with what is recorded of the next one."""
        self._came_in = False
        # A step that begins with no moment of its own is of the one before, which may not have been recorded.
        self.take_moment(self._at)
        self._groups: list[TakenBars] = []
        self._answers: dict[str, list[bytes]] = {}
        self._groups_to_give: deque[TakenBars] = deque()
        self._to_give: dict[str, deque[bytes]] = {}
        self._step: Step | None = None
        if self.is_replaying:
            self._step = step = self._record.step(self._played + 1)
            self._groups_to_give.extend(unpack(step.bars))
            self._to_give = {kind: deque(kept) for kind, kept in load_step(step.answers).items()}

    def _compare(self, kind: str, end: Instant, events: Sequence[Event]) -> list[Event]:
        step = self.step
        if (kind, end) != (step.kind, step.end):
            difference = f"a step {step.kind} was recorded, {kind} of {to_iso(end)} was played"
        else:
            recorded = self._record.lines(self._played + 1)
            difference = _difference(recorded, [line_of(self._session, event) for event in events])
        self._played += 1
        self._begin()
        if not self.is_replaying:
            self._go_live()
        if not difference:
            return []
        said = f"resume differs from the record at {to_iso(step.end)}: {difference}"
        self._different.append(said)
        return [Warned(end, said)]

    def _go_live(self) -> None:
        calls, self._on_live = self._on_live, []
        for call in calls:
            call()

    def _sum_up(self, end: Instant) -> list[Event]:
        """Say once, to those who were told nothing while the record was played, that it differed."""
        different, self._different = self._different, []
        if not different:
            return []
        files = ", ".join(changed(self._record.meta.get("modules", {})))
        why = f" ({files} has changed since the session ran it)" if files else ""
        said = f"{len(different)} of the resumed steps are not as they were recorded{why}"
        return [Warned(end, f"{said}; the first: {different[0]}")]


def _difference(recorded: Sequence[str], played: Sequence[str]) -> str:
    """How what came of a step differs from what is recorded of it; empty if it does not."""
    if len(recorded) != len(played):
        return f"{len(recorded)} events were recorded, {len(played)} came of it now"
    for before, now in zip(recorded, played, strict=True):
        if before != now:
            return f"recorded was {before.strip()}, now came {now.strip()}"
    return ""
