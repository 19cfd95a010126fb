"""The shape of a configuration file: its keys, their types and what they mean.

Both shapes of a schedule are here side by side; what depends on several keys at once is in ``checks``.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import ConfigDict, Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from symscan.config import fields
from symscan.config.alert_schema import AlertsShape
from symscan.config.data_shapes import (
    KEY_TAG,
    OBJECT_TAG,
    SWITCH_TAG,
    WINDOWS_TAG,
    DatedColumns,
    ScreenUniverse,
    object_or_key,
)
from symscan.config.fields import Shape
from symscan.config.model import Explain, Isolation, Mode
from symscan.config.study_settings import HITS, SIDES, StudySettings
from symscan.model.live_settings import LiveSettings
from symscan.model.specs import IndicatorType

MODES: tuple[str, ...] = get_args(Mode)
_ISOLATIONS: tuple[str, ...] = get_args(Isolation)
_EXPLAIN: tuple[str, ...] = get_args(Explain)
_LIVE = LiveSettings()
_STUDY = StudySettings()
_TYPES = tuple(IndicatorType)


OneOfHits = Annotated[str, PlainValidator(fields.parse_one_of(*HITS)), WithJsonSchema({"enum": list(HITS)})]
OneOfSides = Annotated[
    str, PlainValidator(fields.parse_one_of(*SIDES)), WithJsonSchema({"enum": list(SIDES)})
]


class WindowShape(Shape):
    """A window of the day in which a scanner scans."""

    start: fields.ClockTime | None = Field(
        None, description="First scan, exchange time; default: the beginning of the phase."
    )
    end: fields.ClockTime | None = Field(
        None, description="Last scan at the latest, exchange time; default: the end of the phase."
    )
    interval: fields.ScanMinutes = Field(
        "5m", description="Time between two scans; default 5m.", validate_default=True
    )
    days_of_week: list[fields.Day] | None = Field(None, description="Default: every day.", min_length=1)


class ScheduleShape(Shape):
    """The one window of the day in which a scanner scans, in the other shape."""

    interval: fields.ScanMinutes = Field(
        "5m", description="Time between two scans; default 5m.", validate_default=True
    )
    start_time: fields.ClockTime | None = Field(
        None, description="First scan, exchange time; default: the open."
    )
    end_time: fields.ClockTime | None = Field(
        None, description="Last scan at the latest, exchange time; default: the close."
    )
    days_of_week: list[fields.Day] | None = Field(None, description="Default: every day.", min_length=1)


class RequirementsShape(Shape):
    """What a scanner wishes for the symbols it finds."""

    streams: list[fields.Stream] = Field([], description="Intervals of bars to keep.")
    load_historical: bool = Field(True, description="Whether historical_days counts.")
    historical_days: int = Field(
        5,
        ge=0,
        le=2500,
        description="Sessions of history to load; more are loaded where indicators need them.",
    )


class IndicatorShape(Shape):
    """An indicator in parts."""

    name: fields.Text = Field(description="The indicator's name.", examples=["sma"])
    type: (
        Annotated[
            IndicatorType,
            PlainValidator(lambda value: IndicatorType(fields.parse_one_of(*_TYPES)(value))),
            WithJsonSchema({"enum": [str(kind) for kind in _TYPES]}),
        ]
        | None
    ) = Field(None, description="Its family; for the reader only.")
    period: int = Field(0, ge=0, description="Its first parameter, in bars; 0 where it has none.")
    interval: fields.BarInterval = Field("1d", description="The bars it reads.", validate_default=True)
    params: dict[str, Any] = Field({}, description="Further parameters by name.")


def _window_or_switch(value: object) -> str:
    return WINDOWS_TAG if isinstance(value, list) else SWITCH_TAG


PreSession = Annotated[
    Annotated[bool, Tag(SWITCH_TAG)] | Annotated[list[WindowShape], Field(min_length=1), Tag(WINDOWS_TAG)],
    Discriminator(_window_or_switch),
]
Indicator = Annotated[
    Annotated[fields.IndicatorKey, Tag(KEY_TAG)] | Annotated[IndicatorShape, Tag(OBJECT_TAG)],
    Discriminator(object_or_key),
]


class ScannerShape(Shape):
    """A scanner: a module, or a screen (where)."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["module"]}, {"required": ["name", "where"]}]}
    )

    name: fields.Name | None = Field(None, description="Unique; default: the last part of the module's name.")
    module: fields.ModuleName | None = Field(None, description="The module that holds the scanner's class.")
    config: dict[str, Any] | None = Field(
        None, description="The settings of the scanner's own.", examples=[{"min_gap_percent": 2.0}]
    )
    universe: ScreenUniverse | None = Field(
        None,
        description="Screens: a universe by name or path, or the hits of a scanner; default sp500.",
        examples=["sp500"],
    )
    where: fields.Text | None = Field(
        None, description="Screens: what a symbol must meet.", examples=["rsi_14_5m > 70 AND close > vwap"]
    )
    rank: fields.Text | None = Field(
        None, description="Screens: hits are ordered by it, highest first.", examples=["rsi_14_5m"]
    )
    take: int | None = Field(
        None, gt=0, le=1_000_000, description="Screens: how many hits at most.", examples=[20]
    )
    show: list[fields.Text] | None = Field(
        None, description="Screens: further names whose values go into the metadata.", examples=[["sector"]]
    )
    max_age_minutes: float | None = Field(
        None, gt=0, description="Screens: a symbol whose last bar is older is unknown.", examples=[5]
    )
    per: fields.Text | None = Field(
        None, description="Screens: take counts in each group of this column.", examples=["sector"]
    )
    market: fields.Text | None = Field(
        None, description="Screens: the symbol that market.NAME reads.", examples=["SPY"]
    )
    confirm_scans: int | None = Field(
        None, gt=0, le=10_000, description="Screens: scans in a row at which where must be true; default 1."
    )
    leave_when: fields.Text | None = Field(
        None, description="Screens: what ends a symbol's stay, instead of where being false."
    )
    hold_minutes: float | None = Field(
        None, ge=0, le=100_000, description="Screens: how long a hit stays one at least; default 0."
    )
    cooldown_minutes: float | None = Field(
        None, ge=0, le=100_000, description="Screens: how long who has left is no hit again; default 0."
    )
    columns: DatedColumns | None = Field(
        None, description="Dated files whose columns are joined: float, market cap, earnings dates."
    )
    universe_where: fields.Text | None = Field(
        None,
        description="What a symbol of the universe must meet before the session, by earlier days.",
        examples=["close_1d > 5 AND dollar_volume_20_1d > 1e7"],
    )
    enabled: bool = Field(True, description="Whether the scanner takes part.")
    required: bool = Field(False, description="Whether the session fails if it cannot be set up.")
    pre_session: PreSession = Field(
        False, description="true: one scan at the open; or a list of windows before the open."
    )
    schedule: ScheduleShape | None = Field(None, description="When to scan: one window.")
    regular_session: list[WindowShape] | None = Field(
        None, min_length=1, description="When to scan: a list of windows."
    )
    at_close: bool = Field(
        False, description="true: one scan after the last bar of the session, when the day is complete."
    )
    symbol_requirements: RequirementsShape | None = Field(
        None, description="What it wishes for the symbols it finds."
    )
    timeout_seconds: float = Field(
        30.0, gt=0, le=86_400, description="How long one scan may take, and live its setup; default 30."
    )
    add_symbols: bool = Field(True, description="Whether the symbols it finds join the session.")
    explain: Annotated[
        Explain,
        PlainValidator(fields.parse_one_of(*_EXPLAIN)),
        WithJsonSchema({"enum": list(_EXPLAIN)}),
    ] = Field(
        "none",
        description="What a run keeps of its decisions, for why and near: none, near or full.",
        examples=["near"],
    )
    isolation: Annotated[
        Isolation,
        PlainValidator(fields.parse_one_of(*_ISOLATIONS)),
        WithJsonSchema({"enum": list(_ISOLATIONS)}),
    ] = Field("thread", description="Live: what keeps it from the others, a thread or a process of its own.")


