"""The grid of due scans, over any windows and session, against a walk over every minute of the day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from symscan.clock.schedule import DAYS, Window, due_instants, pre_session_instants
from symscan.model.instant import MINUTE, from_datetime
from symscan.model.session import Session

times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
days = st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start, end = sorted([draw(times), draw(times)])
    return Window(start, end, draw(st.integers(1, 400)), draw(days))


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    zone = ZoneInfo(draw(st.sampled_from(["America/New_York", "Europe/London", "Asia/Tokyo"])))
    day = draw(st.dates(date(1990, 1, 1), date(2040, 12, 31)).filter(lambda day: day.weekday() < 5))
    bounds = sorted(draw(st.lists(times, min_size=4, max_size=4)))
    pre_open, open_, close, post_close = (
        from_datetime(datetime.combine(day, bound, zone)) for bound in bounds
    )
    return Session(day, pre_open, open_, close, post_close, zone)


def walk(window: Window, session: Session, first: int, last: int) -> set[int]:
    """Every minute of the date, asked one by one whether the window is due."""
    midnight = datetime.combine(session.date, time())
    found = set()
    for minute in range(24 * 60):
        moment = midnight + timedelta(minutes=minute)
        instant = from_datetime(moment.replace(tzinfo=session.zone))
        start = window.start.hour * 60 + window.start.minute  # type: ignore[union-attr]
        inside = window.start <= moment.time() <= window.end  # type: ignore[operator]
        on_grid = (minute - start) % window.every_minutes == 0
        if inside and on_grid and first <= instant <= last and f"{session.date:%a}" in window.days:
            found.add(instant)
    return found


@given(st.lists(windows(), max_size=2), sessions())
def test_due_instants_are_those_of_the_walk(asked: list[Window], session: Session) -> None:
    expected = set().union(*(walk(window, session, session.open, session.close) for window in asked))

    found = due_instants(asked, session)

    assert list(found) == sorted(expected)


@given(windows(), sessions())
def test_pre_session_instants_lie_before_or_at_the_open(window: Window, session: Session) -> None:
    found = pre_session_instants([window], session)

    assert list(found) == sorted(walk(window, session, session.pre_open, session.open))
    assert all(session.pre_open <= instant <= session.open for instant in found)
    assert all(instant % MINUTE == 0 for instant in found)


@given(st.lists(windows(), max_size=3), sessions())
def test_the_order_of_windows_and_their_repetition_do_not_matter(
    asked: list[Window], session: Session
) -> None:
    assert due_instants(asked, session) == due_instants([*reversed(asked), *asked], session)
