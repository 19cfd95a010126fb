"""What a plug-in is given of the session: everything it may look at and ask for."""

from __future__ import annotations

from symscan.session.asks import SessionAsks
from symscan.session.looks import SessionLooks
from symscan.session.requests import RequestBook
from symscan.session.session_data import SessionData


class SessionView(SessionLooks, SessionAsks):
    """The session as it stands now, bound to one holder.

    Parameters
    ----------
    data
        The session's state.
    requests
        Where this holder's requests are recorded.
    """

    def __init__(self, data: SessionData, requests: RequestBook) -> None:
        SessionLooks.__init__(self, data, requests)
        SessionAsks.__init__(self, data, requests)

    def __reduce__(self) -> tuple[type[SessionView], tuple[SessionData, RequestBook]]:
        return type(self), (self._data, self._requests)  # what was looked at is looked at anew
