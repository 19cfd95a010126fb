"""``symscan data fetch``: bars and splits from a broker into a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from symscan.cli.arguments import parse_date
from symscan.errors import FeedError, InputError

if TYPE_CHECKING:
    from symscan.model.instant import Instant
    from symscan.model.interval import Interval
    from symscan.model.session import Session
    from symscan.sources.alpaca.downloader import Downloader

EXAMPLES = (
    "Example: symscan data fetch --feed iex --universe sp500 --interval 1d --interval 1m "
    "--start 2024-01-02 --end 2024-01-31 --store store"
)

_NEW_YORK: Final = "NYSE"
"""Whose sessions Alpaca's bars belong to."""


class Source(StrEnum):
    """Who is asked."""

    ALPACA = "alpaca"


class FeedName(StrEnum):
    """Which trades bars are made of: one exchange's, or all."""

    IEX = "iex"
    SIP = "sip"


def fetch(
    feed: Annotated[
        FeedName, typer.Option(help="iex: one exchange, a fraction of the volume; sip: all exchanges.")
    ],
    interval: Annotated[list[str], typer.Option(metavar="INTERVAL", help="1m or 1d; give both for both.")],
    start: Annotated[date, typer.Option(parser=parse_date, metavar="DATE", help="The first date.")],
    end: Annotated[date, typer.Option(parser=parse_date, metavar="DATE", help="The last date.")],
    store: Annotated[Path, typer.Option("--store", metavar="DIR", help="The folder of the bar store.")],
    universe: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Symbols: a universe's name, or a file.")
    ] = None,
    symbols: Annotated[str, typer.Option(metavar="A,B,...", help="Symbols, instead or as well.")] = "",
    source: Annotated[Source, typer.Option(help="Who is asked.")] = Source.ALPACA,
) -> None:
    """Fetch bars and splits from a broker; what is in the store is not asked again.

    Keys come from APCA_API_KEY_ID and APCA_API_SECRET_KEY. Prices are as traded. A fetch that is interrupted
    keeps its whole sessions, and the same command goes on from there.
    """
    from symscan.cli.commands.store_change import opened_for_change
    from symscan.cli.output.data_report import show_fetch
    from symscan.clock.session_calendar import SessionCalendar
    from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
    from symscan.sources.alpaca.downloader import Downloader
    from symscan.sources.alpaca.rest import AlpacaRest

    names, intervals = _symbols(symbols, universe or []), _intervals(interval)
    sessions = SessionCalendar(_NEW_YORK).sessions(start, end)
    if not sessions:
        raise InputError(f"there is no session from {start} to {end}; give a range with trading days")
    rest = AlpacaRest(AlpacaKeys.from_environment(), AlpacaHosts.from_environment(), feed.value)
    with opened_for_change(store, partial(_describe_fetch, store)) as opened:
        opened.check_origin(f"{source}:{feed}")
        now, _ = rest.clock()
        settled = _settled_sessions(sessions, now)
        downloader = Downloader(opened, rest, now)
        _fetch(downloader, names, intervals, settled)
        _check_any_accepted(rest.refused, names)
    show_fetch(downloader.report(), settled, sessions[len(settled) :], store)


def _fetch(
    downloader: Downloader, symbols: Sequence[str], intervals: Sequence[Interval], sessions: Sequence[Session]
) -> None:
    from symscan.cli.commands.store_change import progress_bar

    downloader.fetch_splits(symbols)
    with progress_bar() as progress:
        for interval in intervals:
            downloader.fetch_bars(downloader.missing(symbols, interval, sessions), progress)


def _check_any_accepted(refused: Mapping[str, str], symbols: Sequence[str]) -> None:
    """Refuse a fetch of which every symbol was refused: they are likely misspelt."""
    if refused.keys() >= set(symbols):
        raise FeedError(
            f"Alpaca refuses every one of the {len(symbols)} symbols ({refused[symbols[0]]}); check how they "
            "are written"
        )


def _describe_fetch(root: Path, is_changed: bool) -> str:
    if not is_changed:
        return "nothing was fetched"
    return f"what came before is in {root}, and the same command goes on from there"


def _settled_sessions(sessions: Sequence[Session], now: Instant) -> list[Session]:
    """Return the sessions that can be fetched whole.

    Raises
    ------
    InputError
        If there is none yet.
    """
    from symscan.sources.alpaca.downloader import is_settled, settled_at

    settled = [session for session in sessions if is_settled(session, now)]
    if not settled:
        first = sessions[0]
        whole = first.local(settled_at(first))
        raise InputError(
            f"the session of {first.date} is not over; it can be fetched from {whole:%H:%M %Z} on"
        )
    return settled


def _symbols(listed: str, universes: Sequence[str]) -> list[str]:
    """Return the symbols to fetch, each once.

    Raises
    ------
    InputError
        If there is none.
    """
    from symscan.scanners.universe import load_universe

    names = [name for part in listed.split(",") if (name := part.strip())]
    for universe in universes:
        names += load_universe(universe).symbols
    if not names:
        raise InputError("whose bars? give --universe NAME, or --symbols A,B")
    return list(dict.fromkeys(names))


def _intervals(texts: Sequence[str]) -> list[Interval]:
    """Return the intervals to fetch, coarse to fine: the fewest bars first.

    Raises
    ------
    InputError
        If one of them is not fetched.
    """
    from symscan.model.interval import ONE_DAY, ONE_MINUTE, Interval

    given = {Interval.parse(part.strip()) for text in texts for part in text.split(",")}
    others = sorted(given - {ONE_MINUTE, ONE_DAY})
    if others:
        raise InputError(f"--interval {others[0]}: 1m and 1d are fetched, others are derived from them")
    return sorted(given, reverse=True)
