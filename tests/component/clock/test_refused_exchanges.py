"""Exchanges whose sessions are of a kind that bars do not fit."""

from __future__ import annotations

from datetime import date

import pytest

from symscan.clock.session_calendar import SessionCalendar
from symscan.errors import CalendarError


@pytest.mark.parametrize(
    ("exchange", "said"), [("XTKS", "a break within its sessions"), ("24/7", "trades around the clock")]
)
def test_exchanges_with_a_break_or_without_a_night_are_refused(exchange: str, said: str) -> None:
    with pytest.raises(CalendarError, match=said):
        SessionCalendar(exchange).sessions(date(2024, 3, 4), date(2024, 3, 8))