class StrategyShape(Shape):
    """A strategy: it decides upon what the scanners find, and is filled on paper."""

    name: fields.Name | None = Field(None, description="Unique; default: the last part of the module's name.")
    module: fields.ModuleName = Field(
        description="The module that holds the strategy's class.", examples=["strategies.paper_trader"]
    )
    config: dict[str, Any] | None = Field(
        None, description="The settings of the strategy's own.", examples=[{"scanner": "gap_scanner"}]
    )
    enabled: bool = Field(True, description="Whether the strategy takes part.")


class ObserverShape(Shape):
    """An observer: it is given every event of the session."""

    name: fields.Name | None = Field(None, description="Unique; default: the last part of the module's name.")
    module: fields.ModuleName = Field(
        description="The module that holds the observer's class.", examples=["hit_counter"]
    )
    config: dict[str, Any] | None = Field(
        None, description="The settings of the observer's own.", examples=[{"file": "counts.csv"}]
    )
    enabled: bool = Field(True, description="Whether the observer takes part.")


class SessionDataShape(Shape):
    """What the session carries and who scans it."""

    symbols: list[fields.Symbol] = Field([], description="Members from the start.")
    streams: list[fields.Stream] = Field(
        ["1m"], description="Intervals of bars to keep of every member.", validate_default=True
    )
    indicators: list[Indicator] = Field([], description="Indicators of every member.")
    scanners: list[ScannerShape] = Field([], description="The scanners.")
    strategies: list[StrategyShape] = Field([], description="The strategies.")
    observers: list[ObserverShape] = Field([], description="Observers of your own.")


class BacktestShape(Shape):
    """The days of a backtest."""

    start_date: fields.CalendarDate = Field(description="First day.", examples=["2018-02-20"])
    end_date: fields.CalendarDate | None = Field(
        None, description="Last day, included; default: start_date.", examples=["2018-02-23"]
    )


