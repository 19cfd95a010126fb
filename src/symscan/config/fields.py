"""The values a configuration is written in: each parser says what it expected and what it got."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, time
from difflib import get_close_matches
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, PlainValidator, WithJsonSchema

from symscan.clock.schedule import DAYS
from symscan.config.study_settings import check_horizon
from symscan.errors import SpecError
from symscan.model.interval import ONE_DAY, Interval
from symscan.model.specs import IndicatorSpec
from symscan.model.symbol_text import SYMBOL_PATTERN

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = re.compile(r"\w[\w.+-]*( [\w.+-]+)*")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_LONGEST_SHOWN: Final = 40
_WIDEST_SPREAD_BPS: Final = 10_000


class Shape(BaseModel):
    """A JSON object with a fixed set of keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def show(value: object) -> str:
    """A value of a configuration as a message shows it."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _matched(value: object, pattern: re.Pattern[str], expected: str) -> re.Match[str]:
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"expected {expected}, got {show(value)}")
    return match


def parse_time(value: object) -> time:
    """A time of day, ``9:35`` or ``09:35``."""
    match = _matched(value, _TIME, 'a time of the exchange\'s day as "HH:MM" (00:00 to 23:59)')
    return time(int(match[1]), int(match[2]))


def parse_date(value: object) -> date:
    """A date, ``2018-02-20``."""
    expected = 'a date as "YYYY-MM-DD"'
    text = _matched(value, _DATE, expected)[0]
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected {expected}, got {show(value)}, a day that does not exist") from None


def parse_day(value: object) -> str:
    """A day of the week, ``Mon``."""
    if isinstance(value, str) and value in DAYS:
        return value
    near = [day for day in DAYS if isinstance(value, str) and value[:3].casefold() == day.casefold()]
    hint = f'; did you mean "{near[0]}"?' if near else ""
    raise ValueError(f"expected one of {', '.join(DAYS)}, got {show(value)}{hint}")


def parse_interval(value: object) -> Interval:
    """An interval, ``5m``."""
    if not isinstance(value, str):
        raise ValueError(f'expected an interval such as "5m", got {show(value)}')
    try:
        return Interval.parse(value)
    except SpecError as error:
        raise ValueError(str(error)) from None


def parse_scan_interval(value: object) -> int:
    """The minutes between two scans, from an interval."""
    interval = parse_interval(value)
    if not interval.is_intraday:
        raise ValueError(f'expected an interval within the day, such as "5m", got {show(value)}')
    return interval.minutes


def parse_stream(value: object) -> Interval:
    """The interval of a stream: intraday or 1d."""
    interval = parse_interval(value)
    if interval > ONE_DAY:
        message = (
            'a stream has bars of minutes, hours or "1d"; weeks are made from days where needed, and months'
        )
        raise ValueError(message)
    return interval


def parse_symbol(value: object) -> str:
    """A symbol: any text without blanks, commas, semicolons and quotes."""
    return _matched(value, SYMBOL_PATTERN, 'a symbol such as "AAPL", without blanks, commas and quotes')[0]


def parse_name(value: object) -> str:
    """The name of a scanner or a run; it becomes part of file names and tables."""
    return _matched(value, _NAME, "a name of letters, digits, blanks and the signs _ - + .")[0]


def parse_text(value: object) -> str:
    """Any text that is not blank."""
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError(f"expected text, got {show(value)}")


def parse_module(value: object) -> str:
    """The dotted name of a module, ``scanners.gap_scanner``."""
    expected = 'the dotted name of a module such as "scanners.gap_scanner"'
    try:
        return _matched(value, _MODULE, expected)[0]
    except ValueError as error:
        guess = str(value).removesuffix(".py").strip("./").replace("/", ".")
        if not isinstance(value, str) or not _MODULE.fullmatch(guess):
            raise
        raise ValueError(f'{error}; did you mean "{guess}"?') from None


def parse_indicator(value: object) -> IndicatorSpec:
    """An indicator's key, ``rsi_14_5m``."""
    if not isinstance(value, str):
        raise ValueError(f'expected an indicator\'s key such as "rsi_14_5m" or an object, got {show(value)}')
    try:
        return IndicatorSpec.parse(value)
    except SpecError as error:
        raise ValueError(str(error)) from None


