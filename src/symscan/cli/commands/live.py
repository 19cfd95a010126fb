"""``symscan live``: a session against the clock, from a broker's feed or as a replay of a stored day."""

from __future__ import annotations

import math
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symscan.cli.arguments import parse_date, parse_exchange_time, parse_speed
from symscan.cli.errors import INTERRUPTED, SessionStopped, paths_as_given
from symscan.cli.log_options import LogFile, Verbosity, logging_to
from symscan.errors import ConfigErrors, InputError, RunError, SymscanError
from symscan.sources.brokers import BUILT_IN, BrokerType, find_broker, project_folders

if TYPE_CHECKING:
    from symscan.cli.commands.live_resume import InterruptedSession
    from symscan.cli.output.live_output import LiveConsole
    from symscan.cli.signals import StopSignals
    from symscan.config import SessionConfig
    from symscan.model.instant import Instant
    from symscan.model.session import Session
    from symscan.observers.base import Observer
    from symscan.observers.results.run_folder import RunFolder
    from symscan.observers.results.summary import RunSummary
    from symscan.runtime.live.session import LiveOptions, LiveSetup
    from symscan.sources.ports import Broker

EXAMPLES = "Example: symscan live session.json --source replay --store store --date 2018-02-20 --speed 60"


_SOURCES = ", ".join(BUILT_IN)


@dataclass(frozen=True, slots=True)
class _Arguments:
    """The options of the command line, not yet checked against each other."""

    config: Path
    source: str
    store: Path
    day: date | None
    speed: float | None
    faults: str | None
    feed: str | None
    out: Path | None
    resume: bool
    force: bool
    begin: time | None = None


