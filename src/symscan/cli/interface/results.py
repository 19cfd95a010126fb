"""``symscan runs``, ``report``, ``export``, ``diff``, ``why``, ``near``: what is done with runs later."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from symscan.cli.arguments import parse_date, parse_day_part
from symscan.errors import InputError

DIFFERS = 1
"""The exit code where two runs differ."""

Run = Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON instead of a table.")]


def runs(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[FOLDER]", help="The folder that holds them; runs if not given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List runs with what they were.

    Name, dates, how it ended, scanners, hits; those that are broken say what is wrong with them.
    """
    from symscan.cli.commands.results.runs import show_runs

    show_runs(folder, as_json=as_json)


def diff(
    a: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    b: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of another.")],
    as_json: Json = False,
) -> None:
    """Say in what two runs differ.

    Which keys of the configuration, modules, universes and files of the store, and which hits. Exit
    code 1 if they differ.
    """
    from symscan.cli.commands.results.diff import show_differences

    if show_differences(a, b, as_json=as_json):
        raise typer.Exit(DIFFERS)


def report(
    run: Run,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page; report.html in RUN if not given.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The bar store; the run's own if not given.")
    ] = None,
    sessions: Annotated[
        str | None,
        typer.Option(metavar="A:B", help="Only sessions from one date to another: 2018-02-20:2018-02-23."),
    ] = None,
    top: Annotated[int, typer.Option(min=0, max=500, metavar="N", help="How many of the best stays.")] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all its numbers as JSON, and write no page.")
    ] = False,
    is_opened: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Write a page about a run, to read, mail and print.

    What was found, when, by whom; how scanners overlap; the best stays with candles; what was unknown and
    failed; the configuration. One HTML file without script.
    """
    from symscan.cli.commands.results.report import write_report

    write_report(run, out, store, sessions, top, as_json=as_json, is_opened=is_opened)


def export(
    run: Run,
    what: Annotated[
        str,
        typer.Option(metavar="WHAT", help="hits, values, episodes, scans, unknown or trades."),
    ] = "hits",
    scanner: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what this scanner found; needed for values.")
    ] = None,
    form: Annotated[
        str,
        typer.Option("--format", metavar="FORMAT", help="csv, parquet, json, tradingview or universe."),
    ] = "csv",
    sessions_ahead: Annotated[
        str | None,
        typer.Option("--for", metavar="5d", help="For how many sessions after its own a universe is meant."),
    ] = None,
    exchange: Annotated[
        str | None,
        typer.Option(metavar="NASDAQ", help="What stands before the symbols of a tradingview list."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file to write; standard output if not given.")
    ] = None,
) -> None:
    """Write a run's results in another format.

    hits as csv are the file that --csv writes. tradingview and universe are lists: who was on the
    scanner's list at its last scan, best first; a watch list to paste, or a universe for tomorrow.
    """
    from symscan.cli.commands.results.export import export_run
    from symscan.runs.export import ExportOptions, parse_sessions_ahead

    ahead = None if sessions_ahead is None else parse_sessions_ahead(sessions_ahead)
    export_run(run, ExportOptions(what, form, scanner, ahead, exchange), out)


Asked = Annotated[
    Path, typer.Argument(metavar="RUN|CONFIG", help="The folder of a run, or a session configuration.")
]
AskedStore = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        help="The bar store; if not given that of the run, of SYMSCAN_STORE, or of symscan.toml.",
    ),
]
AskedDay = Annotated[
    date | None,
    typer.Option("--date", parser=parse_date, metavar="DATE", help="Which session, if a run has several."),
]
AskedAt = Annotated[
    Any,
    typer.Option(
        parser=parse_day_part,
        metavar="TIME",
        help="Which scan, on the exchange's clock: 10:35; or open, or close. The whole day if not given.",
    ),
]
Csv = Annotated[bool, typer.Option("--csv", help="Write CSV instead of a table.")]
Replay = Annotated[
    bool, typer.Option("--replay", help="Play the session again also where the run has kept its decisions.")
]


def why(
    what: Asked,
    symbol: Annotated[
        str | None, typer.Argument(metavar="[SYMBOL]", help="Whose decisions; none with --clauses.")
    ] = None,
    at: AskedAt = None,
    scanner: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what this scanner decided.")
    ] = None,
    clauses: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Show how many each clause of this scanner lets through instead."),
    ] = None,
    day: AskedDay = None,
    store: AskedStore = None,
    as_json: Json = False,
    as_csv: Csv = False,
    replays: Replay = False,
) -> None:
    """Explain why a symbol was a hit or not, clause by clause.

    Value, limit and margin of each clause of each scan, and whether it is true, false or unknown. Where the
    run has not kept that (--explain), its session is played again: exit code 1 if its hits are others.
    """
    from symscan.cli.commands.results.why import Question, explain_symbol, show_funnel

    if (symbol is None) is (clauses is None):
        raise InputError("give a symbol, as in 'symscan why RUN AAPL', or --clauses and a scanner's name")
    question = Question(what, store, day, scanner, at, as_json, as_csv, replays)
    if clauses is not None:
        show_funnel(question, clauses)
    elif symbol is not None:
        explain_symbol(question, symbol)


def near(
    what: Asked,
    scanner: Annotated[str | None, typer.Option(metavar="NAME", help="Only this scanner's.")] = None,
    at: AskedAt = None,
    most: Annotated[int, typer.Option(min=1, metavar="N", help="How many of each scanner.")] = 20,
    day: AskedDay = None,
    store: AskedStore = None,
    as_json: Json = False,
    as_csv: Csv = False,
    replays: Replay = False,
) -> None:
    """Show who missed by one clause alone, and by how much, nearest first.

    Margins are compared over the spread of the clause's values at the scan. Of the whole day, each symbol's
    nearest scan.
    """
    from symscan.cli.commands.results.why import Question, show_near

    show_near(Question(what, store, day, scanner, at, as_json, as_csv, replays), most)