class LiveShape(Shape):
    """How a live session takes its bars."""

    feed: fields.Text | None = Field(
        None, description="Which of the broker's feeds, as iex or sip; needed if it has several, or --feed."
    )
    quiet_ms: int = Field(
        _LIVE.quiet_ms, ge=1, le=60_000, description="A minute is closed when no bar has come for so long."
    )
    grace_seconds: float = Field(
        _LIVE.grace_seconds,
        gt=0,
        le=60,
        description="A minute is closed at the latest so long after its end.",
    )
    max_symbols: int | None = Field(
        None, ge=1, le=1_000_000, description="How many symbols may be subscribed; default: no limit of ours."
    )
    silent_seconds: float = Field(
        _LIVE.silent_seconds,
        gt=60,
        le=86_400,
        description="It is told when no bar has come for so long; a minute's bars are a minute apart.",
    )
    lag_seconds: float = Field(
        _LIVE.lag_seconds, gt=0, le=86_400, description="Scans pause while the session is so far behind."
    )
    closing_seconds: float = Field(
        _LIVE.closing_seconds, ge=0, le=3600, description="How long running scans are waited for at the end."
    )


class StudyShape(Shape):
    """What ``symscan study`` measures after hits."""

    hits: OneOfHits = Field(_STUDY.hits, description="Which hits count; default entered.")
    side: OneOfSides = Field(_STUDY.side, description="On which side; with_change: the sign of change_pct.")
    horizons: list[fields.Horizon] | None = Field(
        None, min_length=1, max_length=40, description="Until when: minutes, close, next_open, sessions."
    )
    headline: fields.Horizon | None = Field(
        None, description="The horizon of the verdict; default 30m, of daily bars 5d."
    )
    delay_minutes: int = Field(
        _STUDY.delay_minutes, ge=0, le=60, description="From the scan to the earliest entry."
    )
    fill_within_minutes: int = Field(
        _STUDY.fill_within_minutes, ge=0, le=60, description="From the earliest entry to the latest."
    )
    match: list[fields.Text] = Field(
        list(_STUDY.match),
        max_length=4,
        description="What controls are alike in: up to three of volatility, dollar_volume, price, change, "
        "and one static column.",
    )
    min_controls: int = Field(
        _STUDY.min_controls, ge=1, le=10_000, description="With fewer controls a hit is unmatched."
    )
    spread: fields.Spread = Field(None, description="estimate, or the full spread in basis points.")
    slippage_bps: float = Field(
        _STUDY.slippage_bps, ge=0, le=1000, description="Of each side, beside half the spread."
    )
    commission_per_share: float = Field(
        _STUDY.commission_per_share, ge=0, le=100, description="Of each side."
    )
    value: float = Field(_STUDY.value, gt=0, description="What the position of a hit costs.")
    volume_share: float = Field(
        _STUDY.volume_share, gt=0, le=1, description="Most of the entry bar's volume."
    )
    ended_return_pct: float = Field(
        _STUDY.ended_return_pct, ge=-100, le=1000, description="What a symbol that ends is worth."
    )
    holdout_from: fields.CalendarDate | None = Field(
        None, description="First date of the sessions set aside."
    )
    groups: list[fields.Text] = Field([], description="Static columns to break down by.")
    seed: int = Field(_STUDY.seed, ge=0, le=2**31 - 1, description="Of random draws.")


_EXAMPLE: dict[str, Any] = {
    "backtest_config": {"start_date": "2018-02-20", "end_date": "2018-02-23"},
    "session_data_config": {
        "symbols": ["AAPL"],
        "scanners": [
            {
                "name": "hot",
                "where": "rsi_14_5m > 70 AND close > vwap",
                "rank": "rsi_14_5m",
                "take": 20,
                "regular_session": [{"start": "09:35", "end": "15:55", "interval": "5m"}],
            }
        ],
    },
}


class ConfigShape(Shape):
    """A symscan session configuration."""

    model_config = ConfigDict(
        title="symscan session configuration", json_schema_extra={"examples": [_EXAMPLE]}
    )

    schema_file: str | None = Field(None, alias="$schema", description="For editors; ignored.")
    name: fields.Name | None = Field(None, description="The run's name; default: the file's.")
    mode: Annotated[
        Mode, PlainValidator(fields.parse_one_of(*MODES)), WithJsonSchema({"enum": list(MODES)})
    ] = Field("backtest", description="backtest (default) or live.")
    exchange: fields.Text = Field("NYSE", description="The exchange whose calendar holds; default NYSE.")
    backtest_config: BacktestShape | None = Field(None, description="The days of a backtest.")
    live_config: LiveShape | None = Field(None, description="How a live session takes its bars.")
    study_config: StudyShape | None = Field(None, description="What a study measures after hits.")
    alerts: AlertsShape | None = Field(None, description="Which messages a live session sends to people.")
    renames: fields.Text | None = Field(
        None, description="A CSV file of changes of ticker: date,old,new.", examples=["renames.csv"]
    )
    indicator_modules: list[fields.ModuleName] = Field(
        [], description="Modules with indicators of your own.", examples=[["my_indicators"]]
    )
    session_data_config: SessionDataShape = Field(description="The session: its symbols, data and scanners.")
