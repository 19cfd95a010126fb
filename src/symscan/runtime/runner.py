"""Run the sessions of a backtest in date order, or a live session."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Protocol

from symscan.errors import DataError
from symscan.model.decisions.verdicts import VerdictObserver
from symscan.model.events.session import Warned
from symscan.model.instant import Instant
from symscan.model.session import Session
from symscan.observers.base import Observer
from symscan.observers.event_log import EventLog
from symscan.observers.guard import guarding
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
    verdicts: VerdictObserver | None = None,
) -> None:
    """Run every session.

    The warnings of the run are no events of a session, whose results would else differ alone and in a range:
    they are given to the user's observers and to the log, and who writes results gets them by themselves.

    Parameters
    ----------
    progress
        Called after every slice with the session's coordinator.
    finished
        Sessions that an interrupted run completed: they are left out.
    verdicts
        Gets the verdicts of each scan; None: nobody.
    """
    made = backtest.checked.observers.make()
    log = EventLog()
    with guarding(made, [*observers, log], waits=True, late=[log]) as (every, new):
        if backtest.sessions[0].date not in finished:
            warn_of_run(backtest, [one for one in (*every, *new) if one not in observers])
        unfinished = [session for session in backtest.sessions if session.date not in finished]
        for session, following in zip(unfinished, [*unfinished[1:], None], strict=True):
            play_session(backtest, session, [*every, *new], progress, following, verdicts)


def warn_of_run(backtest: Backtest, observers: Sequence[Observer]) -> None:
    """Give the warnings of a run to observers of it, before its first session."""
    first = backtest.sessions[0]
    for message in backtest.warnings:
        for observer in observers:
            observer.observe(first, Warned(first.pre_open, message))


def play_session(
    backtest: Backtest,
    session: Session,
    observers: Sequence[Observer],
    progress: Progress | None = None,
    following: Session | None = None,
    verdicts: VerdictObserver | None = None,
) -> None:
    """Run one session.

    Parameters
    ----------
    following
        The session to be run next, whose bars are read meanwhile; None for none.
    verdicts
        Gets the verdicts of each scan; None: nobody.
    """
    coordinator = backtest.coordinator(session, observers, following=following, verdicts=verdicts)
    coordinator.run(None if progress is None else lambda: progress(coordinator))


class Stopper(Protocol):
    """Signals that a live session is to end before its close."""

    def on_stop(self, stop: Callable[[], None]) -> None:
        """Call ``stop``, from any thread, when the session is to end."""


def run_live(
    live: LiveSetup,
    observers: Sequence[Observer],
    announcers: Sequence[Observer],
    stopper: Stopper,
    when_live: Callable[[], None] = lambda: None,
    notice: Callable[[str], None] = lambda _: None,
) -> None:
    """Run a session until its close, or until it is to stop.

    Parameters
    ----------
    observers
        Get every event, also those that a resumed session repeats.
    announcers
        Get new events only.
    stopper
        Ends it between two updates; what was stored by then can be resumed.
    when_live
        Called when the feed is open and the record of a resumed session is replayed.
    notice
        Gets a line when the session waits for another program's lock on the record.

    Raises
    ------
    FeedError
        If the feed refuses, or ended for good.
    """
    from symscan.recording.database import Waiting

    announcers = [*announcers, EventLog()]
    with live.opened(observers, announcers, Waiting(notice)) as session:
        warn = partial(_warn, live, [*session.observers, *session.announcers])
        for message in live.warnings:
            warn(live.session.pre_open, message)
        for message in session.undelivered:
            _warn(live, session.announcers, live.session.pre_open, message)
        session.record.mark_all_delivered()
        session.when_live(when_live)
        stopper.on_stop(session.stop)
        if session.run():
            for message in _archive(live, session):
                warn(live.session.close, message)


def _archive(live: LiveSetup, session: LiveSession) -> Iterator[str]:
    """Write the day's bars into the store; yields warnings."""
    from symscan.runtime.live.compaction import compact
    from symscan.sources.store.bar_store import BarStore

    try:
        done = compact(session.record, BarStore(live.day.store), live.session.date, live.broker.origin)
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
