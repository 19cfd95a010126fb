"""``symscan live``: a session against the clock, from a broker's feed or as a replay of a stored day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from symscan.cli.failures import INTERRUPTED, Ended
from symscan.cli.run import parse_date
from symscan.errors import InputError, RunError, SymscanError

if TYPE_CHECKING:
    from symscan.cli.live_voice import Voice
    from symscan.cli.stopping import Stopping
    from symscan.config import SessionConfig
    from symscan.model.instant import Instant
    from symscan.model.session import Session
    from symscan.observers.base import Observer
    from symscan.observers.run_folder import RunFolder
    from symscan.observers.summary import RunSummary
    from symscan.runtime.live import Live, LiveOptions

EXAMPLES = "Example: symscan live session.json --source replay --store store --date 2018-02-20 --speed 60"

_SLOWEST: Final = 0.001
_FASTEST: Final = 1e6
"""Beyond these an instant of the replay is none of the calendar, or none of this computer's clock."""


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
) -> None:
    """Run a session live: print each new hit at once.

    Bars come from a broker's feed, or from a stored day that is replayed as if it were one. Ctrl-C ends
    the session in order, and --resume goes on with it; so it does after the process was killed.
    """
    from symscan.config import load_config

    wishes = _Wishes(source, store, day, speed, faults, feed, out, resume, force)
    _check(wishes)
    loaded = load_config(config)
    _live(loaded, wishes, jsonl=jsonl, quiet=quiet)


def _check(wishes: _Wishes) -> None:
    """Refuse options that contradict each other."""
    of_replay = {"--date": wishes.day, "--speed": wishes.speed, "--faults": wishes.faults}
    if wishes.source is Source.REPLAY:
        if wishes.feed is not None:
            raise InputError("--feed is one of Alpaca's; a replay plays what the store has")
        if wishes.day is None:
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
    from symscan.cli.live_day import MarketTime, wait_for
    from symscan.cli.live_voice import Voice
    from symscan.observers.run_folder import check_folder
    from symscan.runtime.assembly import assemble_live

    feed = _feed(config, wishes)
    clock = MarketTime() if feed is None else MarketTime.of_broker(feed)
    session = _session(config, wishes, clock.now())
    options = _options(config, wishes, session.date, clock.offset)
    check_folder(options.out, force=wishes.force, resume=wishes.resume)
    voice = Voice(as_json=jsonl)
    if wishes.resume and not options.out.exists():
        voice.news(f"{options.out} holds no session to go on with; it begins")
    assembled = assemble_live(config, options)
    if feed is not None and wait_for(session, clock):
        assembled = assemble_live(config, options)  # what is known by now, not what was when the wait began
    _check_record(assembled)
    summary = _run(assembled, _facts(config, options), _announcers(voice, quiet=quiet), wishes.force)
    from symscan.cli.report import report_console, show_report

    show_report(config.name, summary, options.out, report_console(stderr=jsonl))


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


def _options(config: SessionConfig, wishes: _Wishes, day: date, clock_offset: Instant) -> LiveOptions:
    from symscan.runtime.live import LiveOptions

    speed = 1.0 if wishes.speed is None else wishes.speed
    return LiveOptions(
        source=str(wishes.source),
        store=wishes.store,
        day=day,
        speed=None if speed == math.inf else speed,
        faults=wishes.faults or "",
        feed=_feed(config, wishes) or config.live.feed,
        out=wishes.out or Path("runs") / f"{config.name}-{day}-live",
        resume=wishes.resume,
        clock_offset=clock_offset,
    )


def _session(config: SessionConfig, wishes: _Wishes, now: Instant) -> Session:
    """The session of the day to replay; else the broker's that runs or comes next."""
    from symscan.cli.live_day import session_at
    from symscan.runtime.building import calendar_of

    calendar = calendar_of(config)
    if wishes.day is not None:
        return calendar.session(wishes.day)
    return session_at(calendar, now, resume=wishes.resume)


def _check_record(assembled: Live) -> None:
    """Refuse to go on with another session before its results are replaced."""
    from symscan.observers.session_record import RECORD_NAME, SessionRecord

    path = assembled.options.out / RECORD_NAME
    if assembled.options.resume and path.exists():
        SessionRecord.resume(path, assembled.about()).close()


def _run(assembled: Live, facts: dict[str, Any], announcers: list[Observer], force: bool) -> RunSummary:
    from symscan.cli.stopping import stopping
    from symscan.observers.run_folder import run_folder

    folder, resume = assembled.options.out, assembled.options.resume
    with stopping() as stopper:
        try:
            with run_folder(folder, force=force, facts=lambda: facts, resume=resume) as results:
                _drive(assembled, results, announcers, stopper)
                if stopper.is_asked and not results.summary.completed:
                    raise KeyboardInterrupt  # which is what the folder knows a run to end by
        except KeyboardInterrupt:
            code = stopper.exit_code or INTERRUPTED
            raise Ended(f"ended early; results are in {folder}, --resume goes on", code) from None
    return results.summary


def _drive(assembled: Live, results: RunFolder, announcers: list[Observer], stopper: Stopping) -> None:
    """Once the session has begun there are results, and whatever ends it is no mistake of the input."""
    from symscan.runtime.drive import run_live

    try:
        run_live(assembled, [results], announcers, stopper)
    except SymscanError as error:
        message = f"{error}; the results up to there are in {results.path}, --resume goes on"
        raise RunError(message) from error


def _facts(config: SessionConfig, options: LiveOptions) -> dict[str, Any]:
    return {
        "name": config.name,
        "mode": "live",
        "exchange": config.exchange,
        "start": str(options.day),
        "end": str(options.day),
        "source": options.source,
        "speed": ("max" if options.speed is None else options.speed) if options.source == "replay" else None,
        "faults": options.faults or None,
        "feed": options.feed if options.source == "alpaca" else None,
    }


def _announcers(voice: Voice, *, quiet: bool) -> list[Observer]:
    from symscan.observers.alerts import Alerts
    from symscan.observers.conditions import Conditions
    from symscan.observers.news import News

    told: list[Observer] = [Alerts(voice.hit), Conditions(voice.loud, voice.plain)]
    return told if quiet else [*told, News(voice.news)]
