"""``symscan data fetch``: bars and splits from a broker into a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symscan.cli.arguments import parse_date
from symscan.errors import FeedError, InputError
from symscan.sources.brokers import DEFAULT_DOWNLOAD, BrokerType, find_broker

if TYPE_CHECKING:
    from symscan.model.interval import Interval
    from symscan.model.session import Session
    from symscan.sources.ports import Broker, Downloader

EXAMPLES = (
    "Example: symscan data fetch --feed iex --universe sp500 --interval 1d --interval 1m "
    "--start 2024-01-02 --end 2024-01-31 --store store"
)


def fetch(
    interval: Annotated[list[str], typer.Option(metavar="INTERVAL", help="1m or 1d; give both for both.")],
    start: Annotated[date, typer.Option(parser=parse_date, metavar="DATE", help="The first date.")],
    end: Annotated[date, typer.Option(parser=parse_date, metavar="DATE", help="The last date.")],
    store: Annotated[Path, typer.Option("--store", metavar="DIR", help="The folder of the bar store.")],
    universe: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Symbols: a universe's name, or a file.")
    ] = None,
    symbols: Annotated[str, typer.Option(metavar="A,B,...", help="Symbols, instead or as well.")] = "",
    source: Annotated[
        str, typer.Option(metavar="BROKER", help="Who is asked: a broker, or MODULE[:CLASS] of yours.")
    ] = DEFAULT_DOWNLOAD,
    feed: Annotated[
        str | None,
        typer.Option(metavar="FEED", help="Which of the broker's feeds: their volumes do not compare."),
    ] = None,
) -> None:
    """Fetch bars and splits from a broker; what is in the store is not asked again.

    The broker's keys come from the environment. Prices are as traded. A fetch that is interrupted keeps its
    whole sessions, and the same command goes on from there.
    """
    from symscan.cli.commands.store_change import opened_for_change, progress_bar
    from symscan.cli.output.data_report import show_fetch
    from symscan.clock.session_calendar import SessionCalendar

    found = _broker_type(source, feed)
    names, intervals = _symbols(symbols, universe or []), _intervals(interval)
    sessions = SessionCalendar(found.cls.exchange).sessions(start, end)
    if not sessions:
        raise InputError(f"there is no session from {start} to {end}; give a range with trading days")
    broker = found.make(feed)
    with opened_for_change(store, partial(_describe_fetch, store)) as opened:
        opened.check_origin(broker.origin)
        downloader = broker.downloader(store)
        settled = _settled_sessions(sessions, broker, downloader)
        with progress_bar() as progress:
            report = downloader.download(names, intervals, settled, progress)
        _check_any_accepted(broker.title, report.refused, names)
    show_fetch(report, settled, _left_out(sessions[len(settled) :], downloader), store, broker.title)


def _broker_type(source: str, feed: str | None) -> BrokerType:
    """Find a broker to download from, and check the name of its feed.

    Raises
    ------
    InputError
        If there is no such broker or feed, or it has several and none is named.
    """
    found = find_broker(source, (Path.cwd(),))
    if feed is not None:
        found.check_feed(feed)
    elif found.cls.feeds:
        raise found.missing_feed()
    return found


def _left_out(sessions: Sequence[Session], downloader: Downloader) -> list[str]:
    """Describe the first session that is left out, and when it can be fetched."""
    return [
        f"{one.date} is left out: it can be fetched whole from "
        f"{one.local(downloader.settled_at(one)):%H:%M %Z} on"
        for one in sessions[:1]
    ]


def _check_any_accepted(title: str, refused: Mapping[str, str], symbols: Sequence[str]) -> None:
    """Refuse a fetch of which every symbol was refused: they are likely misspelt."""
    if refused.keys() >= set(symbols):
        raise FeedError(
            f"{title} refuses every one of the {len(symbols)} symbols ({refused[symbols[0]]}); check how "
            "they are written"
        )


def _describe_fetch(root: Path, is_changed: bool) -> str:
    if not is_changed:
        return "nothing was fetched"
    return f"what came before is in {root}, and the same command goes on from there"


def _settled_sessions(sessions: Sequence[Session], broker: Broker, downloader: Downloader) -> list[Session]:
    """Return the sessions that can be fetched whole.

    Raises
    ------
    InputError
        If there is none yet.
    """
    now = broker.now()
    settled = [session for session in sessions if downloader.settled_at(session) <= now]
    if not settled:
        first = sessions[0]
        whole = first.local(downloader.settled_at(first))
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
