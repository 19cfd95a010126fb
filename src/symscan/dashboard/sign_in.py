"""The token that opens a server beyond this computer, exchanged for a cookie."""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from collections.abc import Callable
from typing import Final

from symscan.errors import InputError

COOKIE: Final = "symscan_session"
_FEWEST_CHARACTERS: Final = 32
_MOST_FAILURES: Final = 5
_MINUTE: Final = 60.0
_MOST_SESSIONS: Final = 100


class SignIn:
    """Who has given the token. Neither is ever shown, logged or stored.

    Parameters
    ----------
    token
        At least 32 characters.
    clock
        Seconds that only rise.

    Raises
    ------
    InputError
        If the token is too short to be one.
    """

    def __init__(self, token: str, clock: Callable[[], float]) -> None:
        if len(token) < _FEWEST_CHARACTERS:
            raise InputError(
                f"the dashboard's token has fewer than {_FEWEST_CHARACTERS} characters; make one with "
                "'python3 -c \"import secrets; print(secrets.token_urlsafe(32))\"'"
            )
        self._token = token.encode()
        self._clock = clock
        self._failures: deque[float] = deque(maxlen=_MOST_FAILURES)
        self._cookies: deque[str] = deque(maxlen=_MOST_SESSIONS)

    @property
    def is_locked(self) -> bool:
        """Whether there were five failures within a minute."""
        return len(self._failures) == _MOST_FAILURES and self._clock() - self._failures[0] < _MINUTE

    def exchange(self, token: str) -> str | None:
        """Return a cookie for a token; None if it is another one, or there were too many of those."""
        if self.is_locked:
            return None
        if not hmac.compare_digest(token.encode(), self._token):
            self._failures.append(self._clock())
            return None
        cookie = secrets.token_urlsafe(32)
        self._cookies.append(cookie)
        return cookie

    def knows(self, cookie: str | None) -> bool:
        """Return whether a cookie was given by this server."""
        given = (cookie or "").encode()
        return any(hmac.compare_digest(given, one.encode()) for one in self._cookies)
