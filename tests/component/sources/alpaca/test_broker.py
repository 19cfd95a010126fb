"""Alpaca as a broker: what it needs, and what it makes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("alpaca", reason="the broker's client is an extra")

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import InputError
from symscan.sources.alpaca.broker import AlpacaBroker
from symscan.sources.ports import LiveDay
from symscan.sources.store.bar_store import BarStore

CALENDAR = SessionCalendar("NYSE")
SESSION = CALENDAR.session(date(2018, 11, 26))


def test_it_wants_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APCA_API_KEY_ID", raising=False)
    monkeypatch.setenv("APCA_API_SECRET_KEY", "s")
    with pytest.raises(InputError, match="APCA_API_KEY_ID is not set"):
        AlpacaBroker("iex")


def test_it_begins_nowhere_else_than_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.setenv(name, "PKX")
    BarStore.create(tmp_path / "store")
    broker, day = AlpacaBroker("iex"), LiveDay(SESSION, CALENDAR, tmp_path / "store")
    assert broker.history(day).symbols() == frozenset()
    feed = broker.live_feed(day)
    assert broker.start_of(day, SESSION.open) is None
    assert (broker.origin, feed.name) == ("alpaca:iex",) * 2
