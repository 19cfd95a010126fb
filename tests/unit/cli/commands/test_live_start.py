"""Which session a broker's feed is for."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from support.calendars import calendar_of
from symscan.cli.commands.live_start import session_at
from symscan.model.instant import from_datetime


@pytest.mark.parametrize(
    ("local", "resume", "day"),
    [
        ("2026-01-15 03:00", False, "2026-01-15"),
        ("2026-01-15 15:59", False, "2026-01-15"),
        ("2026-01-15 16:00", False, "2026-01-16"),
        ("2026-01-15 16:00", True, "2026-01-15"),
        ("2026-01-15 23:59", True, "2026-01-15"),  # the 16th in UTC
        ("2026-01-16 18:00", False, "2026-01-20"),  # a Friday before a holiday
        ("2026-01-17 12:00", True, "2026-01-20"),
        ("2026-11-27 13:30", False, "2026-11-30"),  # after an early close
    ],
)
def test_todays_until_its_close_then_the_next(local: str, resume: bool, day: str) -> None:
    now = from_datetime(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("America/New_York")))
    assert str(session_at(calendar_of(), now, resume=resume).date) == day
