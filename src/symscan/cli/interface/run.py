"""``symscan run``: play a configuration over stored bars."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from symscan.cli.arguments import Cluster, InsecureCluster, Jobs, StoreFolder, parse_date
from symscan.cli.imports import quick_imports
from symscan.cli.log_options import LogFile, Verbosity, logging_to

EXAMPLES = "Example: symscan run session.json --store store --date 2018-02-20"


def run(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The session configuration, a JSON file.")],
    store: StoreFolder,
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_date, metavar="DATE", help="Play one session.")
    ] = None,
    start: Annotated[
        date | None, typer.Option(parser=parse_date, metavar="DATE", help="Play a range: its first date.")
    ] = None,
    end: Annotated[
        date | None, typer.Option(parser=parse_date, metavar="DATE", help="Play a range: its last date.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where results go; runs/NAME-START[_END] if not given.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the results of an earlier run.")] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a run that was broken off, after its last whole session."),
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write hits.csv, too: every hit as text.")] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="Keep what scanners decide of each symbol, for why and near: near or full, of all scanners.",
        ),
    ] = None,
    metrics_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="In the end, write the run's metrics there, for Prometheus."),
    ] = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    insecure_cluster: InsecureCluster = False,
    verbose: Verbosity = 0,
    log_file: LogFile = None,
) -> None:
    """Play sessions over stored bars: write what scanners find.

    One session, or one per trading day of a range. Dates given here come before those of the
    configuration. Results are a folder of tables: hits, values and episodes as Parquet, episodes.csv,
    scans.csv, unknown.csv, journal.jsonl, summary.json; run.json says what the run was of.
    """
    from symscan.runtime.parallel.division import Division

    with logging_to(verbose, log_file):
        division = Division.of(jobs, cluster, allows_insecure=insecure_cluster)
        if day is None:
            division = division.started()
        with quick_imports():
            from symscan.cli.commands.run import run_configuration

        run_configuration(
            config,
            store,
            day,
            start,
            end,
            out,
            force=force,
            resume=resume,
            csv=csv,
            explain=explain,
            metrics_file=metrics_file,
            division=division,
        )
