"""Send one message through apprise, and return what became of it, without a word of the address.

What apprise and the services say may hold the address, so that it is neither logged nor shown.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any, Final

from symscan.errors import InputError

MISSING: Final = "alerts need apprise; install it: pip install 'symscan[alerts]', or leave 'alerts' out"

_QUIET: Final = ("apprise", "urllib3", "requests")
"""The loggers that name addresses."""

_GONE: Final = frozenset({401, 403, 404, 410})
"""Answers that no other message changes."""

_TOO_MANY: Final = 429
_SERVER_FAULT: Final = 500
_TAKEN: Final = range(200, 300)


class Fate(StrEnum):
    """What became of a message that was sent."""

    SENT = "sent"
    REFUSED = "refused"
    """It was not taken; another try may help."""
    REJECTED = "rejected"
    """It was not taken and will not be; another message may."""
    GONE = "gone"
    """It was not taken, and no other will be."""
    PERHAPS = "perhaps"
    """It may have been taken."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message.

    Attributes
    ----------
    reason
        Why it was not sent, in words of ours.
    retry_after_seconds
        How long the service wants not to be asked; None where it did not say.
    """

    fate: Fate
    reason: str = ""
    retry_after_seconds: float | None = None


class _Exchanges(threading.local):
    """What happened on the network while this thread sends a message; None while it does not."""

    answers: list[Delivery] | None = None


_EXCHANGES: Final = _Exchanges()


class Service:
    """What takes messages at one address.

    Parameters
    ----------
    url
        The address, as apprise reads it.

    Attributes
    ----------
    name
        The name of the service, such as ``Telegram``.

    Raises
    ------
    InputError
        If apprise is not installed, or knows no such address; the address is not shown.
    """

    def __init__(self, url: str) -> None:
        apprise = _apprise()
        asset = apprise.AppriseAsset(app_id="symscan", app_desc="symscan", secure_logging=True)
        try:
            made = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        except Exception:  # the plug-in boundary: apprise's services
            made = None
        if made is None:
            raise InputError(
                "the target's address is none that apprise knows; write one as in tgram://TOKEN/CHAT or ntfy://TOPIC"
            )
        made.request_rate_per_sec = 0  # it would sleep here; messages a minute are limited by us
        self._service = made
        self.name = str(made.service_name)

    @property
    def max_per_minute(self) -> int:
        """How many messages a minute it takes by default."""
        return 15 if self.name == "Telegram" else 30

    def send(self, title: str, text: str, *, is_warning: bool = False) -> Delivery:
        """Send a message, and wait for the answer; never raises."""
        apprise = _apprise()
        kind = apprise.NotifyType.WARNING if is_warning else apprise.NotifyType.INFO
        _watch_exchanges()
        answers = _EXCHANGES.answers = []
        try:
            taken = self._service.notify(
                body=text, title=title, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
            )
        except Exception as error:  # the plug-in boundary: apprise's services
            return Delivery(Fate.PERHAPS, f"{self.name} failed with {type(error).__name__}")
        finally:
            _EXCHANGES.answers = None
        return Delivery(Fate.SENT) if taken else _worst(answers, self.name)


def _worst(answers: list[Delivery], service: str) -> Delivery:
    """Return what counts of a message that was not taken: it was, in part, if any answer says so."""
    taken = [one for one in answers if one.fate is Fate.SENT]
    others = [one for one in answers if one.fate is not Fate.SENT]
    if not others:
        return Delivery(Fate.PERHAPS, f"{service} does not say that it was sent")
    if taken:
        return Delivery(Fate.PERHAPS, f"{others[-1].reason}, after a part was sent")
    return others[-1]


def require_apprise() -> None:
    """Check that apprise is installed.

    Raises
    ------
    InputError
        If it is not.
    """
    _apprise()


@cache
def _apprise() -> Any:
    """Import apprise; what it logs is dropped."""
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
    try:
        return import_module("apprise")
    except ImportError:
        raise InputError(MISSING) from None


@cache
def _watch_exchanges() -> None:
    """Have every exchange over HTTP noted: apprise says of one that failed no more than that.

    Each service makes its own calls of ``requests``, whose sessions take their adapter from this one place.
    """
    requests: Any = import_module("requests")
    sessions: Any = import_module("requests.sessions")
    unreachable = import_module("urllib3.exceptions").NewConnectionError

    class WatchedAdapter(sessions.HTTPAdapter):  # type: ignore[misc]
        def send(self, *arguments: Any, **options: Any) -> Any:
            try:
                response = super().send(*arguments, **options)
            except requests.ConnectionError as error:
                _note(_without_connection(error, requests, unreachable))
                raise
            except requests.RequestException as error:
                _note(_without_answer(error, requests))
                raise
            _note(_of_answer(response.status_code, response.headers.get("Retry-After")))
            return response

    sessions.HTTPAdapter = WatchedAdapter


def _note(delivery: Delivery | None) -> None:
    if delivery is not None and _EXCHANGES.answers is not None:
        _EXCHANGES.answers.append(delivery)


def _without_connection(error: Any, requests: Any, unreachable: type) -> Delivery:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return Delivery(Fate.REFUSED, "no connection in time")
    if isinstance(error, requests.exceptions.SSLError):
        return Delivery(Fate.REFUSED, "the certificate is not accepted")
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, unreachable):
        return Delivery(Fate.REFUSED, "no connection")
    return Delivery(Fate.PERHAPS, "the connection broke")


def _without_answer(error: Any, requests: Any) -> Delivery:
    is_timeout = isinstance(error, requests.exceptions.ReadTimeout)
    reason = "no answer in time" if is_timeout else f"failed with {type(error).__name__}"
    return Delivery(Fate.PERHAPS, reason)


def _of_answer(status: int, retry_after: str | None) -> Delivery | None:
    """Return what an answer says; None of one that leads elsewhere."""
    reason = f"HTTP {status}"
    if status in _TAKEN:
        return Delivery(Fate.SENT)
    if status in _GONE:
        return Delivery(Fate.GONE, reason)
    if status == _TOO_MANY or status >= _SERVER_FAULT:
        return Delivery(Fate.REFUSED, reason, _seconds(retry_after))
    return None if status in range(300, 400) else Delivery(Fate.REJECTED, reason)


def _seconds(text: str | None) -> float | None:
    """Return the seconds of a Retry-After header; a date in it counts as none."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
