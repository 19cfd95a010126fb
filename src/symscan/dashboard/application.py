"""The application: addresses to answers. Every answer is read only; all are made by one worker thread."""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from hashlib import sha256
from secrets import token_hex
from typing import Any, Final

import orjson
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from symscan.dashboard.columns import as_json
from symscan.dashboard.live_streams import LiveStreams
from symscan.dashboard.opened_runs import OpenedRun, OpenedRuns
from symscan.dashboard.parameters import Parameters
from symscan.dashboard.queries import lists, overview, reasons, runs, scanners, symbol, times
from symscan.dashboard.security import SIGN_IN_PATH, Access, Guard, refuse
from symscan.dashboard.sign_in import COOKIE
from symscan.dashboard.vendored import static_files
from symscan.errors import DataError, InputError, SymscanError

_Query = Callable[[OpenedRun, Parameters], dict[str, Any]]

QUERIES: Final[Mapping[str, _Query]] = {
    "": times.head,
    "/times": times.session_times,
    "/overview": overview.overview,
    "/stays": lists.stays,
    "/now": lists.now,
    "/hits": lists.hits,
    "/bars": symbol.bars,
    "/indicators": symbol.indicators,
    "/lanes": symbol.lanes,
    "/symbols": symbol.symbols,
    "/why": reasons.why,
    "/scanner": scanners.scanner,
    "/study": scanners.study,
    "/config": runs.config,
}
"""What is answered of a run, by the end of its address."""

_RUNS: Final = "/api/v1/runs"
_MOST_ANSWERS: Final = 64
_LARGEST_ANSWER: Final = 4_000_000
_LARGEST_BODY: Final = 2_000
_TYPES: Final = {"js": "text/javascript", "css": "text/css", "html": "text/html", "svg": "image/svg+xml"}
_HINTS: Final = "symscan runs lists the runs with what is wrong with them"


def make_application(folder: OpenedRuns, access: Access) -> ASGIApp:
    """Return the application that shows the runs of a folder.

    Parameters
    ----------
    access
        Who may use it.
    """
    api = _Api(folder, access)
    routes = [
        Route("/", _static("index.html")),
        *(Route(f"/static/{name}", _static(name)) for name in static_files()),
        Route("/healthz", _health),
        Route(SIGN_IN_PATH, api.sign_in, methods=["POST"]),
        Route("/api/v1/about", api.about),
        Route(_RUNS, api.runs),
        Route(f"{_RUNS}/{{run}}/stays.csv", api.stays_csv),
        Route(f"{_RUNS}/{{run}}/live", api.live),
        Route(f"{_RUNS}/{{run}}/compare/{{other}}", api.compare),
        *(Route(f"{_RUNS}/{{run}}{end}", partial(api.of_run, query)) for end, query in QUERIES.items()),
    ]
    handlers: Any = {SymscanError: _on_error, HTTPException: _on_http_error, Exception: _on_fault}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), access)


