"""``symscan live``: a session against the clock, from a broker's feed or as a replay of a stored day."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from typing import Any

from symscan.cli.commands.live_start import (
    InterruptedSession,
    check_day,
    default_folder,
    latest_unfinished,
    read_interrupted,
    session_at,
    wait_until_start,
)
from symscan.cli.commands.monitoring.live import Monitoring, monitoring
from symscan.cli.errors import SessionStopped
from symscan.cli.output.live_output import LiveConsole
from symscan.cli.output.plugin_output import redirect_plugin_output
from symscan.cli.output.run_report import report_console, show_report
from symscan.cli.signals import INTERRUPTED, StopSignals, stop_signals
from symscan.config import SessionConfig, load_config
from symscan.config.fields import parse_one_of
from symscan.errors import ConfigErrors, InputError, RunError, SymscanError
from symscan.model.instant import Instant, from_datetime, to_iso
from symscan.model.session import Session
from symscan.observers.base import Observer
from symscan.observers.console.activity import ActivityLog
from symscan.observers.console.alerts import Alerts
from symscan.observers.console.conditions import Conditions
from symscan.observers.results.failed_scanners import check_scanners
from symscan.observers.results.run_checks import check_folder
from symscan.observers.results.run_folder import RunFolder, run_folder
from symscan.observers.results.summary import RunSummary
from symscan.plugins.modules import project_folders
from symscan.recording import RECORD_NAME
from symscan.recording.session_log import SessionRecord
from symscan.runtime.assembly import assemble_live
from symscan.runtime.backtest_run import left_in
from symscan.runtime.building.build import calendar_of
from symscan.runtime.description import describe_live
from symscan.runtime.given_paths import paths_as_given
from symscan.runtime.live.session import LiveOptions, LiveRun, LiveSetup
from symscan.runtime.recovery.record_check import check_record
from symscan.runtime.runner import run_live
from symscan.runtime.session_bars import RecordedSessionBars
from symscan.sources.brokers import BrokerType, find_broker
from symscan.sources.ports import Broker


def run_live_session(
    path: Path,
    options: LiveOptions,
    replay_options: Sequence[str],
    *,
    force: bool,
    jsonl: bool,
    quiet: bool,
    alerts: bool,
    metrics: str | None,
    dashboard: bool,
) -> None:
    """Run a live session of the configuration of a file, and print the closing report.

    Parameters
    ----------
    replay_options
        The given options that only a replay takes.
    alerts
        Whether the alerts that are decided are sent.
    metrics
        The address at which metrics are served; None: they are not.
    dashboard
        Whether the session is shown in a browser, by a process of its own.

    Raises
    ------
    InputError
        If an option does not go with another, with the configuration, the record or the session.
    RunError
        If the session failed; it names the results so far.
    """
    with redirect_plugin_output() as stdout:  # before the first of the user's modules is imported
        found = find_broker(options.source, project_folders(path))
        _check(options, replay_options, found, force=force)
        config = load_config(path)
        broker = _broker(config, options, found)
        console = LiveConsole(as_json=jsonl, stdout=stdout)
        feed, shown = broker.origin or broker.name, options.store_folder if dashboard else None
        with monitoring(config, feed, console, alerts=alerts, address=metrics, dashboard=shown) as beside:
            out, summary = _run_session(config, options, broker, console, beside, force=force, quiet=quiet)
    show_report(config.name, summary, out, report_console(stderr=jsonl))
    check_scanners(summary, out)


def _check(options: LiveOptions, replay_options: Sequence[str], broker: BrokerType, *, force: bool) -> None:
    """Refuse options that contradict each other."""
    if options.feed is not None:
        broker.check_feed(options.feed)
    if not broker.cls.is_replay and replay_options:
        raise InputError(
            f"{replay_options[0]} is for --source replay; a broker's feed has the day and pace it has"
        )
    if broker.cls.is_replay and options.day is None and not (options.resume and options.out):
        raise InputError("a replay plays a stored day; say which with --date")
    if options.resume and force:
        raise InputError("--resume goes on with what --force would remove; give one of the two")


def _broker(config: SessionConfig, options: LiveOptions, found: BrokerType) -> Broker:
    """Make the broker, its clock synchronized.

    Raises
    ------
    InputError
        If it is not clear which of its feeds is meant.
    """
    feed = None
    if found.cls.feeds:
        feed = options.feed or config.live.feed
        if feed is None:
            raise found.missing_feed(", or 'feed' in 'live_config'")
        _check_configured(config, feed, found)
    broker = found.make(feed)
    broker.synchronize(lambda message: print(message, file=sys.stderr))
    return broker


def _check_configured(config: SessionConfig, feed: str, found: BrokerType) -> None:
    """Check a feed that may be the configuration's.

    Raises
    ------
    ConfigErrors
        If the broker has none of that name.
    """
    try:
        parse_one_of(*found.cls.feeds)(feed)
    except ValueError as error:
        raise ConfigErrors([config.error("live_config.feed", str(error))]) from None


def _run_session(
    config: SessionConfig,
    options: LiveOptions,
    broker: Broker,
    console: LiveConsole,
    beside: Monitoring,
    *,
    force: bool,
    quiet: bool,
) -> tuple[Path, RunSummary]:
    """Check all options, then run the session to its close; return the folder of its results, too."""
    run = _plan_run(config, options, broker)
    check_folder(run.folder, force=force, resume=options.resume)
    _print_resume_notes(console, options, run)
    with paths_as_given(options.store):
        assembled = assemble_live(config, options, run, broker)
    if not broker.is_replay and wait_until_start(run.session, broker):
        assembled = assemble_live(config, options, run, broker)  # data may have changed during the wait
    _check_record(assembled)
    console_observers = _console_observers(console, quiet=quiet, is_over=run.is_over)
    with beside.announcers(run.folder, console) as announcers:
        observed = _Observed(beside.observers, [*console_observers, *announcers])
        measured = replace(assembled, meter=beside.meter)
        return run.out, _run(measured, _facts(assembled), observed, console, force)


@dataclass(frozen=True, slots=True)
class _Observed:
    """Who is given the events of a session beside its results: all of them, or new ones."""

    observers: Sequence[Observer]
    announcers: Sequence[Observer]


def _print_resume_notes(console: LiveConsole, options: LiveOptions, run: LiveRun) -> None:
    if options.resume and not run.folder.exists():
        console.message(f"{run.out} holds no session to go on with; it begins")
    if run.is_over:
        console.message(
            f"the session of {run.session.date} is over: what it missed is fetched and gone through, "
            "and not announced"
        )


def _interrupted(config: SessionConfig, options: LiveOptions, broker: Broker) -> InterruptedSession | None:
    """Return the session to resume; None for a new one."""
    if not options.resume:
        return None
    if options.out is not None:
        interrupted = read_interrupted(options.out)
    elif not broker.is_replay:
        interrupted = latest_unfinished(config.name, calendar_of(config), broker.now())
    else:
        return None
    if interrupted is not None:
        check_day(interrupted, options.day)
    return interrupted


def _plan_run(config: SessionConfig, options: LiveOptions, broker: Broker) -> LiveRun:
    """Return the session to run, and where: the record's, the replayed day's, or the broker's."""
    interrupted = _interrupted(config, options, broker)
    session = _session(config, options, broker, interrupted)
    default = interrupted.folder if interrupted else default_folder(config.name, session.date)
    return LiveRun(
        session,
        out=options.out or default,
        home=options.home,
        feed=broker.feed or config.live.feed,
        is_over=not broker.is_replay and broker.now() >= session.close,
        start=None if options.begin is None else _start(session, options.begin),
    )


