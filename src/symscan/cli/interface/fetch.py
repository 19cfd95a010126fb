"""``symscan data fetch``: bars and splits from a broker into a store."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from symscan.cli.arguments import StoreFolder, parse_date
from symscan.sources.brokers import DEFAULT_DOWNLOAD

EXAMPLES = (
    "Example: symscan data fetch --feed iex --universe sp500 --interval 1d --interval 1m "
    "--start 2024-01-02 --end 2024-01-31 --store store"
)


def fetch(
    interval: Annotated[list[str], typer.Option(metavar="INTERVAL", help="1m or 1d; give both for both.")],
    start: Annotated[date, typer.Option(parser=parse_date, metavar="DATE", help="The first date.")],
    end: Annotated[date, typer.Option(parser=parse_date, metavar="DATE", help="The last date.")],
    store: StoreFolder,
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
    from symscan.cli.commands.fetch import fetch_bars

    fetch_bars(source, feed, interval, start, end, store, universe or [], symbols)
