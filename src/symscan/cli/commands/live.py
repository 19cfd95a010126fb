"""``symscan live``: a session against the clock, from a broker's feed or as a replay of a stored day."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from symscan.cli.commands.run import parse_date
from symscan.cli.errors import INTERRUPTED, SessionStopped
from symscan.cli.log_options import LogFile, Verbosity, logging_to
from symscan.errors import InputError, RunError, SymscanError

if TYPE_CHECKING:
    from symscan.cli.commands.live_resume import Broken
    from symscan.cli.commands.live_start import MarketTime
    from symscan.cli.output.live_output import LiveConsole
    from symscan.cli.signals import StopSignals
    from symscan.config import SessionConfig
    from symscan.model.instant import Instant
    from symscan.model.session import Session
    from symscan.observers.base import Observer
    from symscan.observers.results.run_folder import RunFolder
    from symscan.observers.results.summary import RunSummary
    from symscan.runtime.live.session import LiveOptions, LiveSetup

EXAMPLES = "Example: symscan live session.json --source replay --store store --date 2018-02-20 --speed 60"

_SLOWEST: Final = 0.001
_FASTEST: Final = 1e6  # beyond these an instant is none of the calendar, or none of this computer's clock


class Source(StrEnum):
    """Where the bars come from."""

    REPLAY = "replay"
    ALPACA = "alpaca"


class FeedName(StrEnum):
    """Which of Alpaca's feeds."""

    IEX = "iex"
    SIP = "sip"


@dataclass(frozen=True, slots=True)
class _Wishes:
    """The options of the command line, those that belong to one source alone not yet checked."""

    source: Source
    store: Path
    day: date | None
    speed: float | None
    faults: str | None
    feed: FeedName | None
    out: Path | None
    resume: bool
    force: bool
    begin: time | None = None


def parse_time(text: str) -> time:
    """A time of the exchange's day on the command line.

    Raises
    ------
    typer.BadParameter
        If it is none.
    """
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or ":" not in text:
        raise typer.BadParameter(f"'{text}' is not a time; write it as 11:00, in the exchange's zone")
    return found


def parse_speed(text: str) -> float:
    """A speed of the command line; ``max`` is infinity.

    Raises
    ------
    typer.BadParameter
        If it is none.
    """
    try:
        speed = math.inf if text == "max" else float(text)
    except ValueError:
        speed = math.nan
    if not speed > 0 or (speed == math.inf and text != "max"):
        raise typer.BadParameter(f"'{text}' is no speed; write a number above 0, such as 60, or max")
    if text != "max" and not _SLOWEST <= speed <= _FASTEST:
        raise typer.BadParameter(f"'{text}' is not within {_SLOWEST:g} to {_FASTEST:.0f}; write such, or max")
    return speed


