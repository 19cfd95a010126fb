"""What a script is given of a session that it plays itself: requests are carried out at the next look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from symscan.model.bar import Floats
from symscan.session.candidates import Candidates
from symscan.session.requests import Request, RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.view import SessionView


class Playing(Protocol):
    """Who plays the session by hand."""

    @property
    def edition(self) -> int:
        """Another number whenever the session has changed."""

    def carry_out(self, requests: Sequence[Request]) -> None:
        """Carry requests out, between two slices."""


class ScriptView(SessionView):
    """The session as it stands, followed as a script plays it on.

    A script looks between two slices, where nobody waits: what it requested is loaded as soon as it
    looks again. Everything else is as for scanners.

    Parameters
    ----------
    data
        The session's state.
    requests
        Where this holder's requests are recorded.
    playing
        Who carries requests out.
    universe
        Symbols that are the holder's candidates without being asked for.
    """

    _when_to_ask = "first"

    def __init__(
        self,
        data: SessionData,
        requests: RequestQueue,
        playing: Playing,
        universe: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        super().__init__(data, requests)
        self._playing = playing
        self._universe = universe
        self._requested_universe: tuple[str, ...] = ()
        self._edition = playing.edition

    def column(self, key: str) -> Floats:
        """As for scanners; what was requested before is loaded first."""
        self._follow()
        return super().column(key)

    def get_active_symbols(self) -> list[str]:
        """As for scanners; what was requested before is carried out first."""
        self._follow()
        return super().get_active_symbols()

    def _seen(self) -> Candidates:
        self._follow()
        return super()._seen()

    def _visible_row(self, symbol: str) -> int | None:
        self._follow()
        return super()._visible_row(symbol)

    def _follow(self) -> None:
        """Have carried out what was requested, and forget what was read before the session changed."""
        if self._edition != self._playing.edition or not self._requested_universe:
            self._request_universe()
        if not self._requests.is_empty:
            self._playing.carry_out(self._requests.drain())
        if self._edition != self._playing.edition:
            self._edition = self._playing.edition
            self.forget()

    def _request_universe(self) -> None:
        universe = tuple(self._universe())
        if universe != self._requested_universe:
            self._requested_universe = universe
            self._requests.put_first(universe, self._data.base)
