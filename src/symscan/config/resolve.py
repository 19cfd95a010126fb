"""Convert the validated file schema to the configuration model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from symscan.clock.schedule import DAYS, Window
from symscan.config.file_schema import (
    ConfigShape,
    IndicatorShape,
    ObserverShape,
    RequirementsShape,
    ScannerShape,
    StrategyShape,
    WindowShape,
)
from symscan.config.json_locations import join
from symscan.config.model import (
    ObserverConfig,
    ScannerConfig,
    ScreenConfig,
    SessionConfig,
    StrategyConfig,
    SymbolRequirements,
)
from symscan.model.live_settings import LiveSettings
from symscan.model.specs import IndicatorConfig, IndicatorSpec

DEFAULT_UNIVERSE = "sp500"


def to_model(shape: ConfigShape, file: str, text: str) -> SessionConfig:
    """Convert a validated schema to the configuration."""
    data, days, live = shape.session_data_config, shape.backtest_config, shape.live_config
    return SessionConfig(
        name=shape.name or Path(file).stem,
        file=Path(file),
        mode=shape.mode,
        exchange=shape.exchange,
        start_date=days.start_date if days else None,
        end_date=(days.end_date or days.start_date) if days else None,
        symbols=tuple(data.symbols),
        streams=tuple(data.streams),
        indicators=tuple(_indicator(indicator) for indicator in data.indicators),
        scanners=tuple(
            _scanner(scanner, join("session_data_config.scanners", index))
            for index, scanner in enumerate(data.scanners)
        ),
        strategies=tuple(
            _strategy(strategy, join("session_data_config.strategies", index))
            for index, strategy in enumerate(data.strategies)
        ),
        observers=tuple(
            _observer(observer, join("session_data_config.observers", index))
            for index, observer in enumerate(data.observers)
        ),
        indicator_modules=tuple(shape.indicator_modules),
        live=LiveSettings(**live.model_dump()) if live else LiveSettings(),
        text=text,
    )


def _scanner(shape: ScannerShape, path: str) -> ScannerConfig:
    module = shape.module
    return ScannerConfig(
        name=shape.name or (module or "").rpartition(".")[2],
        path=path,
        module=module,
        screen=_screen(shape),
        config=dict(shape.config or {}),
        enabled=shape.enabled,
        required=shape.required,
        pre_session=shape.pre_session is True,
        pre_session_windows=_windows(shape.pre_session) if isinstance(shape.pre_session, list) else (),
        regular_session=_regular_session(shape),
        symbol_requirements=_requirements(shape.symbol_requirements),
        timeout_seconds=shape.timeout_seconds,
        add_symbols=shape.add_symbols,
        isolation=shape.isolation,
    )


def _strategy(shape: StrategyShape, path: str) -> StrategyConfig:
    return StrategyConfig(
        name=shape.name or shape.module.rpartition(".")[2],
        path=path,
        module=shape.module,
        config=dict(shape.config or {}),
        enabled=shape.enabled,
    )


def _observer(shape: ObserverShape, path: str) -> ObserverConfig:
    return ObserverConfig(
        name=shape.name or shape.module.rpartition(".")[2],
        path=path,
        module=shape.module,
        config=dict(shape.config or {}),
        enabled=shape.enabled,
    )


def _screen(shape: ScannerShape) -> ScreenConfig | None:
    if shape.where is None:
        return None
    return ScreenConfig(
        universe=shape.universe or DEFAULT_UNIVERSE,
        where=shape.where,
        rank=shape.rank,
        take=shape.take,
        show=tuple(shape.show or ()),
        max_age_minutes=shape.max_age_minutes,
    )


def _regular_session(shape: ScannerShape) -> tuple[Window, ...]:
    plan = shape.schedule
    if plan is None:
        return _windows(shape.regular_session or ())
    return (Window(plan.start_time, plan.end_time, plan.interval, _days(plan.days_of_week)),)


def _windows(shapes: Sequence[WindowShape]) -> tuple[Window, ...]:
    return tuple(
        Window(shape.start, shape.end, shape.interval, _days(shape.days_of_week)) for shape in shapes
    )


def _days(days: Sequence[str] | None) -> tuple[str, ...]:
    """The days in the order of the week."""
    return DAYS if days is None else tuple(day for day in DAYS if day in days)


def _requirements(shape: RequirementsShape | None) -> SymbolRequirements:
    if shape is None:
        return SymbolRequirements()
    return SymbolRequirements(tuple(shape.streams), shape.historical_days if shape.load_historical else 0)


def _indicator(shape: IndicatorSpec | IndicatorShape) -> IndicatorSpec | IndicatorConfig:
    if isinstance(shape, IndicatorSpec):
        return shape
    return IndicatorConfig(shape.name, shape.type, shape.period, str(shape.interval), dict(shape.params))