def live(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The session configuration, a JSON file.")],
    source: Annotated[Source, typer.Option(help="Where bars come from: a stored day, or the broker.")],
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
            parser=parse_time,
            metavar="HH:MM",
            help="Replay: begin then; the minutes before are gone through at once.",
        ),
    ] = None,
    feed: Annotated[
        FeedName | None, typer.Option(help="Alpaca: which feed; comes before that of the configuration.")
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
    from symscan.config import load_config

    wishes = _Wishes(source, store, day, speed, faults, feed, out, resume, force, begin)
    _check(wishes)
    with logging_to(verbose, log_file):
        _live(load_config(config), wishes, jsonl=jsonl, quiet=quiet)


def _check(wishes: _Wishes) -> None:
    """Refuse options that contradict each other."""
    of_replay = {
        "--date": wishes.day,
        "--speed": wishes.speed,
        "--faults": wishes.faults,
        "--from": wishes.begin,
    }
    if wishes.source is Source.REPLAY:
        if wishes.feed is not None:
            raise InputError("--feed is one of Alpaca's; a replay plays what the store has")
        if wishes.day is None and not (wishes.resume and wishes.out):
            raise InputError("a replay plays a stored day; say which with --date")
    else:
        given = [option for option, value in of_replay.items() if value is not None]
        if given:
            raise InputError(
                f"{given[0]} is for --source replay; a broker's feed has the day and pace it has"
            )
    if wishes.resume and wishes.force:
        raise InputError("--resume goes on with what --force would remove; give one of the two")


def _live(config: SessionConfig, wishes: _Wishes, *, jsonl: bool, quiet: bool) -> None:
    from symscan.cli.output.live_output import LiveConsole
    from symscan.cli.output.plugin_output import own_output
    from symscan.cli.output.run_report import check_scanners, report_console, show_report

    with own_output() as stdout:  # from before the first module of the user's is imported
        options, summary = _played(config, wishes, LiveConsole(as_json=jsonl, stdout=stdout), quiet=quiet)
    show_report(config.name, summary, options.out, report_console(stderr=jsonl))
    check_scanners(summary, options.out)


def _played(
    config: SessionConfig, wishes: _Wishes, voice: LiveConsole, *, quiet: bool
) -> tuple[LiveOptions, RunSummary]:
    """Check everything, then run the session to its close."""
    from symscan.cli.commands.live_start import MarketTime, wait_for
    from symscan.observers.results.run_folder import check_folder
    from symscan.runtime.assembly import assemble_live

    feed = _feed(config, wishes)
    clock = MarketTime() if feed is None else MarketTime.of_broker(feed)
    broken = _broken(config, wishes, clock.now())
    session = _session(config, wishes, clock.now(), broken)
    options = _options(config, wishes, session, broken, clock)
    check_folder(options.folder, force=wishes.force, resume=wishes.resume)
    _say_what_is_resumed(voice, wishes, session, options)
    assembled = assemble_live(config, options)
    if feed is not None and wait_for(session, clock):
        assembled = assemble_live(config, options)  # what is known by now, not what was when the wait began
    _check_record(assembled)
    announcers = _announcers(voice, quiet=quiet, is_over=options.is_over)
    return options, _run(assembled, _facts(config, options), announcers, voice, wishes.force)


def _say_what_is_resumed(voice: LiveConsole, wishes: _Wishes, session: Session, options: LiveOptions) -> None:
    if wishes.resume and not options.folder.exists():
        voice.news(f"{options.out} holds no session to go on with; it begins")
    if options.is_over:
        voice.news(
            f"the session of {session.date} is over: what it missed is fetched and gone through, "
            "and not announced"
        )


def _broken(config: SessionConfig, wishes: _Wishes, now: Instant) -> Broken | None:
    """The session to go on with; None if one begins."""
    from symscan.cli.commands.live_resume import check_day, recorded_in, unfinished
    from symscan.runtime.building.build import calendar_of

    if not wishes.resume:
        return None
    if wishes.out is not None:
        broken = recorded_in(wishes.out)
    elif wishes.source is Source.ALPACA:
        broken = unfinished(config.name, calendar_of(config), now)
    else:
        return None
    if broken is not None:
        check_day(broken, wishes.day)
    return broken


def _feed(config: SessionConfig, wishes: _Wishes) -> str | None:
    """Which of the broker's feeds; None for a replay.

    Raises
    ------
    InputError
        If it was not said.
    """
    if wishes.source is Source.REPLAY:
        return None
    feed = str(wishes.feed) if wishes.feed else config.live.feed
    if feed is None:
        raise InputError("Alpaca has two feeds; say --feed iex or --feed sip, or 'feed' in 'live_config'")
    return feed


def _options(
    config: SessionConfig, wishes: _Wishes, session: Session, broken: Broken | None, clock: MarketTime
) -> LiveOptions:
    from symscan.cli.commands.live_resume import default_folder
    from symscan.runtime.live.session import LiveOptions

    speed = 1.0 if wishes.speed is None else wishes.speed
    folder = wishes.out or (broken.folder if broken else default_folder(config.name, session.date))
    return LiveOptions(
        source=str(wishes.source),
        store=wishes.store.absolute(),  # a scanner may change the current folder
        day=session.date,
        speed=None if speed == math.inf else speed,
        faults=wishes.faults or "",
        feed=_feed(config, wishes) or config.live.feed,
        out=folder,
        resume=wishes.resume,
        clock_offset=clock.offset,
        is_over=wishes.source is Source.ALPACA and clock.now() >= session.close,
        start=None if wishes.begin is None else _start(session, wishes.begin),
    )


def _start(session: Session, begin: time) -> Instant:
    """The instant at which a replay begins.

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


def _session(config: SessionConfig, wishes: _Wishes, now: Instant, broken: Broken | None) -> Session:
    """The session of the record, or of the day to replay; else the broker's that runs or comes next."""
    from symscan.cli.commands.live_start import session_at
    from symscan.runtime.building.build import calendar_of

    calendar = calendar_of(config)
    day = wishes.day if broken is None else broken.day
    if day is not None:
        return calendar.session(day)
    if wishes.source is Source.REPLAY:
        raise InputError(f"{wishes.out} holds no session to go on with; say which day to play with --date")
    return session_at(calendar, now, resume=wishes.resume)


def _check_record(assembled: LiveSetup) -> None:
    """Refuse to go on with another session, or with a damaged record, before anything is done."""
    from symscan.recording import RECORD_NAME
    from symscan.recording.session_log import SessionRecord
    from symscan.runtime.recovery.record_check import check_record

    path = assembled.options.folder / RECORD_NAME
    if assembled.options.resume and path.exists():
        with closing(SessionRecord.resume(path, assembled.about())) as record:
            check_record(record)


def _run(
    assembled: LiveSetup, facts: dict[str, Any], announcers: list[Observer], voice: LiveConsole, force: bool
) -> RunSummary:
    from symscan.cli.signals import stopping
    from symscan.observers.results.run_folder import run_folder

    options = assembled.options
    with stopping() as stopper:
        try:
            with run_folder(
                options.folder, force=force, facts=lambda: facts, resume=options.resume
            ) as results:
                _drive(assembled, results, announcers, stopper, voice)
                if stopper.is_asked and not results.summary.completed:
                    raise KeyboardInterrupt  # which is what the folder knows a run to end by
        except KeyboardInterrupt:
            code = stopper.exit_code or INTERRUPTED
            raise SessionStopped(
                f"ended early; results are in {options.out}, --resume goes on", code
            ) from None
    return results.summary


def _drive(
    assembled: LiveSetup,
    results: RunFolder,
    announcers: list[Observer],
    stopper: StopSignals,
    voice: LiveConsole,
) -> None:
    """Once the session has begun there are results, and whatever ends it is no mistake of the input."""
    from symscan.runtime.runner import run_live

    out = assembled.options.out
    try:
        run_live(assembled, [results], announcers, stopper, results.catch_up, voice.news)
    except SymscanError as error:
        kept = f"those that were in {out} before are left as they are"
        left = kept if results.keeps_old else f"the results up to there are in {out}"
        raise RunError(f"{error}; {left}, --resume goes on") from error


def _facts(config: SessionConfig, options: LiveOptions) -> dict[str, Any]:
    from symscan.model.instant import to_iso

    return {
        "name": config.name,
        "mode": "live",
        "exchange": config.exchange,
        "start": str(options.day),
        "end": str(options.day),
        "source": options.source,
        "speed": ("max" if options.speed is None else options.speed) if options.source == "replay" else None,
        "faults": options.faults or None,
        **({"from": to_iso(options.start)} if options.start is not None else {}),
        "feed": options.feed if options.source == "alpaca" else None,
    }


def _announcers(voice: LiveConsole, *, quiet: bool, is_over: bool) -> list[Observer]:
    """Who is told of what is new; a hit of a session that is over is no news."""
    from symscan.observers.console.activity import ActivityLog
    from symscan.observers.console.alerts import Alerts
    from symscan.observers.console.conditions import Conditions

    if is_over:
        return [Conditions(voice.loud, voice.plain)]
    told: list[Observer] = [Alerts(voice.hit), Conditions(voice.loud, voice.plain)]
    return told if quiet else [*told, ActivityLog(voice.news)]
