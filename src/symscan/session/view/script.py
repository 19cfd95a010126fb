"""The view of a session for a script that drives it: requests are applied at the next read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from symscan.model.bar import Floats
from symscan.session.candidates import Candidates
from symscan.session.requests import Request, RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.view import SessionView


class SessionDriver(Protocol):
    """Drives a session by hand."""

    @property
    def edition(self) -> int:
        """Another number whenever the session has changed."""

    def apply_requests(self, requests: Sequence[Request]) -> None:
        """Carry requests out, between two slices."""


class ScriptView(SessionView):
    """The session as it stands, refreshed as a script advances it.

    A script reads between two slices, where loading delays nothing: what it requested is loaded at its
    next read. Everything else is as for scanners.

    Parameters
    ----------
    data
        The session's state.
    requests
        Where this holder's requests are recorded.
    driver
        Applies the requests.
    universe
        Symbols that are the holder's candidates without a request.
    """

    _when_to_request = "first"

    def __init__(
        self,
        data: SessionData,
        requests: RequestQueue,
        driver: SessionDriver,
        universe: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        super().__init__(data, requests)
        self._driver = driver
        self._universe = universe
        self._requested_universe: tuple[str, ...] = ()
        self._edition = driver.edition

    def column(self, key: str) -> Floats:
        """As for scanners; what was requested before is loaded first."""
        self._refresh()
        return super().column(key)

    def get_active_symbols(self) -> list[str]:
        """As for scanners; what was requested before is carried out first."""
        self._refresh()
        return super().get_active_symbols()

    def _candidates(self) -> Candidates:
        self._refresh()
        return super()._candidates()

    def _visible_row(self, symbol: str) -> int | None:
        self._refresh()
        return super()._visible_row(symbol)

    @property
    def _knows_its_symbols(self) -> bool:
        """Return True: what a script requested is carried out at once."""
        return True

    def _refresh(self) -> None:
        """Apply pending requests, and drop what was read before the session changed."""
        if self._edition != self._driver.edition or not self._requested_universe:
            self._request_universe()
        if not self._requests.is_empty:
            self._driver.apply_requests(self._requests.drain())
        if self._edition != self._driver.edition:
            self._edition = self._driver.edition
            self.forget()

    def _request_universe(self) -> None:
        universe = tuple(self._universe())
        if universe != self._requested_universe:
            self._requested_universe = universe
            self._requests.put_first(universe, self._data.base)
