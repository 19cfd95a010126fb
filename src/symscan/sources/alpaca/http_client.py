"""The official REST client, with what it lacks: timeouts, and retries that outlast a rate limit.

The only module that imports it for REST: import it where it is used, since the client is an extra and slow to
import.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

from symscan.sources.alpaca.credentials import AlpacaKeys

__all__ = ["APIError", "HttpClient", "HttpTimeouts", "RequestException"]

_RETRIED: Final = (429, 500, 502, 503, 504)

# The client raises or repeats what it logs: without a handler it would be printed on the terminal as well.
logging.getLogger("alpaca").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class HttpTimeouts:
    """Timeouts of a request, and retries where they may help.

    Attributes
    ----------
    connect_seconds, read_seconds
        Until there is a connection; between two pieces of an answer.
    retries
        How often a request is repeated after too many requests or a server's error.
    first_wait_seconds, longest_wait_seconds
        Until it is repeated; every wait is twice the one before. A rate limit counts by the minute, so
        together they should come to about one.
    """

    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    retries: int = 15
    first_wait_seconds: float = 0.25
    longest_wait_seconds: float = 5.0


class _TimeoutAdapter(HTTPAdapter):
    """Adds a timeout to every request: the client has none, and would wait forever."""

    def __init__(self, connect_seconds: float, read_seconds: float) -> None:
        super().__init__()
        self._timeout = (connect_seconds, read_seconds)

    def send(  # the base's signature
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        waited = self._timeout if timeout is None else timeout
        return super().send(
            request, stream=stream, timeout=waited, verify=verify, cert=cert, proxies=dict(proxies or {})
        )


class HttpClient(RESTClient):
    """One of Alpaca's REST services; for one thread at a time.

    Parameters
    ----------
    keys
        The account's keys.
    base_url, version
        The service: ``https://data.alpaca.markets`` and ``v2``.
    timeouts
        Timeouts and retries.
    """

    def __init__(self, keys: AlpacaKeys, base_url: str, version: str, timeouts: HttpTimeouts) -> None:
        super().__init__(
            base_url,
            keys.key_id,
            keys.secret,
            api_version=version,
            raw_data=True,
            retry_attempts=timeouts.retries,
            retry_exception_codes=list(_RETRIED),
        )
        self._timeouts = timeouts
        adapter = _TimeoutAdapter(timeouts.connect_seconds, timeouts.read_seconds)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> dict[str, Any]:
        waited = self._timeouts.first_wait_seconds * 2.0 ** (self._timeouts.retries - retry)
        # The base sleeps so long should this request fail; it takes fractions, too.
        self._retry_wait = min(waited, self._timeouts.longest_wait_seconds)  # type: ignore[assignment]
        return super()._one_request(method, url, opts, retry)