class _Api:
    """The answers as JSON; those that were asked for last are kept."""

    def __init__(self, folder: OpenedRuns, access: Access) -> None:
        self._folder = folder
        self._access = access
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._worker: CapacityLimiter | None = None
        self._streams = LiveStreams(folder)
        self._start = token_hex(8)  # what an earlier server answered is not kept by the browser

    async def of_run(self, query: _Query, request: Request) -> Response:
        """Answer a query of one run."""
        name = request.path_params["run"]
        asked = _parameters(request)
        if query is scanners.study:  # which may be made, or made anew, at any time
            answer = await self._in_worker(lambda: as_json(query(self._folder.open(name), asked)))
            return Response(answer, headers={"Cache-Control": "no-store"}, media_type="application/json")
        return await self._answer(request, (name,), lambda: query(self._folder.open(name), asked))

    async def compare(self, request: Request) -> Response:
        """Answer in what two runs differ."""
        a, b = request.path_params["run"], request.path_params["other"]
        _parameters(request).expect()
        return await self._answer(
            request, (a, b), lambda: runs.compare(self._folder.open(a), self._folder.open(b))
        )

    async def stays_csv(self, request: Request) -> Response:
        """Answer the stays that are listed as a file."""
        name, asked = request.path_params["run"], _parameters(request)
        body = await self._in_worker(lambda: lists.stays_csv(self._folder.open(name), asked))
        headers = {"Content-Disposition": 'attachment; filename="stays.csv"', "Cache-Control": "no-store"}
        return Response(body, headers=headers, media_type="text/csv")

    async def live(self, request: Request) -> Response:
        """Answer the events of a live session, those so far and each as it is recorded."""
        asked = _parameters(request)
        asked.expect("after")
        after = request.headers.get("last-event-id") or asked.text("after")
        record = await self._in_worker(lambda: self._streams.record(request.path_params["run"]))
        return self._streams.response(record, after)

    async def runs(self, request: Request) -> Response:
        """Answer which runs there are: as they are now."""
        asked = _parameters(request)
        answer = await self._in_worker(lambda: as_json(runs.runs(self._folder, asked)))
        return Response(answer, headers={"Cache-Control": "no-store"}, media_type="application/json")

    async def about(self, request: Request) -> Response:
        """Answer versions and licences."""
        _parameters(request).expect()
        answer = await self._in_worker(lambda: as_json(runs.about()))
        return Response(answer, media_type="application/json")

    async def sign_in(self, request: Request) -> Response:
        """Exchange the token for a cookie."""
        sign_in = self._access.sign_in
        if sign_in is None:
            return Response(status_code=204)
        if sign_in.is_locked:
            return refuse(429, "too many wrong tokens", "wait a minute, then open the address again")
        cookie = sign_in.exchange(await _token(request))
        if cookie is None:
            return refuse(401, "this is not the token", "copy the address that symscan printed as it is")
        done = Response(status_code=204)
        is_secure = request.url.scheme == "https"
        done.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", path="/", secure=is_secure)
        return done

    async def _answer(self, request: Request, names: tuple[str, ...], make: Callable[[], Any]) -> Response:
        stamps = await self._in_worker(lambda: [self._folder.fingerprint(name) for name in names])
        key = sha256(f"{self._start}\0{stamps}\0{request.url.path}\0{request.url.query}".encode()).hexdigest()
        headers = {"ETag": f'"{key[:32]}"', "Cache-Control": "private, no-cache"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        body = self._kept.get(key)
        if body is None:
            body = await self._in_worker(lambda: as_json(make()))
            self._keep(key, body)
        return Response(body, headers=headers, media_type="application/json")

    def _keep(self, key: str, body: bytes) -> None:
        if len(body) <= _LARGEST_ANSWER:
            self._kept[key] = body
        while len(self._kept) > _MOST_ANSWERS:
            self._kept.popitem(last=False)

    async def _in_worker(self, make: Callable[[], Any]) -> Any:
        """Make an answer on the one thread that owns runs and stores."""
        if self._worker is None:
            self._worker = CapacityLimiter(1)
        return await to_thread.run_sync(make, limiter=self._worker)


def _parameters(request: Request) -> Parameters:
    given: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        given.setdefault(name, []).append(value)
    return Parameters(given)


async def _token(request: Request) -> str:
    """Read the token of a request; nothing where it has none.

    Raises
    ------
    HTTPException
        If the body is too long, or no JSON.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send the token as JSON")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_BODY:
            raise HTTPException(413, "a token is shorter")
    try:
        given = orjson.loads(body)
    except ValueError:
        raise HTTPException(400, "send the token as JSON") from None
    token = given.get("token") if isinstance(given, dict) else None
    return token if isinstance(token, str) else ""


async def _health(_request: Request) -> Response:
    return Response(b"ok\n", media_type="text/plain", headers={"Cache-Control": "no-store"})


def _static(name: str) -> Callable[[Request], Awaitable[Response]]:
    """Return what serves a file: those with their version in the name for good, others when they changed."""
    kind = _TYPES[name.rpartition(".")[2]]
    caching = "public, max-age=31536000, immutable" if name.startswith("vendor/") else "no-cache"

    async def serve(request: Request) -> Response:
        plain, packed, tag = _content(name)
        headers = {"Cache-Control": caching, "ETag": tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=kind)
        return Response(plain, headers=headers, media_type=kind)

    return serve


@lru_cache(maxsize=128)
def _content(name: str) -> tuple[bytes, bytes, str]:
    plain = static_files()[name].read_bytes()
    return plain, gzip.compress(plain, 6, mtime=0), f'"{sha256(plain).hexdigest()[:32]}"'


async def _on_error(_request: Request, error: Exception) -> Response:
    """Answer a mistake in what was asked, or a run that cannot be read."""
    status = 400 if isinstance(error, InputError) and not isinstance(error, DataError) else 409
    return refuse(
        status, str(error), _HINTS if isinstance(error, DataError) else "go back, or choose another run"
    )


async def _on_http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refuse(error.status_code, str(error.detail).lower(), "go back to the first page")


async def _on_fault(_request: Request, _error: Exception) -> Response:
    """Answer a fault of ours: what it was stands in the terminal, not in the page."""
    return refuse(500, "symscan failed to answer", "the terminal in which it runs says why; please report it")
