"""The exchanges of pandas_market_calendars, the one module that imports it.

The library and pandas take about a second to import, so everything here imports them only when called.
"""

from __future__ import annotations

import warnings
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from symscan.errors import CalendarError
from symscan.model.session import Session

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
        If there is no such exchange.
    """
    with warnings.catch_warnings():
        # The library warns of lunch breaks that were abolished; breaks are not read here.
        warnings.simplefilter("ignore")
        calendar = _calendar(exchange)
        names = calendar.market_times
        first = "pre" if "pre" in names else "market_open"
        last = "post" if "post" in names else "market_close"
        table = calendar.schedule(f"{year}-01-01", f"{year}-12-31", start=first, end=last)
        early = calendar.early_closes(table).index
    instants = [_microseconds(table[name]) for name in (first, "market_open", "market_close", last)]
    zone = ZoneInfo(str(calendar.tz))
    days = zip(table.index, *instants, table.index.isin(early).tolist(), strict=True)
    return tuple(
        Session(day.date(), pre_open, open_, close, post_close, zone, is_early)
        for day, pre_open, open_, close, post_close, is_early in days
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
        else "write NYSE, LSE or XTKS"
    )
    return f"there is no exchange '{exchange}'; {hint}"


def _microseconds(column: Any) -> list[int]:
    instants: list[int] = column.dt.tz_convert(None).astype("datetime64[us]").astype("int64").tolist()
    return instants
