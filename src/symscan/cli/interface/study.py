"""``symscan study``: what happened after the hits; ``symscan audit``: whether scanners are honest."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from symscan.cli.arguments import Cluster, InsecureCluster, Jobs, parse_date, parse_job_count
from symscan.cli.log_options import LogFile, Verbosity, logging_to


def study(
    what: Annotated[
        Path, typer.Argument(metavar="CONFIG|RUN", help="A session configuration, or the folder of a run.")
    ],
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The bar store; if not given that of the run, of SYMSCAN_STORE, or of symscan.toml.",
        ),
    ] = None,
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_date, metavar="DATE", help="Study one session.")
    ] = None,
    start: Annotated[
        date | None, typer.Option(parser=parse_date, metavar="DATE", help="Study a range: its first date.")
    ] = None,
    end: Annotated[
        date | None, typer.Option(parser=parse_date, metavar="DATE", help="Study a range: its last date.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where results go; studies/NAME-START[_END] if not given."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the results of an earlier study.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Write hits.csv, too.")] = False,
    scanner: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this scanner; may be given again.")
    ] = None,
    hits: Annotated[
        str | None, typer.Option(metavar="WHICH", help="entered, new or all; as 'hits' in study_config.")
    ] = None,
    side: Annotated[str | None, typer.Option(metavar="SIDE", help="long, short or with_change.")] = None,
    horizons: Annotated[
        str | None, typer.Option(metavar="LIST", help="Until when: 5m,30m,close,next_open,5d.")
    ] = None,
    headline: Annotated[
        str | None, typer.Option(metavar="HORIZON", help="The horizon of the verdict.")
    ] = None,
    delay: Annotated[
        str | None, typer.Option(metavar="1m", help="From the scan to the earliest entry.")
    ] = None,
    match: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="What controls are alike in: volatility,sector; or none."),
    ] = None,
    min_controls: Annotated[
        int | None, typer.Option(metavar="N", help="With fewer controls a hit is unmatched.")
    ] = None,
    spread: Annotated[
        str | None, typer.Option(metavar="BPS", help="The full spread in basis points, or estimate.")
    ] = None,
    slippage_bps: Annotated[
        float | None, typer.Option(metavar="BPS", help="Of each side, beside half the spread.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="Break results down by a column of the universe, too."),
    ] = None,
    holdout_from: Annotated[
        str | None, typer.Option(metavar="DATE", help="Set the sessions from this date on aside.")
    ] = None,
    open_holdout: Annotated[
        bool, typer.Option("--open-holdout", help="Study the sessions set aside, and they alone.")
    ] = False,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of random draws.")] = None,
    placebo: Annotated[
        int,
        typer.Option(
            min=0, max=1000, metavar="N", help="Also on N markets in which nobody can have an edge."
        ),
    ] = 0,
    no_page: Annotated[bool, typer.Option("--no-page", help="Write no report.html.")] = False,
    jobs: Jobs = None,
    cluster: Cluster = None,
    insecure_cluster: InsecureCluster = False,
    verbose: Verbosity = 0,
    log_file: LogFile = None,
) -> None:
    """Measure what happened after hits, against symbols that were alike and not hit.

    Returns from a tradable entry until several horizons, with intervals over sessions, costs, and what is
    unknown. A run is played again, and its hits have to be the same. Options come before 'study_config'.
    Exit code 1 if they are not, or nothing could be studied.
    """
    from symscan.cli.commands.study import StudyArguments, study_hits

    settings = {
        "hits": hits,
        "side": side,
        "horizons": horizons,
        "headline": headline,
        "delay_minutes": delay,
        "match": match,
        "min_controls": min_controls,
        "spread": spread,
        "slippage_bps": slippage_bps,
        "groups": group or None,
        "holdout_from": holdout_from,
        "seed": seed,
    }
    given = {key: value for key, value in settings.items() if value is not None}
    arguments = StudyArguments(
        what,
        store,
        day,
        start,
        end,
        out,
        tuple(scanner or ()),
        given,
        force=force,
        csv=csv,
        open_holdout=open_holdout,
        page=not no_page,
        placebo=placebo,
        jobs=jobs,
        cluster=cluster,
        insecure_cluster=insecure_cluster,
    )
    with logging_to(verbose, log_file):
        study_hits(arguments)


def audit(
    what: Annotated[
        str, typer.Argument(metavar="CONFIG|SCANNER", help="A session configuration, or a scanner's module.")
    ],
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The bar store; if not given that of SYMSCAN_STORE, or of symscan.toml.",
        ),
    ] = None,
    day: Annotated[
        date | None, typer.Option("--date", parser=parse_date, metavar="DATE", help="Audit one session.")
    ] = None,
    start: Annotated[
        date | None, typer.Option(parser=parse_date, metavar="DATE", help="Of a range: its first date.")
    ] = None,
    end: Annotated[
        date | None, typer.Option(parser=parse_date, metavar="DATE", help="Of a range: its last date.")
    ] = None,
    scanner: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this scanner; may be given again.")
    ] = None,
    universe: Annotated[
        str | None, typer.Option(metavar="NAME", help="The universe of a scanner given by its module.")
    ] = None,
    sessions: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many sessions: the first, the last, some between.")
    ] = 3,
    scans: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many scans of each session, of every hour.")
    ] = 20,
    only: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Only these checks: future,clock,order,unrelated,state,files."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Of random draws.")] = 0,
    strict: Annotated[bool, typer.Option("--strict", help="Notes count as findings.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print audit.json instead of the table.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where results go; audits/NAME-START[_END] if not given."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the results of an earlier audit.")] = False,
    jobs: Annotated[
        int | None,
        typer.Option(parser=parse_job_count, metavar="N", help="Processes at a time; else one a core."),
    ] = None,
    verbose: Verbosity = 0,
    log_file: LogFile = None,
) -> None:
    """Audit scanners: do they look ahead, keep state, depend on chance, order, the clock or files?

    Sessions are played as they are, and again with the future deleted and changed, in another order, alone,
    behind walls. Exit code 0: nothing found in enough scans; 1: something found; 2: wrong input, or a scanner
    that fails by itself; 3: not enough scans with hits to judge by.
    """
    from symscan.cli.commands.audits.audit import AuditArguments, audit_session
    from symscan.research.audit.planning.subject import AuditRequest

    request = AuditRequest(store, day, start, end, tuple(scanner or ()), sessions, scans, seed)
    groups = tuple(one.strip() for one in only.split(",")) if only is not None else ()
    arguments = AuditArguments(
        what, request, universe, groups, out, force=force, strict=strict, as_json=as_json, jobs=jobs
    )
    with logging_to(verbose, log_file):
        audit_session(arguments)
