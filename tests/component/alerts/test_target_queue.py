"""Which message is sent when, which again and which never; the clocks are the test's."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from symscan.alerts.delivery import Delivery, Fate
from symscan.alerts.outbox import Message, MessageState, Outbox
from symscan.alerts.target_queue import TargetQueue

BEGIN = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
SENT = Delivery(Fate.SENT)
REFUSED = Delivery(Fate.REFUSED, "HTTP 503")


class Clock:
    """A clock that goes when the test says so."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.seconds)


class Service:
    """Answers as it was told to, and then that it took the message; sees what is on the disk meanwhile."""

    def __init__(self, path: Path) -> None:
        self.answers: deque[Delivery] = deque()
        self.taken: list[tuple[str, str, bool]] = []
        self.states: list[str] = []
        self._path = path

    def send(self, title: str, text: str, *, is_warning: bool = False) -> Delivery:
        self.taken.append((title, text, is_warning))
        with closing(Outbox(self._path)) as outbox:
            self.states.append(" ".join(one.state.value for one in outbox.messages()))
        return self.answers.popleft() if self.answers else SENT


class Bench:
    """A queue of one target with everything around it."""

    def __init__(self, path: Path, outbox: Outbox, max_per_minute: int = 30) -> None:
        self.clock, self.service, self.outbox = Clock(), Service(path), outbox
        self.said: list[str] = []
        self.queue = TargetQueue(
            "phone",
            self.service,
            outbox,
            "mine 2026-03-02",
            max_per_minute,
            self.said.append,
            monotonic=self.clock.monotonic,
            now=self.clock.now,
            jitter=lambda: 0.0,
        )

    def states(self) -> list[str]:
        return [one.state.value for one in self.outbox.messages()]

    def texts(self) -> list[str]:
        return [text for _, text, _ in self.service.taken]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "alerts.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    with closing(Outbox(path)) as outbox:
        yield outbox


@pytest.fixture
def bench(path: Path, outbox: Outbox) -> Bench:
    return Bench(path, outbox)


def _messages(count: int, **changes: object) -> list[Message]:
    recorded = BEGIN.isoformat().replace("+00:00", "Z")
    one = Message("", "phone", 1, 0, "r", "hits", "", recorded, 120.0)
    numbered = [replace(one, id=f"id{n}", n=n, text=f"text {n}") for n in range(count)]
    return [replace(message, **changes) for message in numbered]  # type: ignore[arg-type]


def test_messages_go_one_by_one_in_order(bench: Bench) -> None:
    bench.outbox.add(_messages(3))

    assert [bench.queue.send_next() for _ in range(4)] == [0.0, 0.0, 0.0, None]

    assert bench.service.taken[0] == ("mine 2026-03-02: r", "text 0", False)
    assert bench.texts() == ["text 0", "text 1", "text 2"]
    assert bench.states() == ["sent"] * 3
    assert bench.said == []


def test_a_message_is_on_the_disk_as_being_sent_before_it_leaves(bench: Bench) -> None:
    bench.outbox.add(_messages(2))

    bench.queue.send_next()

    assert bench.service.states == ["sending queued"]


def test_what_was_decided_before_is_not_added_again(bench: Bench) -> None:
    bench.outbox.add(_messages(1))
    bench.queue.send_next()
    bench.outbox.add(_messages(1))

    assert bench.queue.send_next() is None
    assert bench.states() == ["sent"]


def test_what_was_being_sent_when_a_process_died_is_not_sent_again(bench: Bench) -> None:
    bench.outbox.add(_messages(2))
    bench.outbox.mark(_messages(1), MessageState.SENDING)

    bench.outbox.give_up_sending()
    bench.queue.send_next()

    assert bench.texts() == ["text 1"]
    assert bench.states() == ["perhaps sent", "sent"]


def test_what_is_refused_is_tried_again_and_fails_in_the_end(bench: Bench) -> None:
    bench.outbox.add(_messages(1, max_age_seconds=1e6))
    bench.service.answers.extend([REFUSED] * 5)
    pauses = []
    while bench.outbox.queued("phone"):
        pause = bench.queue.send_next()
        if pause:
            pauses.append(pause)
            bench.clock.seconds += pause

    assert pauses == [1.0, 4.0, 15.0, 60.0]
    (message,) = bench.outbox.messages()
    assert (message.state, message.attempts, message.reason) == ("failed", 5, "HTTP 503, 5 times")
    assert bench.said == ["alerts: target 'phone' fails: HTTP 503"]


