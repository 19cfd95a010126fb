from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.builders import MINUTE, make_session
from symscan.model.bar import LateKind
from symscan.model.events.feed import BarsCorrected, FeedConnected
from symscan.model.events.session import (
    Event,
    SessionActivated,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.observers.console.activity import ActivityLog

SESSION = make_session()
AT = SESSION.open
Make = dict[str, Callable[..., Any]]


def lines(*events: Event) -> list[str]:
    said: list[str] = []
    news = ActivityLog(said.append)
    for event in events:
        news.observe(SESSION, event)
    return said


def test_comings_and_goings_are_short_lines() -> None:
    assert lines(
        FeedConnected(AT, "replay"),
        SessionActivated(AT, ("A", "B")),
        SymbolAdded(AT, "C", "scanner:gap", AT),
        SymbolLocked(AT, "C", "strategy:s", "open trade"),
        SymbolUnlocked(AT, "C", "strategy:s", None),
        SymbolsRemoved(AT + MINUTE, ("C", "D"), "scanner:gap"),
    ) == [
        "09:30:00  connected to replay",
        "09:30:00  the session is open, 2 members",
        "09:30:00  + C (scanner:gap)",
        "09:30:00  C locked (open trade, by strategy:s)",
        "09:30:00  C unlocked (all locks, by strategy:s)",
        "09:31:00  - C D (scanner:gap)",
    ]


def test_bars_corrected_after_a_hit_add_a_line_and_take_nothing_back(make: Make) -> None:
    def corrected(minute: int, *symbols: str, kind: LateKind = LateKind.CORRECTED) -> Event:
        return BarsCorrected(AT + 8 * MINUTE, AT + minute * MINUTE, symbols, kind, AT + 9 * MINUTE)

    found = make["scan"](5, make["hits"]("A"))
    assert lines(corrected(4, "A")) == []
    assert lines(found, corrected(4, "B"), corrected(6, "A")) == []
    assert lines(found, corrected(4, "B", "A"), corrected(5, "A", kind=LateKind.LATE)) == [
        "09:38:00  A, found at 09:35:00: its bar of 09:34:00 was corrected",
        "09:38:00  A, found at 09:35:00: its bar of 09:35:00 came late",
    ]


def test_thousands_leave_in_one_short_line() -> None:
    (line,) = lines(SymbolsRemoved(AT, tuple(f"S{n}" for n in range(5000)), "scanner:gap"))
    assert len(line) < 330
