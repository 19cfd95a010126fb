"""The REST half of the stand-in for Alpaca: bars with paging, splits, the clock; faults on command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgpack  # type: ignore[import-untyped]
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from symscan.model.instant import MINUTE, Instant, from_datetime, to_iso
from symscan.sources.alpaca.credentials import AlpacaKeys

T = TypeVar("T")

Answer = tuple[int, Any]

HOLDING = 0.005
"""Seconds after which what is held up looks again whether it may go on."""


@dataclass(frozen=True, order=True)
class ServerBar:
    """A bar as Alpaca knows it: by the instant it starts, UTC microseconds."""

    symbol: str
    start: Instant
    open: float
    high: float
    low: float
    close: float
    volume: float

    @staticmethod
    def flat(symbol: str, end: Instant, price: float, volume: float = 100.0) -> ServerBar:
        """A minute bar of one price, by the instant it is complete."""
        return ServerBar(symbol, end - MINUTE, price, price, price, price, volume)

    def to_message(self, channel: str) -> dict[str, Any]:
        """As the stream sends it: numbers without a fraction as integers, as they really come."""
        seconds, micros = divmod(self.start, 1_000_000)
        return {
            "T": "u" if channel == "updatedBars" else "b",
            "S": self.symbol,
            **self._numbers(),
            "t": msgpack.Timestamp(seconds, micros * 1_000),
        }

    def to_json(self) -> dict[str, Any]:
        """As REST gives it."""
        return {"t": to_iso(self.start), **self._numbers()}

    def _numbers(self) -> dict[str, float]:
        values = {"o": self.open, "h": self.high, "l": self.low, "c": self.close, "v": self.volume}
        plain = {key: int(value) if float(value).is_integer() else value for key, value in values.items()}
        return plain | {"n": 1, "vw": self.close}


@dataclass(frozen=True)
class ServerSplit:
    """A split: four new shares for one old are ``new_rate`` 4, ``old_rate`` 1."""

    symbol: str
    ex_date: date
    new_rate: float
    old_rate: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """As the corporate actions give it."""
        return {
            "symbol": self.symbol,
            "cusip": "000000000",
            "new_rate": self.new_rate,
            "old_rate": self.old_rate,
            "process_date": self.ex_date.isoformat(),
            "ex_date": self.ex_date.isoformat(),
        }


class RestHalf:
    """Answers requests.

    Attributes
    ----------
    requests
        What was asked: the path, and the query's parameters.
    splits
        The splits there are.
    invalid
        Symbols that are none: who asks for one of them is refused everything, in words made of the first.
    complaint
        The words, with a place for the symbol.
    held
        Which requests, by their path and query, are answered only when this is no longer so.
    clock_offset
        How far its clock is ahead of this computer's.
    stands_at
        What its clock shows for now, whenever it is asked; it goes on from the last time it was. None where
        it goes.
    goes_when_asked
        Whether it goes as soon as it is asked.
    over
        Set when the server ends; of its loop.
    """

    def __init__(
        self, keys: AlpacaKeys, feeds: Sequence[str], page_limit: int, tell: Callable[[], None]
    ) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.splits: list[ServerSplit] = []
        self.invalid: set[str] = set()
        self.complaint = "invalid symbol: {}"
        self.held: Callable[[str, Mapping[str, str]], bool] = lambda *_: False
        self.clock_offset = timedelta()
        self.stands_at: datetime | None = None
        self.goes_when_asked = False
        self.over: asyncio.Event
        self._keys = keys
        self._feeds = feeds
        self._page_limit = page_limit
        self._tell = tell
        self._bars: dict[str, list[ServerBar]] = {"1Min": [], "1Day": []}
        self._faults: list[tuple[int, str]] = []
        self._delays: list[float] = []

    def add_bars(self, timeframe: str, bars: Iterable[ServerBar]) -> None:
        """More bars of ``1Min`` or ``1Day``."""
        self._bars[timeframe] = sorted([*self._bars[timeframe], *bars])

    def fail(self, status: int, times: int = 1, body: str = '{"message": "failed on command"}') -> None:
        """Answer the next requests with an error, or with nonsense: any status, any body."""
        self._faults.extend([(status, body)] * times)

    def delay(self, seconds: float, times: int = 1) -> None:
        """Let the next requests wait for their answer."""
        self._delays.extend([seconds] * times)

    def asked(self, path: str) -> list[dict[str, str]]:
        """The queries of the requests for a path so far."""
        return [query for asked, query in list(self.requests) if asked == path]

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        parts = urlsplit(request.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.requests.append((parts.path, query))
        self._tell()
        if self._delays:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), self._delays.pop(0))
        while self.held(parts.path, query) and not self.over.is_set():
            await asyncio.sleep(HOLDING)
        if self._faults:
            return _response(*self._faults.pop(0))
        status, answer = self._answer(parts.path, query, request.headers)
        return _response(status, json.dumps(answer))

    def _answer(self, path: str, query: Mapping[str, str], headers: Headers) -> Answer:
        keys = (headers.get("APCA-API-KEY-ID"), headers.get("APCA-API-SECRET-KEY"))
        if keys != (self._keys.key_id, self._keys.secret):
            return 401, {"message": "unauthorized."}
        if path == "/v2/clock":
            return 200, {"timestamp": self._shown().isoformat(), "is_open": True}
        if path == "/v2/stocks/bars":
            return self._stock_bars(query)
        if path == "/v1/corporate-actions":
            return self._corporate_actions(query)
        return 404, {"message": "endpoint not found."}

    def _shown(self) -> datetime:
        now = datetime.now(UTC)
        if self.stands_at is not None:
            self.clock_offset = self.stands_at - now
            self.stands_at = None if self.goes_when_asked else self.stands_at
        return now + self.clock_offset

    def _stock_bars(self, query: Mapping[str, str]) -> Answer:
        if query.get("feed", "sip") not in self._feeds:
            return 403, {"message": "subscription does not permit querying recent SIP data"}
        if query.get("timeframe") not in self._bars or not query.get("symbols"):
            return 400, {"message": "invalid timeframe or no symbols"}
        if not 1 <= int(query.get("limit", 1000)) <= 10_000:
            return 400, {"message": "invalid limit"}
        start, end = (_instant(query[name]) for name in ("start", "end"))
        if start > end:
            return 422, {"message": "end should not be before start"}
        symbols = set(query["symbols"].split(","))
        if invalid := sorted(symbols & self.invalid):
            return 400, {"message": self.complaint.format(invalid[0])}
        found = [
            bar
            for bar in self._bars[query["timeframe"]]
            if bar.symbol in symbols and start <= bar.start <= end
        ]
        page, token = self._page(found, query)
        bars: dict[str, list[Any]] = {}
        for bar in page:
            bars.setdefault(bar.symbol, []).append(bar.to_json())
        return 200, {"bars": bars, "next_page_token": token}

    def _corporate_actions(self, query: Mapping[str, str]) -> Answer:
        symbols = set(query["symbols"].split(","))
        start, end = (date.fromisoformat(query[name]) for name in ("start", "end"))
        found = [s for s in self.splits if s.symbol in symbols and start <= s.ex_date <= end]
        page, token = self._page(found, query)
        actions: dict[str, list[Any]] = {}
        for split in page:
            kind = "forward_splits" if split.new_rate > split.old_rate else "reverse_splits"
            actions.setdefault(kind, []).append(split.to_json())
        return 200, {"corporate_actions": actions, "next_page_token": token}

    def _page(self, found: Sequence[T], query: Mapping[str, str]) -> tuple[Sequence[T], str | None]:
        first = int(query.get("page_token", 0))
        last = first + min(int(query.get("limit", 1000)), self._page_limit)
        return found[first:last], str(last) if last < len(found) else None


def _instant(text: str) -> Instant:
    return from_datetime(datetime.fromisoformat(text))


def _response(status: int, body: str) -> Response:
    data = body.encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(data))})
    headers["Connection"] = "close"
    return Response(status, HTTPStatus(status).phrase, headers, data)