def test_a_service_may_say_how_long_it_wants_to_be_left_alone(bench: Bench) -> None:
    bench.outbox.add(_messages(1))
    bench.service.answers.append(Delivery(Fate.REFUSED, "HTTP 429", 30.0))

    bench.queue.send_next()

    assert bench.queue.send_next() == 30.0
    bench.clock.seconds = 30.0
    bench.queue.send_next()
    assert bench.states() == ["sent"]
    assert bench.said[-1] == "alerts: target 'phone' takes messages again"


def test_what_may_have_been_taken_is_not_sent_again(bench: Bench) -> None:
    bench.outbox.add(_messages(2))
    bench.service.answers.append(Delivery(Fate.PERHAPS, "no answer in time"))

    bench.queue.send_next()
    bench.queue.send_next()

    assert bench.texts() == ["text 0", "text 1"]
    assert bench.states() == ["perhaps sent", "sent"]


def test_a_rejected_message_is_the_only_one(bench: Bench) -> None:
    bench.outbox.add(_messages(2))
    bench.service.answers.append(Delivery(Fate.REJECTED, "HTTP 400"))

    bench.queue.send_next()
    bench.queue.send_next()

    assert bench.states() == ["failed", "sent"]


def test_a_target_that_takes_nothing_is_off(bench: Bench) -> None:
    bench.outbox.add(_messages(3))
    bench.service.answers.append(Delivery(Fate.GONE, "HTTP 401"))

    assert [bench.queue.send_next(), bench.queue.send_next()] == [0.0, None]

    assert bench.states() == ["failed", "target off", "target off"]
    assert "target 'phone' is off for this session: HTTP 401" in bench.said[0]


def test_what_waited_too_long_is_not_sent(bench: Bench) -> None:
    bench.outbox.add(_messages(2)[:1])
    bench.outbox.add(_messages(2, max_age_seconds=300.0)[1:])
    bench.clock.seconds = 121.0

    bench.queue.send_next()

    assert bench.texts() == ["text 1"]
    assert bench.states() == ["too late", "sent"]


def test_more_than_so_many_a_minute_are_sent_together(path: Path, outbox: Outbox) -> None:
    bench = Bench(path, outbox, max_per_minute=2)
    outbox.add(_messages(5))

    assert [bench.queue.send_next() for _ in range(3)] == [0.0, 0.0, 60.0]
    bench.clock.seconds = 60.0
    bench.queue.send_next()

    assert bench.texts() == ["text 0", "text 1", "text 2\ntext 3\ntext 4"]
    assert bench.service.taken[-1][0] == "mine 2026-03-02: r"
    assert bench.states() == ["sent"] * 5


def test_at_the_end_what_is_held_back_is_sent_at_once(path: Path, outbox: Outbox) -> None:
    bench = Bench(path, outbox, max_per_minute=1)
    outbox.add(_messages(3))

    assert [bench.queue.send_next(is_ending=True) for _ in range(3)] == [0.0, 0.0, None]

    assert bench.texts() == ["text 0", "text 1\ntext 2"]


def test_what_is_sent_together_stays_short(path: Path, outbox: Outbox) -> None:
    bench = Bench(path, outbox, max_per_minute=1)
    outbox.add(_messages(5, text="x" * 700))

    _drain(bench)

    assert len(bench.texts()[1]) < 1600
    assert bench.texts()[1].endswith("and 2 more alerts")


def test_conditions_are_warnings(bench: Bench) -> None:
    bench.outbox.add(_messages(1, about="feed_lost"))

    bench.queue.send_next()

    assert [is_warning for _, _, is_warning in bench.service.taken] == [True]


def _drain(bench: Bench) -> Sequence[float]:
    pauses = []
    while (pause := bench.queue.send_next()) is not None:
        pauses.append(pause)
        bench.clock.seconds += pause
    return pauses


def test_targets_do_not_wait_for_each_other(bench: Bench) -> None:
    bench.outbox.add([*_messages(1), *_messages(1, target="desk")])

    bench.queue.send_next()

    assert bench.outbox.counts() == [("desk", MessageState.QUEUED, 1), ("phone", MessageState.SENT, 1)]
