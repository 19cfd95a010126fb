"""Convert pydantic's errors to faults of a configuration, in our words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, Final

from msgspec import Struct
from pydantic import BaseModel, ValidationError

from symscan.config import data_shapes
from symscan.config import file_schema as shape
from symscan.config.alert_schema import AlertRuleShape, AlertsShape, TargetShape
from symscan.config.fields import show
from symscan.config.json_locations import JsonLocations, join
from symscan.errors import ConfigError

Steps = tuple[str | int, ...]

_SCANNER: Final = ("session_data_config", "scanners")
_ALERTS: Final = ("alerts",)
_SHAPES: Final[dict[tuple[str, ...], type[BaseModel]]] = {
    (): shape.ConfigShape,
    ("backtest_config",): shape.BacktestShape,
    ("live_config",): shape.LiveShape,
    ("study_config",): shape.StudyShape,
    _ALERTS: AlertsShape,
    (*_ALERTS, "rules"): AlertRuleShape,
    (*_ALERTS, "targets"): TargetShape,
    ("session_data_config",): shape.SessionDataShape,
    ("session_data_config", "indicators"): shape.IndicatorShape,
    _SCANNER: shape.ScannerShape,
    ("session_data_config", "strategies"): shape.StrategyShape,
    ("session_data_config", "observers"): shape.ObserverShape,
    (*_SCANNER, "schedule"): shape.ScheduleShape,
    (*_SCANNER, "regular_session"): shape.WindowShape,
    (*_SCANNER, "pre_session"): shape.WindowShape,
    (*_SCANNER, "symbol_requirements"): shape.RequirementsShape,
    (*_SCANNER, "universe"): data_shapes.FoundByShape,
    (*_SCANNER, "columns"): data_shapes.DatedFileShape,
}
"""Every object with fixed keys, by where it stands (numbers left out)."""


class Fault(Struct, frozen=True):
    """Something wrong at a path; ``key`` says that its key is to blame, not its value."""

    path: str
    message: str
    key: bool = False

    def to_error(self, locations: JsonLocations) -> ConfigError:
        """Convert the fault to an error with its location."""
        return ConfigError(self.message, place=locations.place(self.path, key=self.key), path=self.path)


def shape_faults(error: ValidationError, holder: Steps = ()) -> list[Fault]:
    """Convert pydantic's errors to faults; ``holder`` is where the object stands that was validated."""
    return [_to_fault(detail, holder) for detail in error.errors(include_url=False)]


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys an object may have, in the order of their documentation."""
    return [field.alias or name for name, field in model.model_fields.items()]


def closest_key(key: str, known: Iterable[str]) -> str | None:
    """Return the known key closest to an unknown one, None if none is close."""
    names = list(known)
    longer = [name for name in names if name.startswith(f"{key.casefold()}_")]
    near = longer or get_close_matches(key.casefold(), names, n=1)
    return near[0] if near else None


def path_of(steps: Steps) -> str:
    """Convert a pydantic location to a path."""
    path = ""
    for step in steps:
        path = join(path, step)
    return path


def _to_fault(detail: Any, holder: Steps) -> Fault:
    *holders, last = (*holder, *detail["loc"]) or ("",)
    steps: Steps = tuple(step for step in holders if step not in data_shapes.TAGS)
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden" or last not in {*data_shapes.TAGS, ""}:
        steps = (*steps, last)
    if kind == "extra_forbidden":
        return Fault(path_of(steps), _unknown_key(steps), key=True)
    if kind == "missing":
        return Fault(path_of(steps[:-1]), f"the key '{steps[-1]}' is missing")
    if kind == "value_error":
        return Fault(path_of(steps), str(context["error"]))
    if kind == "too_long":
        return Fault(path_of(steps), f"the list has more than {context['max_length']} entries")
    if kind == "too_short":
        return Fault(path_of(steps), "the list is empty; fill it, or leave the key out")
    expected = _expected(steps, kind, context)
    is_secret = steps[:2] == (*_ALERTS, "targets")
    got = "something else" if is_secret else show(value)
    # An unforeseen kind keeps pydantic's own words rather than none.
    message = f"expected {expected}, got {got}" if expected else f"{detail['msg']}, got {got}"
    return Fault(path_of(steps), message)


_EXPECTED: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "string_type": lambda _: "text",
    "bool_type": lambda _: "true or false",
    "int_type": lambda _: "a whole number",
    "int_from_float": lambda _: "a whole number",
    "float_type": lambda _: "a number",
    "finite_number": lambda _: "a finite number",
    "list_type": lambda _: "a list",
    "dict_type": lambda _: "an object",
    "model_type": lambda _: "an object",
    "model_attributes_type": lambda _: "an object",
    "greater_than": lambda context: f"a number greater than {context['gt']:g}",
    "less_than_equal": lambda context: f"a number of at most {context['le']:g}",
    "greater_than_equal": lambda context: f"a number of at least {context['ge']:g}",
}


def _expected(steps: Steps, kind: str, context: dict[str, Any]) -> str | None:
    if kind == "bool_type" and steps[-1] == "pre_session":
        return "true, false or a list of windows"
    return _EXPECTED[kind](context) if kind in _EXPECTED else None


def _unknown_key(steps: Steps) -> str:
    key = str(steps[-1])
    where = tuple(step for step in steps[:-1] if isinstance(step, str))
    if where[:2] == (*_ALERTS, "targets"):
        where = where[:2]  # a target stands under its own name
    known = keys_of(_SHAPES[where])
    near = closest_key(key, known)
    if near:
        return f"unknown key '{key}'; did you mean '{near}'?"
    hint = _where_known(key, where) or f"known here: {', '.join(known)}"
    return f"unknown key '{key}'; {hint}"


def _where_known(key: str, where: tuple[str, ...]) -> str:
    """Describe where a key belongs that is known elsewhere, first inside this object."""
    homes = [home for home, model in _SHAPES.items() if key in keys_of(model)]
    homes = [home for home in homes if home[:-1] == where] or homes
    if homes:
        names = [f"'{home[-1]}'" if home else "the outermost object" for home in homes]
        return f"it belongs in {' or '.join(names)}"
    return "settings of the scanner's own belong in its 'config'" if where == _SCANNER else ""
