"""``symscan data``: bars and splits into a store, and what is in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from symscan.cli.commands import fetch
from symscan.sources.importing.options import (
    BadRows,
    ImportOptions,
    Label,
    OnConflict,
    OpeningPrint,
    Outside,
    UnlikelyTimes,
    ZeroVolume,
)

app = typer.Typer(
    name="data", help="Bring bars and splits into a store, and check it.", invoke_without_command=True
)

_Store = Annotated[Path, typer.Option("--store", metavar="DIR", help="The folder of the bar store.")]
_Exchange = Annotated[str, typer.Option(metavar="NAME", help="Whose sessions the bars belong to.")]


app.command("fetch", epilog=fetch.EXAMPLES)(fetch.fetch)


@app.callback()
def options(context: typer.Context) -> None:
    """Bring bars and splits into a store, and check it."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("import")
def import_(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATHS", help="CSV and Parquet files, folders, globs.")
    ],
    store: _Store,
    interval: Annotated[str, typer.Option(metavar="INTERVAL", help="How long a bar is: 1m, 5m, 1d.")],
    label: Annotated[
        Label | None, typer.Option(help="Which end of a bar its timestamp is; needed for intraday bars.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="The zone of times without one: America/New_York.")
    ] = None,
    columns: Annotated[
        str,
        typer.Option(
            metavar="ROLE=COLUMN,...", help="Columns whose names do not tell: open=o,date=day,time=t."
        ),
    ] = "",
    header: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Column names of CSV files without a header line.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(metavar="SYMBOL", help="The symbol of all rows.")] = None,
    name_pattern: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Where a file's name has the symbol: {symbol}_1m")
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="How times are written, if not recognised: '%d.%m.%Y %H:%M'"),
    ] = None,
    zero_volume: Annotated[ZeroVolume, typer.Option(help="Bars without volume.")] = ZeroVolume.DROP,
    opening_print: Annotated[
        OpeningPrint | None,
        typer.Option(
            help="End-labelled rows labelled at the open: merge them into the first bar (the default)."
        ),
    ] = None,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="Which of two contradicting rows is taken; stored bars are first.")
    ] = OnConflict.STOP,
    bad_rows: Annotated[BadRows, typer.Option(help="Rows that cannot be bars.")] = BadRows.STOP,
    outside: Annotated[Outside, typer.Option(help="Rows on days without a session.")] = Outside.STOP,
    unlikely_times: Annotated[
        UnlikelyTimes, typer.Option(help="Labels or a time zone that seem wrong: keep confirms them.")
    ] = UnlikelyTimes.ASK,
    exchange: _Exchange = "NYSE",
) -> None:
    """Import bars: all of them or, if anything is wrong, none."""
    from symscan.cli.commands.store_change import is_interactive, opened_for_change, progress_bar
    from symscan.cli.output.data_report import show_import
    from symscan.clock.session_calendar import SessionCalendar
    from symscan.model.interval import Interval
    from symscan.sources.importing.columns import parse_overrides
    from symscan.sources.importing.importer import import_bars

    options = ImportOptions(
        interval=Interval.parse(interval),
        label=label,
        timezone=timezone,
        columns=parse_overrides(columns),
        header=tuple(name.strip() for name in header.split(",")) if header else None,
        symbol=symbol,
        name_pattern=name_pattern,
        time_format=time_format,
        zero_volume=zero_volume,
        opening_print=opening_print,
        on_conflict=on_conflict,
        bad_rows=bad_rows,
        outside=outside,
        unlikely_times=unlikely_times,
    )
    calendar = SessionCalendar(exchange)
    with opened_for_change(store) as opened, progress_bar() as progress:
        confirm = progress.confirm if is_interactive() else None
        report = import_bars(opened, paths, options, calendar, progress, confirm)
    show_import(report, options, store)


@app.command("import-splits")
def import_splits_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A CSV file: symbol,ex_date,ratio (4 or 4:1 for 4-for-1).")
    ],
    store: _Store,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="Which of two contradicting ratios is taken; stored ones are first.")
    ] = OnConflict.STOP,
) -> None:
    """Import splits, by which older prices are divided."""
    from symscan.cli.commands.store_change import opened_for_change
    from symscan.cli.output.data_report import show_splits
    from symscan.sources.importing.splits import import_splits

    with opened_for_change(store) as opened:
        report = import_splits(opened, file, on_conflict)
    show_splits(report, store)


@app.command("ls")
def ls(store: _Store) -> None:
    """List what a store holds."""
    from symscan.cli.output.data_report import show_store
    from symscan.sources.store.bar_store import BarStore

    show_store(BarStore(store))


@app.command("check")
def check(
    store: _Store,
    price_tolerance: Annotated[
        float, typer.Option(min=0.0, help="How far daily prices may lie from intraday ones, as a fraction.")
    ] = 0.005,
    volume_tolerance: Annotated[
        float, typer.Option(min=0.0, help="How far the daily volume may lie from the sum, as a fraction.")
    ] = 0.5,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if there are faults.")] = False,
    exchange: _Exchange = "NYSE",
) -> None:
    """Check every bar of a store.

    By itself, in its session, and daily against intraday bars.
    """
    from symscan.cli.commands.store_change import progress_bar
    from symscan.cli.output.data_report import show_check
    from symscan.clock.session_calendar import SessionCalendar
    from symscan.sources.checking.daily_checks import Tolerances
    from symscan.sources.checking.store_check import check_store
    from symscan.sources.store.bar_store import BarStore

    tolerances = Tolerances(price_tolerance, volume_tolerance)
    with progress_bar() as progress:
        report = check_store(BarStore(store), SessionCalendar(exchange), tolerances, progress)
    show_check(report)
    if strict and report.has_faults:
        sys.exit(1)
