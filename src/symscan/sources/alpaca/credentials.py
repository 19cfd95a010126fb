"""The keys of an account and the addresses of the services.

Both come from the environment, and nothing of a key is ever shown.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from symscan.errors import InputError

KEY_ID: Final = "APCA_API_KEY_ID"
SECRET_KEY: Final = "APCA_API_SECRET_KEY"
DATA_URL: Final = "APCA_API_DATA_URL"
STREAM_URL: Final = "APCA_API_STREAM_URL"
TRADING_URL: Final = "APCA_API_BASE_URL"

_DATA: Final = "https://data.alpaca.markets"
_STREAM: Final = "wss://stream.data.alpaca.markets"
_PAPER: Final = "https://paper-api.alpaca.markets"
_LIVE: Final = "https://api.alpaca.markets"

_ENCRYPTED: Final = frozenset({"https", "wss"})
_PLAIN: Final = {"https": "http", "wss": "ws"}


@dataclass(frozen=True, slots=True)
class AlpacaKeys:
    """The keys of an account; neither shows in a text made of this object."""

    key_id: str = field(repr=False)
    secret: str = field(repr=False)

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> AlpacaKeys:
        """Read the keys from ``APCA_API_KEY_ID`` and ``APCA_API_SECRET_KEY``.

        Raises
        ------
        InputError
            If one is not set; it says which.
        """
        values = {name: environment.get(name, "").strip() for name in (KEY_ID, SECRET_KEY)}
        missing = [name for name, value in values.items() if not value]
        if missing:
            raise InputError(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set in the environment; "
                "make a pair of keys in Alpaca's dashboard and set both variables"
            )
        return AlpacaKeys(values[KEY_ID], values[SECRET_KEY])

    @property
    def is_paper(self) -> bool:
        """Whether the keys belong to a paper account."""
        return self.key_id.startswith("PK")

    def redact(self, text: str) -> str:
        """Remove the keys from a text, such as a server's message that repeats them."""
        return text.replace(self.secret, "***").replace(self.key_id, "***")


@dataclass(frozen=True, slots=True)
class AlpacaHosts:
    """The addresses of the services: market data, stream, and trading, which has the market's clock.

    ``trading_url`` is None for Alpaca's own, of which there are two: paper and live accounts'.

    Raises
    ------
    InputError
        If an address is none, or is not encrypted and leads off this computer.
    """

    data_url: str = _DATA
    stream_url: str = _STREAM
    trading_url: str | None = None

    def __post_init__(self) -> None:
        _check(DATA_URL, self.data_url, "https")
        _check(STREAM_URL, self.stream_url, "wss")
        if self.trading_url is not None:
            _check(TRADING_URL, self.trading_url, "https")

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> AlpacaHosts:
        """Return Alpaca's own addresses, unless the environment names others.

        The variables are ``APCA_API_DATA_URL``, ``APCA_API_STREAM_URL`` and ``APCA_API_BASE_URL``.

        Raises
        ------
        InputError
            If an address is none, or is not encrypted and leads off this computer.
        """
        return AlpacaHosts(
            _address(environment, DATA_URL) or _DATA,
            _address(environment, STREAM_URL) or _STREAM,
            _address(environment, TRADING_URL),
        )

    def trading_urls(self, *, paper: bool) -> tuple[str, ...]:
        """Return where such keys may read the market's clock, the likelier address first."""
        if self.trading_url is not None:
            return (self.trading_url,)
        return (_PAPER, _LIVE) if paper else (_LIVE, _PAPER)


def _address(environment: Mapping[str, str], name: str) -> str | None:
    # Users often include the version; the client adds its own.
    return environment.get(name, "").strip().rstrip("/").removesuffix("/v2").rstrip("/") or None


def _check(name: str, address: str, scheme: str) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        raise InputError(f"{name}: '{address}' is no address; write {scheme}://HOST") from None
    if parts.scheme not in (scheme, _PLAIN[scheme]) or not host:
        raise InputError(f"{name}: '{address}' is no address of this kind; write {scheme}://HOST")
    if parts.scheme not in _ENCRYPTED and not _is_loopback(host):
        raise InputError(
            f"{name}: '{address}' is not encrypted, and the keys would be sent there; write {scheme}://{host}"
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
