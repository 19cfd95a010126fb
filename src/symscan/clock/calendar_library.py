"""The exchanges of pandas_market_calendars, the one module that imports it.

The library and pandas take about a second to import, so everything here imports them only when called.
"""

from __future__ import annotations

import warnings
from datetime import timedelta
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from symscan.errors import CalendarError
from symscan.model.session import Session

_LONGEST = timedelta(hours=12)
"""Of a session: what lies further apart is of another one."""

_LIBRARIES = ("pandas_market_calendars", "exchange_calendars")


def library_version() -> str:
    """What the calendars come from: ``pandas_market_calendars-5.5.0,exchange_calendars-4.13``."""
    return ",".join(f"{name}-{version(name)}" for name in _LIBRARIES)


def load_zone(exchange: str) -> ZoneInfo:
    """The time zone of an exchange.

    Raises
    ------
    CalendarError
        If there is no such exchange.
    """
    return ZoneInfo(str(_calendar(exchange).tz))


def load_year(exchange: str, year: int) -> tuple[Session, ...]:
    """All sessions whose date lies in the year, ascending.

    Raises
    ------
    CalendarError
        If there is no such exchange, or its sessions are of a kind that is not supported.
    """
    with warnings.catch_warnings():
        # The library warns of lunch breaks that were abolished.
        warnings.simplefilter("ignore")
        calendar = _calendar(exchange)
        names = calendar.market_times
        first = "pre" if "pre" in names else "market_open"
        last = "post" if "post" in names else "market_close"
        table = calendar.schedule(f"{year}-01-01", f"{year}-12-31", start=first, end=last)
        early = calendar.early_closes(table).index
    _check_sessions(exchange, table)
    instants = [_microseconds(table[name]) for name in (first, "market_open", "market_close", last)]
    zone = ZoneInfo(str(calendar.tz))
    days = zip(table.index, *instants, table.index.isin(early).tolist(), strict=True)
    return tuple(
        Session(day.date(), pre_open, open_, close, post_close, zone, is_early)
        for day, pre_open, open_, close, post_close, is_early in days
    )


def _check_sessions(exchange: str, table: Any) -> None:
    """Refuse sessions with a break, and such as have no night between them: bars assume neither."""
    if "break_start" in table.columns and (table["break_start"] < table["break_end"]).any():
        raise CalendarError(
            f"the exchange '{exchange}' has a break within its sessions, and such exchanges are not "
            "supported yet; use one that trades without a break, such as NYSE, LSE or XETR"
        )
    if (table["market_close"] - table["market_open"]).max() > _LONGEST:
        raise CalendarError(
            f"the exchange '{exchange}' trades around the clock, and such exchanges are not supported "
            "yet; use one whose sessions have a night between them, such as NYSE, LSE or XETR"
        )


def _calendar(exchange: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas_market_calendars

        names = pandas_market_calendars.get_calendar_names()
        if exchange not in names:
            raise CalendarError(_unknown_exchange(exchange, names))
        return pandas_market_calendars.get_calendar(exchange)


def _unknown_exchange(exchange: str, names: list[str]) -> str:
    by_folded = {name.casefold(): name for name in names}
    near = get_close_matches(exchange.casefold(), by_folded, n=3)
    hint = (
        f"did you mean {' or '.join(by_folded[name] for name in near)}?"
        if near
        else "write NYSE, LSE or XETR"
    )
    return f"there is no exchange '{exchange}'; {hint}"


def _microseconds(column: Any) -> list[int]:
    instants: list[int] = column.dt.tz_convert(None).astype("datetime64[us]").astype("int64").tolist()
    return instants