def _start(session: Session, begin: time) -> Instant:
    """Return the instant at which a replay begins.

    Raises
    ------
    InputError
        If it is not within the session.
    """
    start = from_datetime(datetime.combine(session.date, begin, session.zone))
    if session.pre_open <= start < session.close:
        return start
    first, close = session.local(session.pre_open), session.local(session.close)
    raise InputError(
        f"--from {begin:%H:%M}: the session of {session.date} is from {first:%H:%M}, its pre-market "
        f"included, to {close:%H:%M}; give a time in it, before the close"
    )


def _session(
    config: SessionConfig, options: LiveOptions, broker: Broker, interrupted: InterruptedSession | None
) -> Session:
    """Return the session of the record or of the day to replay; else the broker's running or next one."""
    calendar = calendar_of(config)
    day = options.day if interrupted is None else interrupted.day
    if day is not None:
        return calendar.session(day)
    if broker.is_replay:
        raise InputError(f"{options.out} holds no session to go on with; say which day to play with --date")
    return session_at(calendar, broker.now(), resume=options.resume)


def _check_record(assembled: LiveSetup) -> None:
    """Refuse a record of another session, or a damaged one, before anything is changed."""
    path = assembled.run.folder / RECORD_NAME
    if assembled.options.resume and path.exists():
        with closing(SessionRecord.resume(path, assembled.about())) as record:
            check_record(record)


def _run(
    assembled: LiveSetup,
    facts: dict[str, Any],
    observed: _Observed,
    console: LiveConsole,
    force: bool,
) -> RunSummary:
    options, live_run = assembled.options, assembled.run
    with stop_signals() as signals:
        try:
            with run_folder(
                live_run.folder,
                force=force,
                facts=lambda: facts,
                resume=options.resume,
                description=describe_live(assembled, facts),
                bars=RecordedSessionBars(live_run.folder),
                csv=options.csv,
            ) as results:
                _run_live(assembled, results, observed, signals, console)
                if signals.is_requested and not results.summary.completed:
                    raise KeyboardInterrupt  # the run folder records it as interrupted
        except KeyboardInterrupt:
            ended = f"ended early; results are in {live_run.out}, --resume goes on"
            raise SessionStopped(ended, signals.exit_code or INTERRUPTED) from None
    return results.summary


def _run_live(
    assembled: LiveSetup,
    results: RunFolder,
    observed: _Observed,
    signals: StopSignals,
    console: LiveConsole,
) -> None:
    """Run the session; an error is a ``RunError`` that names the results so far, not an input error."""
    out = assembled.run.out
    try:
        observers = [*observed.observers, results]
        run_live(assembled, observers, observed.announcers, signals, results.catch_up, console.message)
    except SymscanError as error:
        raise RunError(f"{error}; {left_in(results, out)}, --resume goes on") from error


def _facts(assembled: LiveSetup) -> dict[str, Any]:
    config, options, broker = assembled.checked.config, assembled.options, assembled.broker
    run = assembled.run
    speed = "max" if options.speed is None else options.speed
    return {
        "name": config.name,
        "mode": "live",
        "exchange": config.exchange,
        "start": str(run.session.date),
        "end": str(run.session.date),
        "source": broker.name,
        "speed": speed if broker.is_replay else None,
        "faults": options.faults or None,
        **({"from": to_iso(run.start)} if run.start is not None else {}),
        "feed": broker.feed,
    }


def _console_observers(console: LiveConsole, *, quiet: bool, is_over: bool) -> list[Observer]:
    """Return the observers that print; hits of a session that is over are not announced."""
    if is_over:
        return [Conditions(console.condition, console.status)]
    observers: list[Observer] = [Alerts(console.hit), Conditions(console.condition, console.status)]
    return observers if quiet else [*observers, ActivityLog(console.message)]
