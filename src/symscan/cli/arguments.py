"""Options that several commands have, and parsers of values on the command line."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Final

import typer

from symscan.errors import InputError
from symscan.tasks.jobs import parse_jobs

StoreFolder = Annotated[
    Path,
    typer.Option(
        "--store",
        metavar="DIR",
        help="The folder of the bar store; if not given, that of SYMSCAN_STORE, or of symscan.toml.",
    ),
]

_SLOWEST: Final = 0.001
_FASTEST: Final = 1e6  # beyond these an instant is none of the calendar, or none of this computer's clock


def parse_date(text: str) -> date:
    """Parse a date.

    Raises
    ------
    typer.BadParameter
        If it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a date; write it as 2018-02-20") from None


def parse_job_count(text: str) -> int:
    """Parse a number of processes, or ``auto``.

    Raises
    ------
    typer.BadParameter
        If it is neither.
    """
    try:
        return parse_jobs(text)
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


Jobs = Annotated[
    int | None,
    typer.Option(
        parser=parse_job_count,
        metavar="N",
        help="Play the sessions of a range in N processes at once; auto: one a core.",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Have a Dask cluster play them: tls://scheduler:8786."),
]
InsecureCluster = Annotated[
    bool,
    typer.Option("--insecure-cluster", help="Allow tcp:// to another computer: a network of your own."),
]


def parse_day_part(text: str) -> time | str:
    """Parse a time of day, or ``open`` or ``close``.

    Raises
    ------
    typer.BadParameter
        If it is none.
    """
    if text in ("open", "close"):
        return text
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a time; write it as 10:30, or open or close") from None


def parse_exchange_time(text: str) -> time:
    """Parse a time of the exchange's day.

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
    """Parse a speed; ``max`` is infinity.

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