def parse_one_of(*choices: str) -> Callable[[object], str]:
    """A parser for one of a few words."""

    def parse(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        near = get_close_matches(value.casefold(), choices, n=1) if isinstance(value, str) else []
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ValueError(f"expected one of {', '.join(choices)}, got {show(value)}{hint}")

    return parse


def parse_zone(value: object) -> str:
    """A time zone by its name, ``America/New_York``."""
    zones = available_timezones()
    if isinstance(value, str) and value in zones:
        return value
    near = get_close_matches(value, zones, n=1) if isinstance(value, str) else []
    hint = f'; did you mean "{near[0]}"?' if near else ""
    raise ValueError(f'expected a time zone such as "America/New_York", got {show(value)}{hint}')


def parse_horizon(value: object) -> str:
    """A horizon of a study, ``30m``, ``close``, ``next_open`` or ``5d``."""
    if not isinstance(value, str):
        raise ValueError(f'expected a horizon as "30m", "close", "next_open" or "5d", got {show(value)}')
    return check_horizon(value)


def parse_spread(value: object) -> float | None:
    """A full spread in basis points; None for ``estimate``."""
    if value == "estimate":
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(value) <= _WIDEST_SPREAD_BPS:  # type: ignore[arg-type]
        raise ValueError(
            f'expected "estimate" or a full spread in basis points, 0 or more, got {show(value)}'
        )
    return float(value)  # type: ignore[arg-type]


def _text_schema(example: str, pattern: str | None = None) -> WithJsonSchema:
    schema: dict[str, Any] = {"type": "string", "examples": [example]}
    return WithJsonSchema(schema | ({"pattern": f"^{pattern}$"} if pattern else {}))


_INTERVAL_PATTERN: Final = "[1-9][0-9]*[mh]"

ClockTime = Annotated[
    time, PlainValidator(parse_time), _text_schema("09:35", "([01]?[0-9]|2[0-3]):[0-5][0-9]")
]
CalendarDate = Annotated[
    date, PlainValidator(parse_date), WithJsonSchema({"type": "string", "format": "date"})
]
Day = Annotated[str, PlainValidator(parse_day), WithJsonSchema({"enum": list(DAYS)})]
ScanMinutes = Annotated[int, PlainValidator(parse_scan_interval), _text_schema("5m", _INTERVAL_PATTERN)]
Stream = Annotated[Interval, PlainValidator(parse_stream), _text_schema("1m", f"({_INTERVAL_PATTERN}|1d)")]
BarInterval = Annotated[
    Interval, PlainValidator(parse_interval), _text_schema("5m", f"({_INTERVAL_PATTERN}|1d|1w|1mo)")
]
Symbol = Annotated[str, PlainValidator(parse_symbol), _text_schema("AAPL")]
Name = Annotated[str, PlainValidator(parse_name), _text_schema("gap_scanner")]
Text = Annotated[str, PlainValidator(parse_text), WithJsonSchema({"type": "string", "minLength": 1})]
ModuleName = Annotated[str, PlainValidator(parse_module), _text_schema("scanners.gap_scanner")]
IndicatorKey = Annotated[IndicatorSpec, PlainValidator(parse_indicator), _text_schema("rsi_14_5m")]
Zone = Annotated[str, PlainValidator(parse_zone), _text_schema("America/New_York")]
Horizon = Annotated[
    str, PlainValidator(parse_horizon), _text_schema("30m", "([1-9][0-9]*[md]|close|next_open)")
]
Spread = Annotated[
    float | None,
    PlainValidator(parse_spread),
    WithJsonSchema({"anyOf": [{"const": "estimate"}, {"type": "number", "minimum": 0}]}),
]
