"""What a request must be to be answered, and what a browser may do with the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from symscan.dashboard.columns import as_json
from symscan.dashboard.parameters import MOST_CHARACTERS
from symscan.dashboard.sign_in import COOKIE, SignIn

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_API: Final = "/api/"
SIGN_IN_PATH: Final = "/api/v1/sign-in"
_LOOPBACK: Final = ("localhost", "localhost.")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the server.

    Attributes
    ----------
    is_loopback
        Whether it is bound to this computer's loopback addresses alone.
    names
        The host names by which it may be addressed, beside addresses of computers.
    sign_in
        Holds the token; None where none is needed.
    """

    is_loopback: bool = True
    names: Sequence[str] = ()
    sign_in: SignIn | None = None

    def knows_host(self, host: str) -> bool:
        """Return whether a ``Host`` header is one of ours: a foreign name that leads here is not."""
        name = _host_name(host)
        if name is None:
            return False
        if name in _LOOPBACK or name in self.names:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.is_loopback


class Guard:
    """Refuses requests that no page of ours makes, and adds the headers that confine the page.

    Parameters
    ----------
    app
        What answers the others.
    access
        Who may use it.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # a WebSocket is closed by saying nothing
        with_headers = _adding_headers(send)
        refused = _refusal(scope, self._access)
        if refused is not None:
            await refused(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)


def refuse(status: int, error: str, hint: str) -> Response:
    """Return an error that says the next step."""
    body = as_json({"error": error, "hint": hint})
    return Response(body, status, {"Cache-Control": "no-store"}, "application/json")


def _refusal(scope: Scope, access: Access) -> Response | None:
    """Return why a request is not answered; None if it is."""
    headers = Headers(scope=scope)
    if not access.knows_host(headers.get("host", "")):
        return refuse(400, "this server is not known by that name", "open the address that symscan printed")
    if len(scope.get("query_string", b"")) > MOST_CHARACTERS or len(scope["path"]) > MOST_CHARACTERS:
        return refuse(414, "the address is too long", "choose fewer scanners or symbols")
    if scope["method"] not in ("GET", "HEAD", "POST"):
        return refuse(405, "there is nothing to change here", "the dashboard only reads")
    if not _is_own_origin(headers, str(scope.get("scheme", "http"))):
        return refuse(403, "another site asked for this", "open the address that symscan printed")
    is_open = not scope["path"].startswith(_API) or scope["path"] == SIGN_IN_PATH
    if access.sign_in is not None and not is_open and not access.sign_in.knows(_cookie(headers)):
        return refuse(401, "you are not signed in", "open the address with the token, or give the token")
    return None


def _is_own_origin(headers: Headers, scheme: str) -> bool:
    """Return whether a request is of our own page, or of an address that somebody opened."""
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"{scheme}://{headers.get('host', '')}".lower():
        return False
    site = headers.get("sec-fetch-site")
    is_opened = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return site in (None, "same-origin", "none") or is_opened


def _cookie(headers: Headers) -> str | None:
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return None


def _host_name(host: str) -> str | None:
    """Return the name or address of a ``Host`` header without its port; None if it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port  # raises where it is no number
    except ValueError:
        return None
    if parts.netloc != host or parts.username is not None or parts.path or not parts.hostname:
        return None
    return parts.hostname.lower()


def _adding_headers(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return with_headers
