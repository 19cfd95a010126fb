"""``symscan live``: a session against the clock, from a broker's feed or as a replay of a stored day."""

from __future__ import annotations

import math
from datetime import date, time
from pathlib import Path
from typing import Annotated

import typer

from symscan.cli.arguments import StoreFolder, parse_date, parse_exchange_time, parse_speed
from symscan.cli.imports import quick_imports
from symscan.cli.log_options import LogFile, Verbosity, logging_to
from symscan.sources.brokers import BUILT_IN

EXAMPLES = "Example: symscan live session.json --source replay --store store --date 2018-02-20 --speed 60"


_SOURCES = ", ".join(BUILT_IN)


def live(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The session configuration, a JSON file.")],
    source: Annotated[
        str,
        typer.Option(
            metavar="BROKER", help=f"Where bars come from: {_SOURCES}, or a module of yours, MODULE[:CLASS]."
        ),
    ],
    store: StoreFolder,
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
    csv: Annotated[bool, typer.Option("--csv", help="Write hits.csv, too: every hit as text.")] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Write hits and conditions as JSON lines; text to standard error.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Leave out who joins and leaves.")] = False,
    no_alerts: Annotated[
        bool, typer.Option("--no-alerts", help="Decide the alerts of the configuration, but send none.")
    ] = False,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT", help="Serve metrics for Prometheus there, as 9464 of this computer."
        ),
    ] = None,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Show the session in a browser, by a process of its own.")
    ] = False,
    verbose: Verbosity = 0,
    log_file: LogFile = None,
) -> None:
    """Run a session live: print each new hit at once.

    Bars come from a broker's feed, or from a stored day that is replayed as if it were one. Ctrl-C ends
    the session in order, and --resume goes on with it; so it does after the process was killed.
    """
    with quick_imports():
        from symscan.cli.commands.live import run_live_session
        from symscan.runtime.live.session import LiveOptions

    of_replay = {"--date": day, "--speed": speed, "--faults": faults, "--from": begin}
    given = [option for option, value in of_replay.items() if value is not None]
    factor = 1.0 if speed is None else speed
    pace = None if factor == math.inf else factor
    options = LiveOptions(source, store, day, pace, faults or "", feed, out, resume, begin, csv)
    with logging_to(verbose, log_file):
        run_live_session(
            config,
            options,
            given,
            force=force,
            jsonl=jsonl,
            quiet=quiet,
            alerts=not no_alerts,
            metrics=metrics,
            dashboard=dashboard,
        )
