"""Convert the validated file schema to the configuration model.

A key that both name alike is copied by its name, and so need not be named here; what stands here is what the
file says otherwise than the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from symscan.clock.schedule import DAYS, Window
from symscan.config.alert_schema import AlertsShape
from symscan.config.alert_settings import AlertRule, AlertSettings, AlertTarget
from symscan.config.data_shapes import DatedFileShape, FoundByShape
from symscan.config.fields import Shape
from symscan.config.file_schema import (
    BacktestShape,
    ConfigShape,
    IndicatorShape,
    ObserverShape,
    RequirementsShape,
    ScannerShape,
    StrategyShape,
    StudyShape,
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
from symscan.config.study_settings import StudySettings
from symscan.model.live_settings import LiveSettings
from symscan.model.specs import IndicatorConfig, IndicatorSpec
from symscan.model.universes.dated_file import DatedFile
from symscan.model.universes.universe_spec import is_set, split_found_by

DEFAULT_UNIVERSE = "sp500"

_Listed = TypeVar("_Listed", bound=Shape)
_PlugIn = TypeVar("_PlugIn", StrategyConfig, ObserverConfig)


def to_model(shape: ConfigShape, file: str, text: str) -> SessionConfig:
    """Convert a validated schema to the configuration."""
    data, live = shape.session_data_config, shape.live_config
    own: dict[str, Any] = {
        "name": shape.name or Path(file).stem,
        "indicators": tuple(_indicator(indicator) for indicator in data.indicators),
        "scanners": tuple(_scanner(one, path) for path, one in _with_paths(data.scanners, "scanners")),
        "strategies": tuple(
            _plug_in(one, path, StrategyConfig) for path, one in _with_paths(data.strategies, "strategies")
        ),
        "observers": tuple(
            _plug_in(one, path, ObserverConfig) for path, one in _with_paths(data.observers, "observers")
        ),
        "live": LiveSettings(**_alike(live, LiveSettings)) if live else LiveSettings(),
        "study": study_settings(shape.study_config) if shape.study_config else StudySettings(),
        "alerts": _alerts(shape.alerts) if shape.alerts else AlertSettings(),
    }
    alike = _alike(shape, SessionConfig) | _alike(data, SessionConfig) | _days_of(shape.backtest_config)
    return SessionConfig(file=Path(file), text=text, **alike | own)


def study_settings(shape: StudyShape) -> StudySettings:
    """Convert the validated settings of a study."""
    return StudySettings(**_alike(shape, StudySettings))


def _alerts(shape: AlertsShape) -> AlertSettings:
    targets = (
        AlertTarget(name, join("alerts.targets", name), **_alike(one, AlertTarget))
        for name, one in shape.targets.items()
    )
    rules = (
        AlertRule(path=join("alerts.rules", index), **_alike(one, AlertRule))
        for index, one in enumerate(shape.rules)
    )
    return AlertSettings(tuple(targets), tuple(rules))


def _alike(shape: Shape, model: type) -> dict[str, Any]:
    """The values of keys that a model names as the file does; one that is left out leaves the default."""
    names = [field.name for field in fields(model) if field.name in type(shape).model_fields]
    values = {name: getattr(shape, name) for name in names}
    return {name: _frozen(value) for name, value in values.items() if value is not None}


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else dict(value) if isinstance(value, dict) else value


def _days_of(shape: BacktestShape | None) -> dict[str, Any]:
    return {"end_date": shape.start_date} | _alike(shape, SessionConfig) if shape else {}


def _with_paths(shapes: Sequence[_Listed], key: str) -> Iterator[tuple[str, _Listed]]:
    listed = join("session_data_config", key)
    return ((join(listed, index), shape) for index, shape in enumerate(shapes))


def _scanner(shape: ScannerShape, path: str) -> ScannerConfig:
    own: dict[str, Any] = {
        "screen": _screen(shape),
        "pre_session": shape.pre_session is True,
        "pre_session_windows": _windows(shape.pre_session) if isinstance(shape.pre_session, list) else (),
        "regular_session": _regular_session(shape),
        "symbol_requirements": _requirements(shape.symbol_requirements),
        "columns": _dated_files(shape.columns),
    }
    return ScannerConfig(path=path, **_alike(shape, ScannerConfig) | own)


def _plug_in(shape: StrategyShape | ObserverShape, path: str, model: type[_PlugIn]) -> _PlugIn:
    return model(path=path, **{"name": shape.module.rpartition(".")[2]} | _alike(shape, model))


def _screen(shape: ScannerShape) -> ScreenConfig | None:
    if shape.where is None:
        return None
    given = {"universe": DEFAULT_UNIVERSE} | _alike(shape, ScreenConfig)
    if isinstance(shape.universe, FoundByShape):
        given |= {"universe": DEFAULT_UNIVERSE} | _alike(shape.universe, ScreenConfig)
    elif isinstance(shape.universe, dict) and is_set(shape.universe):
        found, rest = split_found_by(shape.universe)
        if found is not None:
            given |= {**found, "universe": DEFAULT_UNIVERSE, "restricted_to": rest}
    return ScreenConfig(**given)


def _dated_files(shape: DatedFileShape | list[DatedFileShape] | None) -> tuple[DatedFile, ...]:
    shapes = shape if isinstance(shape, list) else [shape] if shape is not None else []
    return tuple(DatedFile(one.file, one.as_of, one.zone) for one in shapes)


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
    return IndicatorConfig(**_alike(shape, IndicatorConfig) | {"interval": str(shape.interval)})
