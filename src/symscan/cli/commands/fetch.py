"""``symscan data fetch``: bars and splits from a broker into a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from symscan.cli.commands.store_change import opened_for_change, progress_bar
from symscan.cli.output.data_report import show_fetch
from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import FeedError, InputError
from symscan.model.interval import ONE_DAY, ONE_MINUTE, Interval
from symscan.model.session import Session
from symscan.scanners.universe import symbols_between
from symscan.sources.brokers import BrokerType, find_broker
from symscan.sources.downloads import Downloader
from symscan.sources.ports import Broker


def fetch_bars(
    source: str,
    feed: str | None,
    intervals: Sequence[str],
    start: date,
    end: date,
    store: Path,
    universes: Sequence[str],
    symbols: str,
) -> None:
    """Fetch bars and splits from a broker into a store, and print the result.

    Raises
    ------
    InputError
        If broker, feed, symbols, intervals or dates name nothing to fetch.
    FeedError
        If the broker refuses.
    """
    found = _broker_type(source, feed)
    names, parsed = _symbols(symbols, universes, start, end), _intervals(intervals)
    sessions = SessionCalendar(found.cls.exchange).sessions(start, end)
    if not sessions:
        raise InputError(f"there is no session from {start} to {end}; give a range with trading days")
    broker = found.make(feed)
    with opened_for_change(store, partial(_describe_fetch, store)) as opened:
        opened.check_origin(broker.origin)
        downloader = broker.downloader(store)
        settled = _settled_sessions(sessions, broker, downloader)
        with progress_bar() as progress:
            report = downloader.download(names, parsed, settled, progress)
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


def _symbols(listed: str, universes: Sequence[str], start: date, end: date) -> list[str]:
    """Return the symbols to fetch, each once; of a universe by dates, the members of any date of the range.

    Raises
    ------
    InputError
        If there is none.
    """
    names = [name for part in listed.split(",") if (name := part.strip())]
    for universe in universes:
        names += symbols_between(universe, start, end)
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
    given = {Interval.parse(part.strip()) for text in texts for part in text.split(",")}
    others = sorted(given - {ONE_MINUTE, ONE_DAY})
    if others:
        raise InputError(f"--interval {others[0]}: 1m and 1d are fetched, others are derived from them")
    return sorted(given, reverse=True)
