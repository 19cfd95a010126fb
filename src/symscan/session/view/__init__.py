"""The views of the session for plug-ins: what they may read and request."""

from __future__ import annotations

from symscan.model.instant import Instant
from symscan.session.candidates import Candidates
from symscan.session.holders import CONFIG, MEMBERS
from symscan.session.requests import RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.view.commands import SessionCommands
from symscan.session.view.queries import SessionQueries


class SessionView(SessionQueries, SessionCommands):
    """The session as it stands now, bound to one holder.

    Parameters
    ----------
    data
        The session's state.
    requests
        Where this holder's requests are recorded.
    """

    @property
    def now(self) -> Instant:
        """The instant it is as of, UTC microseconds."""
        return self._data.now

    def __reduce__(self) -> tuple[type[SessionView], tuple[SessionData, RequestQueue]]:
        return type(self), (self._data, self._requests)  # cached columns are read again


class MemberView(SessionView):
    """The session as it stands now, seen by a strategy: ``symbols`` and every column are the members.

    Parameters
    ----------
    data
        The session's state.
    requests
        Where this strategy's requests are recorded.
    """

    _when_to_request = "in on_symbol_added"

    def __init__(self, data: SessionData, requests: RequestQueue) -> None:
        super().__init__(data, requests)
        self._members: Candidates | None = None

    def _candidates(self) -> Candidates:
        """Return the members as they were at the first read."""
        if self._members is None:
            self._members = self._data.candidates_of(self._data.holders.members(), self._holder)
        return self._members

    def _no_candidate(self, symbol: str) -> str:
        return f"'{symbol}' is not a member of the session"

    def _visible_row(self, symbol: str) -> int | None:
        return self._data.symbols.row(symbol) if self._data.holders.is_member(symbol) else None

    @property
    def _knows_its_symbols(self) -> bool:
        """Return False: members leave, and a strategy may remember them."""
        return False

    @property
    def _readable_holders(self) -> tuple[str, ...]:
        """Members have the data of the configuration and of scanners' requirements, too."""
        return self._holder, CONFIG, MEMBERS
