"""``symscan data fetch``: bars and splits from a broker into a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from symscan.cli.commands.run import parse_date
from symscan.cli.errors import SessionStopped, code_of
from symscan.errors import FeedError, InputError

if TYPE_CHECKING:
    from symscan.model.instant import Instant
    from symscan.model.interval import Interval
    from symscan.model.session import Session
    from symscan.sources.alpaca.downloader import Downloader
    from symscan.sources.store.bar_store import BarStore

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
    with _filled(store) as opened:
        opened.check_origin(f"{source}:{feed}")
        now, _ = rest.clock()
        over = _over(sessions, now)
        fetcher = Downloader(opened, rest, now)
        _fetch(fetcher, names, intervals, over)
        _check_any_taken(rest.refused, names)
    show_fetch(fetcher.report(), over, sessions[len(over) :], store)


def _fetch(
    fetcher: Downloader, symbols: Sequence[str], intervals: Sequence[Interval], sessions: Sequence[Session]
) -> None:
    from symscan.cli.commands.store_change import progress_bar

    fetcher.fetch_splits(symbols)
    with progress_bar() as progress:
        for interval in intervals:
            fetcher.fetch_bars(fetcher.missing(symbols, interval, sessions), progress)


def _check_any_taken(refused: Mapping[str, str], symbols: Sequence[str]) -> None:
    """Where no symbol was taken at all, there is something wrong with what was asked."""
    if refused.keys() >= set(symbols):
        raise FeedError(
            f"Alpaca refuses every one of the {len(symbols)} symbols ({refused[symbols[0]]}); check how they "
            "are written"
        )


@contextmanager
def _filled(root: Path) -> Iterator[BarStore]:
    """The store; a new one is removed again if nothing came, and an end before the end says what did."""
    from symscan.sources.store.bar_store import BarStore
    from symscan.sources.store.catalogue import CATALOGUE_NAME

    is_new = not (root / CATALOGUE_NAME).exists()
    store = BarStore.create(root)
    before = store.generation
    try:
        yield store
    except KeyboardInterrupt as interrupt:
        raise SessionStopped(f"interrupted; {_left(root, before)}", code_of(interrupt)) from None
    except FeedError as error:
        raise FeedError(f"{error}; {_left(root, before)}") from None
    finally:
        if is_new:
            BarStore(root).remove_if_unused()


def _left(root: Path, generation: int) -> str:
    from symscan.sources.store.bar_store import BarStore

    if BarStore(root).generation == generation:
        return "nothing was fetched"
    return f"what came before is in {root}, and the same command goes on from there"


def _over(sessions: Sequence[Session], now: Instant) -> list[Session]:
    """The sessions that can be fetched whole.

    Raises
    ------
    InputError
        If there is none yet.
    """
    from symscan.sources.alpaca.downloader import is_settled, settled_at

    over = [session for session in sessions if is_settled(session, now)]
    if not over:
        first = sessions[0]
        whole = first.local(settled_at(first))
        raise InputError(
            f"the session of {first.date} is not over; it can be fetched from {whole:%H:%M %Z} on"
        )
    return over


def _symbols(listed: str, universes: Sequence[str]) -> list[str]:
    """The symbols to ask for, each once.

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
    """The intervals to ask for, coarse to fine: few bars come first.

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
