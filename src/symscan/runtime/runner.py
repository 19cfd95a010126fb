"""Driving sessions: a backtest's one after another in date order, or a live one against the clock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Protocol

from symscan.errors import DataError
from symscan.model.events.session import Warned
from symscan.model.instant import Instant
from symscan.observers.base import Observer
from symscan.observers.event_log import EventLog
from symscan.runtime.assembly import Backtest
from symscan.runtime.coordinator import SessionCoordinator

if TYPE_CHECKING:
    from symscan.runtime.live.session import LiveSession, LiveSetup

Progress = Callable[[SessionCoordinator], None]


def run_backtest(
    backtest: Backtest,
    observers: Sequence[Observer],
    progress: Progress | None = None,
    finished: Collection[date] = (),
) -> None:
    """Play every session; observers are told of the warnings first.

    Parameters
    ----------
    progress
        Called after every slice with the session's coordinator.
    finished
        Sessions whose results are there, of a run that was broken off after them: they, and the warnings
        before them, are left out.
    """
    observers = [*observers, EventLog()]
    first = backtest.sessions[0]
    for message in () if finished else backtest.warnings:
        for observer in observers:
            observer.observe(first, Warned(first.pre_open, message))
    for session in backtest.sessions:
        if session.date in finished:
            continue
        coordinator = backtest.coordinator(session, observers)
        coordinator.run(None if progress is None else lambda: progress(coordinator))  # noqa: B023


class Stopper(Protocol):
    """Says when a live session is to end before its close."""

    def on_stop(self, ask: Callable[[], None]) -> None:
        """Call ``ask``, from any thread, when the session is to end."""


def run_live(
    live: LiveSetup,
    observers: Sequence[Observer],
    announcers: Sequence[Observer],
    stopper: Stopper,
    when_new: Callable[[], None] = lambda: None,
    notice: Callable[[str], None] = lambda _: None,
) -> None:
    """Run a session until its close, or until it is to stop.

    Parameters
    ----------
    observers
        Are told of everything, also of what a resumed session goes through again.
    announcers
        Are told of what is new.
    stopper
        Ends it between two moments; what was stored by then can be resumed.
    when_new
        Called when the feed is open and a resumed session has gone through its record.
    notice
        Is given a line when another program's lock on the record is waited for.

    Raises
    ------
    FeedError
        If the feed refuses, or ended for good.
    """
    from symscan.recording.database import Waiting

    announcers = [*announcers, EventLog()]
    with live.opened(observers, announcers, Waiting(notice)) as session:
        tell = partial(_warn, live, [*observers, *announcers])
        for message in live.warnings:
            tell(live.session.pre_open, message)
        for message in session.undelivered:
            _warn(live, announcers, live.session.pre_open, message)
        session.record.mark_all_delivered()
        session.when_new(when_new)
        stopper.on_stop(session.stop)
        if session.run():
            for message in _compacted(live, session):
                tell(live.session.close, message)


def _compacted(live: LiveSetup, session: LiveSession) -> Iterator[str]:
    """Bring the day's bars into the store; gives what there is to say of it."""
    from symscan.runtime.live.compaction import compact

    plan = live.feed_plan
    try:
        done = compact(session.record, plan.store, live.session.date, plan.origin)
    except DataError as error:
        yield f"the day's bars are in {session.record.path} and not in the store: {error}"
    else:
        if done.conflicts:
            yield f"{done.conflicts} bars of the day differ from those the store has; it keeps its own"
        if done.invalid:
            yield f"{done.invalid} bars of the day are not valid, or lack volume; the store does not get them"


def _warn(live: LiveSetup, observers: Sequence[Observer], at: Instant, message: str) -> None:
    for observer in observers:
        observer.observe(live.session, Warned(at, message))
