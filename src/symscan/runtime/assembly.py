"""Assemble a backtest or a live session: the only module that depends on the mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from symscan.clock.session_calendar import SessionCalendar
from symscan.config import SessionConfig
from symscan.errors import CalendarError, ConfigErrors, DataError
from symscan.model.instant import Instant
from symscan.model.live_settings import LiveSettings
from symscan.model.session import Session
from symscan.observers.base import Observer
from symscan.runtime.building.build import CheckedConfig, SessionPorts, build, check, first_due
from symscan.runtime.building.daily_store import daily_faults
from symscan.runtime.coordinator import SessionCoordinator
from symscan.runtime.publisher import EventPublisher
from symscan.runtime.run_warnings import find_day_mix_warnings, find_run_warnings
from symscan.scanners.running.verdicts import VerdictObserver
from symscan.sources.ports import Broker, LiveDay
from symscan.sources.store.bar_store import BarStore
from symscan.sources.stored.backtest_source import BacktestSource
from symscan.sources.stored.block_cache import BlockCache
from symscan.sources.stored.daily_bars import DailyBars
from symscan.sources.stored.daily_source import DailySource
from symscan.sources.stored.history import StoreHistory
from symscan.sources.stored.played_days import PlayedDays
from symscan.sources.stored.universe import symbols_before, symbols_stored

if TYPE_CHECKING:
    from symscan.runtime.live.session import LiveOptions, LiveRun, LiveSetup


@dataclass(frozen=True, slots=True)
class Backtest:
    """A checked configuration with its store and sessions.

    Attributes
    ----------
    sessions
        The sessions to run, those without bars left out.
    warnings
        Warnings to publish before the run.
    daily_bars
        The stored daily bars, for all sessions.
    """

    checked: CheckedConfig
    store: BarStore
    sessions: tuple[Session, ...]
    warnings: tuple[str, ...]
    block_cache: BlockCache = field(default_factory=BlockCache)
    played: PlayedDays = field(default_factory=PlayedDays)
    daily_bars: DailyBars | None = None

    @property
    def config(self) -> SessionConfig:
        """The configuration."""
        return self.checked.config

    def coordinator(
        self,
        session: Session,
        observers: Sequence[Observer] = (),
        start: Instant | None = None,
        *,
        completes_day: bool = False,
        verdicts: VerdictObserver | None = None,
        following: Session | None = None,
    ) -> SessionCoordinator:
        """Build one session.

        Parameters
        ----------
        start
            The first instant to play; None for the first that a scanner is due at.
        completes_day
            Whether it ends with the day's own bars, also where no scanner waits for them.
        verdicts
            Gets the verdicts on all candidates of each scan; None: nobody.
        following
            The session that is played next, whose bars are read meanwhile; None for none.
        """
        managed = self.checked.scanners.managed(session)
        first = first_due(managed, session) if start is None else start
        completes_day = completes_day or any(one.due.at_close for one in managed)
        self.block_cache.begin_session()
        history = StoreHistory(
            self.store,
            self.checked.calendar,
            self.block_cache,
            played=self.played,
            daily_bars=self.daily_bars,
        )
        day = partial(history.stored_day, session=session)
        publisher = EventPublisher(session, observers)
        if self.store.has_only_days:
            ports = SessionPorts(history, DailySource(session, day), publisher, verdicts=verdicts)
        else:
            source = BacktestSource(
                self.store,
                session,
                start=first,
                played=self.played,
                completes_day=completes_day,
                following=following,
            )
            ports = SessionPorts(history, source, publisher, stored_day=day, verdicts=verdicts)
        return build(self.checked, session, managed, ports)


def assemble_backtest(config: SessionConfig, store: Path, start: date, end: date) -> Backtest:
    """Check everything that can be wrong before a run begins.

    Parameters
    ----------
    config
        What to run.
    store
        The folder of the bar store.
    start, end
        The range of dates, both included.

    Raises
    ------
    ConfigErrors
        If the exchange, a module, a parameter, a universe, an indicator or an expression is wrong.
    CalendarError
        If the range holds no session.
    DataError
        If there is no store, or it has no bars to play in the range.
    """
    if config.mode != "backtest":
        raise ConfigErrors(
            [config.error("mode", "only 'backtest' can be run by this command; leave 'mode' out")]
        )
    root = store.resolve()
    checked = check(config, "backtest", start, partial(symbols_before, root), partial(symbols_stored, root))
    opened = BarStore(store)
    sessions = _sessions(checked.calendar, start, end)
    if opened.has_only_days and (faults := list(daily_faults(config, checked.made))):
        raise ConfigErrors(faults)
    playable = tuple(session for session in sessions if opened.base(session.date) is not None)
    if not playable:
        raise DataError(_nothing_to_play(opened, sessions))
    warnings = (
        *find_run_warnings(config, checked.made, opened, sessions, playable),
        *find_day_mix_warnings(config, checked.made, opened, checked.calendar, playable),
    )
    cache = BlockCache()
    planned = playable if opened.has_only_days else ()
    daily_bars = DailyBars(opened, cache, planned)
    return Backtest(checked, opened, playable, warnings, cache, daily_bars=daily_bars)


def assemble_live(
    config: SessionConfig, options: LiveOptions, run: LiveRun, broker: Broker | None = None
) -> LiveSetup:
    """Check everything that can be wrong before a live session begins.

    Parameters
    ----------
    broker
        Where the bars come from; None makes the one that the options name.

    Raises
    ------
    ConfigErrors
        If the exchange, a module, a parameter, a universe, an indicator or an expression is wrong.
    CalendarError
        If there is no session on the day.
    DataError
        If there is no store, it lacks the day to replay, or its bars come from another feed.
    InputError
        If the faults of a replay are not understood, or the broker's keys are missing.
    """
    from symscan.plugins.modules import project_folders
    from symscan.runtime.live.session import LiveSetup
    from symscan.sources.brokers import find_broker

    session, store = run.session, options.store_folder
    root = store.resolve()
    stored = partial(symbols_stored, root)
    checked = check(config, "live", session.date, partial(symbols_before, root), stored)
    if broker is None:
        broker = find_broker(options.source, project_folders(config.file)).make(run.feed)
    day = LiveDay(session, checked.calendar, store, options.speed, options.faults, run.start)
    warnings = _replay_warnings(checked, day) if broker.is_replay else ()
    broker.check(day)
    if not broker.is_replay:
        opened = BarStore.create(store)
        opened.check_origin(broker.origin)
        warnings = _day_mix_warnings(checked, opened, session)
    settings = replace(config.live, feed=run.feed, max_symbols=_limit(config.live, broker))
    return LiveSetup(checked, options, run, settings, broker, day, broker.history(day), warnings)


def _replay_warnings(checked: CheckedConfig, day: LiveDay) -> tuple[str, ...]:
    """Check that a store has the day to replay; return the warnings of a backtest of it."""
    store, session = BarStore(day.store), day.session
    if not _has_bars(store, session):
        raise DataError(_nothing_to_play(store, [session]))
    warnings = find_run_warnings(checked.config, checked.made, store, [session], [session])
    return (*warnings, *_day_mix_warnings(checked, store, session))


def _day_mix_warnings(checked: CheckedConfig, store: BarStore, session: Session) -> tuple[str, ...]:
    return tuple(find_day_mix_warnings(checked.config, checked.made, store, checked.calendar, [session]))


def _limit(settings: LiveSettings, broker: Broker) -> int | None:
    """Return how many symbols may be subscribed; None for any number."""
    limits = (settings.max_symbols, broker.max_symbols)
    return min((limit for limit in limits if limit is not None), default=None)


def _sessions(calendar: SessionCalendar, start: date, end: date) -> list[Session]:
    sessions = calendar.sessions(start, end)
    if not sessions and start != end:
        after = calendar.next(end).date
        raise CalendarError(f"there is no session from {start} to {end}; the next session is {after}")
    return sessions or [calendar.session(start)]


def _has_bars(store: BarStore, session: Session) -> bool:
    return any(interval.is_intraday for interval in store.intervals(session.date))


def _nothing_to_play(store: BarStore, sessions: Sequence[Session]) -> str:
    kind = "daily" if store.has_only_days else "intraday"
    used = [one for one in store.intervals() if one.is_intraday or store.has_only_days]
    days = sorted({day for one in used for day in store.sessions(one)})
    has = f"it has them from {days[0]} to {days[-1]}" if days else "import some with 'symscan data import'"
    wanted = str(sessions[0].date)
    if len(sessions) > 1:
        wanted = f"any session from {wanted} to {sessions[-1].date}"
    return f"{store.root} has no {kind} bars of {wanted}; {has}"
