"""``symscan data``: bars and splits into a store, and what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from symscan.cli.arguments import StoreFolder
from symscan.cli.interface.fetch import EXAMPLES, fetch
from symscan.cli.lazy_group import group
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

app = group("data", "Bring bars and splits into a store, and check it.")
app.command("fetch", epilog=EXAMPLES)(fetch)

_Exchange = Annotated[str, typer.Option(metavar="NAME", help="Whose sessions the bars belong to.")]


@app.command("import")
def import_(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATHS", help="CSV and Parquet files, folders, globs.")
    ],
    store: StoreFolder,
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
    from symscan.cli.commands.data import import_files
    from symscan.model.interval import Interval
    from symscan.sources.importing.columns import parse_overrides

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
    import_files(paths, options, store, exchange)


@app.command("import-splits")
def import_splits_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A CSV file: symbol,ex_date,ratio (4 or 4:1 for 4-for-1).")
    ],
    store: StoreFolder,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="Which of two contradicting ratios is taken; stored ones are first.")
    ] = OnConflict.STOP,
) -> None:
    """Import splits, by which older prices are divided."""
    from symscan.cli.commands.data import import_splits_file

    import_splits_file(file, store, on_conflict)


@app.command("import-membership")
def import_membership_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A CSV file: ticker,start_date,end_date; or date,tickers; or date,added,removed.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="NAME.csv", help="The universe's file.")],
    members: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of added and removed: the universe of today's members."),
    ] = None,
) -> None:
    """Make a universe by dates of a list of when each symbol was a member of an index."""
    from symscan.cli.commands.universes.importing import import_membership

    import_membership(file, out, members)


@app.command("placebo")
def placebo(
    store: StoreFolder,
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the new store.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another market.")] = 0,
    exchange: _Exchange = "NYSE",
) -> None:
    """Make a market in which nobody can have an edge: the store's bars with one random sign a minute.

    What moves, how much, together with what and on which volume stays; whether up or down is chance, for all
    symbols alike. A scanner that finds an edge there sees the future.
    """
    from symscan.cli.commands.data import make_placebo

    make_placebo(store, out, seed, exchange)


@app.command("ls")
def ls(store: StoreFolder) -> None:
    """List what a store holds."""
    from symscan.cli.commands.data import list_store

    list_store(store)


@app.command("check")
def check(
    store: StoreFolder,
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
    from symscan.cli.commands.data import check_bars
    from symscan.sources.checking.daily_checks import Tolerances

    has_faults = check_bars(store, exchange, Tolerances(price_tolerance, volume_tolerance))
    if strict and has_faults:
        raise typer.Exit(1)
