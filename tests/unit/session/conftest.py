"""A session of three symbols, ten minutes old."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from support.builders import MINUTE, Price, make_block, make_session
from symscan.model.bar import BarSlice
from symscan.runtime.processor import DataProcessor
from symscan.session.requests import RequestQueue
from symscan.session.session_data import SessionData
from symscan.session.view import SessionView

ME = "scanner:me"


class Playing:
    """A session and the minutes played of it."""

    def __init__(self, symbols: Sequence[str] = ("A", "B", "C"), minutes: int = 20) -> None:
        self.session = make_session(minutes=minutes)
        self.data = SessionData(self.session, symbols)
        self.data.in_store[:] = True
        self.data.add_candidates(ME, symbols)
        self.book = RequestQueue(ME)
        self._processor = DataProcessor(self.data)
        self._minute = -self.session.minutes

    def minute(self, minute: int, *prices: Price) -> None:
        """Play one minute; 1 is the first of the session, 0 the last before it."""
        end = self.session.open + minute * MINUTE
        width = self.data.capacity - len(prices)
        self._processor.process(BarSlice(end, make_block(end, *prices, *[None] * width)))

    def view(self, holder: str = ME) -> SessionView:
        """What a plug-in is given now."""
        return SessionView(self.data, self.book if holder == ME else RequestQueue(holder))


@pytest.fixture
def playing() -> Playing:
    return Playing()


@pytest.fixture
def play() -> Callable[..., Playing]:
    return Playing