def live(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The session configuration, a JSON file.")],
    source: Annotated[
        str,
        typer.Option(
            metavar="BROKER", help=f"Where bars come from: {_SOURCES}, or a module of yours, MODULE[:CLASS]."
        ),
    ],
    store: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the bar store.")],
    day: Annotated[
        date | None,
        typer.Option("--date", parser=parse_date, metavar="DATE", help="Replay: the stored day to play."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(
            parser=parse_speed, metavar="N|max", help="Replay: how many times as fast as it was; default 1."
        ),
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(metavar="FAULTS", help="Replay: what goes wrong: late=0.01:5s,disconnect=11:02-11:04"),
    ] = None,
    begin: Annotated[
        time | None,
        typer.Option(
            "--from",
            parser=parse_exchange_time,
            metavar="HH:MM",
            help="Replay: begin then; the minutes before are gone through at once.",
        ),
    ] = None,
    feed: Annotated[
        str | None,
        typer.Option(
            metavar="FEED", help="Which of the broker's feeds; comes before that of the configuration."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where results go; runs/NAME-DATE-live if not given."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the session that was broken off in --out.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the results of an earlier run.")] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Write hits and conditions as JSON lines; text to standard error.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave out who joins and leaves.")] = False,
    verbose: Verbosity = 0,
    log_file: LogFile = None,
) -> None:
    """Run a session live: print each new hit at once.

    Bars come from a broker's feed, or from a stored day that is replayed as if it were one. Ctrl-C ends
    the session in order, and --resume goes on with it; so it does after the process was killed.
    """
    arguments = _Arguments(config, source, store, day, speed, faults, feed, out, resume, force, begin)
    with logging_to(verbose, log_file):
        _live(arguments, jsonl=jsonl, quiet=quiet)


def _check(arguments: _Arguments, broker: BrokerType) -> None:
    """Refuse options that contradict each other."""
    of_replay = {
        "--date": arguments.day,
        "--speed": arguments.speed,
        "--faults": arguments.faults,
        "--from": arguments.begin,
    }
    if arguments.feed is not None:
        broker.check_feed(arguments.feed)
    if broker.cls.is_replay:
        if arguments.day is None and not (arguments.resume and arguments.out):
            raise InputError("a replay plays a stored day; say which with --date")
    else:
        given = [option for option, value in of_replay.items() if value is not None]
        if given:
            raise InputError(
                f"{given[0]} is for --source replay; a broker's feed has the day and pace it has"
            )
    if arguments.resume and arguments.force:
        raise InputError("--resume goes on with what --force would remove; give one of the two")


def _live(arguments: _Arguments, *, jsonl: bool, quiet: bool) -> None:
    from symscan.cli.output.live_output import LiveConsole
    from symscan.cli.output.plugin_output import redirect_plugin_output
    from symscan.cli.output.run_report import check_scanners, report_console, show_report
    from symscan.config import load_config

    with redirect_plugin_output() as stdout:  # before the first of the user's modules is imported
        found = find_broker(arguments.source, project_folders(arguments.config))
        _check(arguments, found)
        config = load_config(arguments.config)
        broker = _broker(config, arguments, found)
        options, summary = _run_session(
            config, arguments, broker, LiveConsole(as_json=jsonl, stdout=stdout), quiet=quiet
        )
    show_report(config.name, summary, options.out, report_console(stderr=jsonl))
    check_scanners(summary, options.out)


def _broker(config: SessionConfig, arguments: _Arguments, found: BrokerType) -> Broker:
    """Make the broker, its clock synchronized.

    Raises
    ------
    InputError
        If it is not clear which of its feeds is meant.
    """
    feed = None
    if found.cls.feeds:
        feed = arguments.feed or config.live.feed
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
    from symscan.config.fields import parse_one_of

    try:
        parse_one_of(*found.cls.feeds)(feed)
    except ValueError as error:
        raise ConfigErrors([config.error("live_config.feed", str(error))]) from None


def _run_session(
    config: SessionConfig, arguments: _Arguments, broker: Broker, console: LiveConsole, *, quiet: bool
) -> tuple[LiveOptions, RunSummary]:
    """Check all options, then run the session to its close."""
    from symscan.cli.commands.live_start import wait_until_start
    from symscan.observers.results.run_folder import check_folder
    from symscan.runtime.assembly import assemble_live

    interrupted = _interrupted(config, arguments, broker)
    session = _session(config, arguments, broker, interrupted)
    options = _options(config, arguments, session, interrupted, broker)
    check_folder(options.folder, force=arguments.force, resume=arguments.resume)
    _print_resume_notes(console, arguments, session, options)
    with paths_as_given(arguments.store):
        assembled = assemble_live(config, options, broker)
    if not broker.is_replay and wait_until_start(session, broker):
        assembled = assemble_live(config, options, broker)  # again: data may have changed during the wait
    _check_record(assembled)
    console_observers = _console_observers(console, quiet=quiet, is_over=options.is_over)
    return options, _run(assembled, _facts(assembled), console_observers, console, arguments.force)


def _print_resume_notes(
    console: LiveConsole, arguments: _Arguments, session: Session, options: LiveOptions
) -> None:
    if arguments.resume and not options.folder.exists():
        console.message(f"{options.out} holds no session to go on with; it begins")
    if options.is_over:
        console.message(
            f"the session of {session.date} is over: what it missed is fetched and gone through, "
            "and not announced"
        )


def _interrupted(config: SessionConfig, arguments: _Arguments, broker: Broker) -> InterruptedSession | None:
    """Return the session to resume; None for a new one."""
    from symscan.cli.commands.live_resume import check_day, latest_unfinished, read_interrupted
    from symscan.runtime.building.build import calendar_of

    if not arguments.resume:
        return None
    if arguments.out is not None:
        interrupted = read_interrupted(arguments.out)
    elif not broker.is_replay:
        interrupted = latest_unfinished(config.name, calendar_of(config), broker.now())
    else:
        return None
    if interrupted is not None:
        check_day(interrupted, arguments.day)
    return interrupted


def _options(
    config: SessionConfig,
    arguments: _Arguments,
    session: Session,
    interrupted: InterruptedSession | None,
    broker: Broker,
) -> LiveOptions:
    from symscan.cli.commands.live_resume import default_folder
    from symscan.runtime.live.session import LiveOptions

    speed = 1.0 if arguments.speed is None else arguments.speed
    folder = arguments.out or (
        interrupted.folder if interrupted else default_folder(config.name, session.date)
    )
    return LiveOptions(
        source=arguments.source,
        store=arguments.store.absolute(),  # a scanner may change the current folder
        day=session.date,
        speed=None if speed == math.inf else speed,
        faults=arguments.faults or "",
        feed=broker.feed or config.live.feed,
        out=folder,
        resume=arguments.resume,
        is_over=not broker.is_replay and broker.now() >= session.close,
        start=None if arguments.begin is None else _start(session, arguments.begin),
    )


def _start(session: Session, begin: time) -> Instant:
    """Return the instant at which a replay begins.

    Raises
    ------
    InputError
        If it is not within the session.
    """
    from symscan.model.instant import from_datetime

    start = from_datetime(datetime.combine(session.date, begin, session.zone))
    if session.pre_open <= start < session.close:
        return start
    first, close = session.local(session.pre_open), session.local(session.close)
    raise InputError(
        f"--from {begin:%H:%M}: the session of {session.date} is from {first:%H:%M}, its pre-market "
        f"included, to {close:%H:%M}; give a time in it, before the close"
    )


def _session(
    config: SessionConfig, arguments: _Arguments, broker: Broker, interrupted: InterruptedSession | None
) -> Session:
    """Return the session of the record or of the day to replay; else the broker's running or next one."""
    from symscan.cli.commands.live_start import session_at
    from symscan.runtime.building.build import calendar_of

    calendar = calendar_of(config)
    day = arguments.day if interrupted is None else interrupted.day
    if day is not None:
        return calendar.session(day)
    if broker.is_replay:
        raise InputError(f"{arguments.out} holds no session to go on with; say which day to play with --date")
    return session_at(calendar, broker.now(), resume=arguments.resume)


def _check_record(assembled: LiveSetup) -> None:
    """Refuse a record of another session, or a damaged one, before anything is changed."""
    from symscan.recording import RECORD_NAME
    from symscan.recording.session_log import SessionRecord
    from symscan.runtime.recovery.record_check import check_record

    path = assembled.options.folder / RECORD_NAME
    if assembled.options.resume and path.exists():
        with closing(SessionRecord.resume(path, assembled.about())) as record:
            check_record(record)


def _run(
    assembled: LiveSetup,
    facts: dict[str, Any],
    console_observers: list[Observer],
    console: LiveConsole,
    force: bool,
) -> RunSummary:
    from symscan.cli.signals import stop_signals
    from symscan.observers.results.run_folder import run_folder

    options = assembled.options
    with stop_signals() as signals:
        try:
            with run_folder(
                options.folder, force=force, facts=lambda: facts, resume=options.resume
            ) as results:
                _run_live(assembled, results, console_observers, signals, console)
                if signals.is_requested and not results.summary.completed:
                    raise KeyboardInterrupt  # the run folder records it as interrupted
        except KeyboardInterrupt:
            ended = f"ended early; results are in {options.out}, --resume goes on"
            raise SessionStopped(ended, signals.exit_code or INTERRUPTED) from None
    return results.summary


def _run_live(
    assembled: LiveSetup,
    results: RunFolder,
    console_observers: list[Observer],
    signals: StopSignals,
    console: LiveConsole,
) -> None:
    """Run the session; an error is a ``RunError`` that names the results so far, not an input error."""
    from symscan.runtime.runner import run_live

    out = assembled.options.out
    try:
        run_live(assembled, [results], console_observers, signals, results.catch_up, console.message)
    except SymscanError as error:
        kept = f"those that were in {out} before are left as they are"
        left = kept if results.keeps_previous else f"the results up to there are in {out}"
        raise RunError(f"{error}; {left}, --resume goes on") from error


def _facts(assembled: LiveSetup) -> dict[str, Any]:
    from symscan.model.instant import to_iso

    config, options, broker = assembled.checked.config, assembled.options, assembled.broker
    speed = "max" if options.speed is None else options.speed
    return {
        "name": config.name,
        "mode": "live",
        "exchange": config.exchange,
        "start": str(options.day),
        "end": str(options.day),
        "source": broker.name,
        "speed": speed if broker.is_replay else None,
        "faults": options.faults or None,
        **({"from": to_iso(options.start)} if options.start is not None else {}),
        "feed": broker.feed,
    }


def _console_observers(console: LiveConsole, *, quiet: bool, is_over: bool) -> list[Observer]:
    """Return the observers that print; hits of a session that is over are not announced."""
    from symscan.observers.console.activity import ActivityLog
    from symscan.observers.console.alerts import Alerts
    from symscan.observers.console.conditions import Conditions

    if is_over:
        return [Conditions(console.condition, console.status)]
    observers: list[Observer] = [Alerts(console.hit), Conditions(console.condition, console.status)]
    return observers if quiet else [*observers, ActivityLog(console.message)]
