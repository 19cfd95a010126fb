"""Client of Alpaca's REST services: bars, splits, the market's clock.

All calls wait for the answer, and are thread-safe.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from symscan.errors import FeedError, InputError
from symscan.model.bar import FIELDS
from symscan.model.instant import Instant, from_datetime, to_datetime, to_iso
from symscan.model.interval import ONE_DAY, ONE_MINUTE, Interval
from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
from symscan.sources.alpaca.errors import SymbolsRefused, refusal_error
from symscan.sources.alpaca.stored_rows import NEW_YORK

if TYPE_CHECKING:
    import polars as pl

    from symscan.sources.alpaca.http_client import HttpClient, HttpTimeouts

_TIMEFRAMES: Final = {ONE_MINUTE: "1Min", ONE_DAY: "1Day"}
_PAGE_BARS: Final = 10_000
_PAGE_ACTIONS: Final = 1_000

_SYMBOLS_LENGTH: Final = 4_000
"""Characters of symbols in one address: servers take 8,000 of everything."""

_AROUND: Final = timedelta(days=30)
"""Corporate actions are found by their processing date, which may be another than the ex-date."""


class AlpacaRest:
    """Alpaca's REST services, for one feed.

    Parameters
    ----------
    keys
        The keys of the account.
    hosts
        The addresses of the services.
    feed
        ``iex`` or ``sip``: sent with every request for bars, for their volumes have nothing in common.
    timeouts
        Timeouts and retries.

    Attributes
    ----------
    refused
        Symbols that Alpaca refused, with its messages: answers hold no bars of them.

    Raises
    ------
    InputError
        If the feed is neither, or the client is not installed.
    """

    def __init__(
        self, keys: AlpacaKeys, hosts: AlpacaHosts, feed: str, timeouts: HttpTimeouts | None = None
    ) -> None:
        check_feed(feed)
        require_client()
        self.feed = feed
        self.refused: dict[str, str] = {}
        self._keys = keys
        self._hosts = hosts
        self._timeouts = timeouts
        self._clients = threading.local()  # the client is not thread-safe

    def bars(
        self,
        symbols: Sequence[str],
        interval: Interval,
        start: Instant,
        end: Instant,
        *,
        asof: date | None = None,
    ) -> pl.DataFrame:
        """Fetch the bars with ``start <= start of the bar < end``, as traded: no splits, no dividends.

        Parameters
        ----------
        symbols, interval
            Their symbols and interval: ``1m`` or ``1d``.
        start, end
            UTC microseconds.
        asof
            The day at which symbols are mapped to companies; None for the last requested day. Earlier bars
            are those of the same companies under former symbols, not those of former owners of a symbol.

        Returns
        -------
        A frame ``symbol`` (String), ``start`` (Datetime of microseconds in UTC; of 1d bars midnight in New
        York), ``open``, ``high``, ``low``, ``close``, ``volume`` (Float64), by symbol and start.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        """
        import polars as pl

        found = [page for page in self.pages(symbols, interval, start, end, asof=asof) if page.height]
        if not found:
            return bars_frame({})
        return pl.concat(found).sort("symbol", "start", maintain_order=True)

    def pages(
        self,
        symbols: Sequence[str],
        interval: Interval,
        start: Instant,
        end: Instant,
        *,
        asof: date | None = None,
    ) -> Iterator[pl.DataFrame]:
        """Fetch the same bars page by page, at most 10,000 in one."""
        if end <= start:
            return
        asof_date = asof or to_datetime(end - 1).astimezone(NEW_YORK).date()
        query = {
            "timeframe": _timeframe(interval),
            "start": to_iso(start),
            "end": to_iso(end - 1),  # Alpaca's end is inclusive
            "limit": _PAGE_BARS,
            "adjustment": "raw",
            "feed": self.feed,
            "asof": asof_date.isoformat(),
        }
        for page in self._symbol_pages("v2", "/stocks/bars", query, symbols):
            yield bars_frame(page.get("bars") or {})

    def splits(self, symbols: Sequence[str], start: date, end: date) -> pl.DataFrame:
        """Fetch the splits with ``start <= ex_date <= end``: ``symbol``, ``ex_date``, ``ratio`` (4.0 is 4:1).

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        """
        import polars as pl

        query = {
            "types": "forward_split,reverse_split",
            "start": (start - _AROUND).isoformat(),
            "end": (end + _AROUND).isoformat(),
            "limit": _PAGE_ACTIONS,
        }
        rows = [
            split
            for page in self._symbol_pages("v1", "/corporate-actions", query, symbols)
            for split in splits_of(page)
        ]
        schema = {"symbol": pl.String, "ex_date": pl.Date, "ratio": pl.Float64}
        frame = pl.DataFrame(rows, schema, orient="row")
        return frame.filter(pl.col("ex_date").is_between(start, end)).unique().sort("symbol", "ex_date")

    def clock(self) -> tuple[Instant, Instant]:
        """Fetch the market's clock, and this computer's at the same time.

        Raises
        ------
        FeedError
            If Alpaca refuses, or cannot be reached.
        """
        urls = self._hosts.trading_urls(paper=self._keys.is_paper)
        for url in urls[:-1]:
            try:
                return self._clock(url)
            except FeedError:
                continue  # keys of the other kind of account
        return self._clock(urls[-1])

    def _clock(self, url: str) -> tuple[Instant, Instant]:
        # Twice, since the first request includes connecting: the quicker answer is the more accurate.
        _, market, ours = min(self._measure_clock(url) for _ in range(2))
        return market, ours

    def _measure_clock(self, url: str) -> tuple[int, Instant, Instant]:
        before = time.time_ns()
        answer = self._get(url, "v2", "/clock", {})
        after = time.time_ns()
        try:
            market = from_datetime(datetime.fromisoformat(str(answer["timestamp"])))
        except (KeyError, ValueError):
            raise FeedError("Alpaca's clock gave an answer without a time; try again later") from None
        return after - before, market, (before + after) // 2_000

    def _symbol_pages(
        self, version: str, path: str, query: Mapping[str, Any], symbols: Sequence[str]
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the pages of all symbols that Alpaca accepts: a refused symbol must not fail the others."""
        batches: list[Sequence[str]] = list(_batches(symbols))
        while batches:
            batch = batches.pop(0)
            try:
                yield from self._pages(version, path, {**query, "symbols": ",".join(batch)})
            except SymbolsRefused as error:
                self.refused.update(dict.fromkeys(error.refused_of(batch), error.reason))
                batches[:0] = error.remaining_batches(batch)

    def _pages(self, version: str, path: str, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        token: str | None = None
        while True:
            page = self._get(self._hosts.data_url, version, path, {**query, "page_token": token})
            yield page
            following = page.get("next_page_token")
            if following is None:
                return
            if following == token:
                raise FeedError(f"Alpaca gives the same page of {path} for ever; try again later")
            token = following

    def _get(self, url: str, version: str, path: str, query: dict[str, Any]) -> Mapping[str, Any]:
        from symscan.sources.alpaca.http_client import APIError, RequestException

        host = url.partition("://")[2]
        try:
            answer = self._client(url, version).get(path, query)
        except APIError as error:
            raise refusal_error(error.status_code, str(error), self.feed, self._keys.redact) from None
        except (RequestException, ValueError) as error:
            raise FeedError(self._keys.redact(_unreachable(host, error))) from None
        if not isinstance(answer, dict):
            raise FeedError(f"{host} gave an answer that is none of Alpaca's; check the address")
        return answer

    def _client(self, url: str, version: str) -> HttpClient:
        from symscan.sources.alpaca.http_client import HttpClient, HttpTimeouts

        clients: dict[str, HttpClient] = self._clients.__dict__
        name = f"{url}/{version}"
        if name not in clients:
            clients[name] = HttpClient(self._keys, url, version, self._timeouts or HttpTimeouts())
        return clients[name]


def check_feed(feed: str) -> None:
    """Check the name of a feed.

    Raises
    ------
    InputError
        If it is neither ``iex`` nor ``sip``.
    """
    if feed not in ("iex", "sip"):
        raise InputError(f"feed '{feed}': Alpaca has iex (one exchange, free) and sip (all of them)")


def require_client() -> None:
    """Check that the official client is installed.

    Raises
    ------
    InputError
        If it is not.
    """
    from importlib.util import find_spec

    if find_spec("alpaca") is None:
        raise InputError("Alpaca's client is not installed; install it: pip install 'symscan[alpaca]'")


def _timeframe(interval: Interval) -> str:
    if interval not in _TIMEFRAMES:
        raise InputError(f"bars of {interval} are not fetched; ask for 1m or 1d, the others are derived")
    return _TIMEFRAMES[interval]


def _batches(symbols: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split the symbols, each once, into batches that fit into a URL."""
    batch: list[str] = []
    length = 0
    for symbol in dict.fromkeys(symbols):
        length += len(quote(symbol)) + len("%2C")
        if length > _SYMBOLS_LENGTH:
            yield batch
            batch, length = [], len(quote(symbol)) + len("%2C")
        batch.append(symbol)
    if batch:
        yield batch


def _unreachable(host: str, error: Exception) -> str:
    kind = "did not answer in time" if "timed out" in str(error).lower() else "cannot be reached"
    if isinstance(error, ValueError) and type(error).__name__ == "JSONDecodeError":
        return f"{host} gave an answer that is none of Alpaca's; check the address"
    return f"{host} {kind} ({type(error).__name__}); check the network, and try again"


_JSON_KEYS: Final = ("t", "o", "h", "l", "c", "v")
_SPLITS: Final = ("forward_splits", "reverse_splits")


def bars_frame(bars: Mapping[str, Sequence[Mapping[str, Any]]]) -> pl.DataFrame:
    """Convert a page of bars by symbol to a frame: ``symbol``, ``start``, open to volume.

    Raises
    ------
    FeedError
        If something in it is no bar.
    """
    import polars as pl

    columns: dict[str, list[Any]] = {}
    try:
        symbols = [symbol for symbol, found in bars.items() for _ in found]
        for name, key in zip(("start", *FIELDS), _JSON_KEYS, strict=True):
            columns[name] = [bar[key] for found in bars.values() for bar in found]
        numbers = [pl.Series(name, columns[name], pl.Float64) for name in FIELDS]
        start = pl.Series("start", columns["start"], pl.String).str.to_datetime(
            "%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC"
        )
    except (KeyError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        raise FeedError(f"Alpaca sent bars that are none ({_first_words(error)}); try again later") from None
    return pl.DataFrame([pl.Series("symbol", symbols, pl.String), start, *numbers])


def splits_of(page: Mapping[str, Any]) -> Iterator[tuple[str, date, float]]:
    """Yield the splits in a page of corporate actions: symbol, ex-date, ratio.

    Raises
    ------
    FeedError
        If one is no split.
    """
    actions = page.get("corporate_actions") or {}
    for action in (action for kind in _SPLITS for action in actions.get(kind) or ()):
        try:
            ratio = float(action["new_rate"]) / float(action["old_rate"])
            yield str(action["symbol"]), date.fromisoformat(action["ex_date"]), ratio
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            raise FeedError(f"Alpaca sent a split that is none: {action}; try again later") from None


def _first_words(error: Exception) -> str:
    return str(error).partition("\n")[0][:150]
