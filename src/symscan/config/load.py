"""Load a configuration: one model, or all its faults at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from symscan.config.json_locations import JsonLocations
from symscan.config.model import SessionConfig
from symscan.config.study_settings import StudySettings
from symscan.errors import ConfigError, ConfigErrors, InputError, Place

if TYPE_CHECKING:
    from symscan.config.file_schema import ConfigShape
    from symscan.config.messages import Fault

_SYNTAX_MESSAGES = {
    "Invalid control character at": "a line break or tab stands inside a text; is a quote missing?",
    "Extra data": "something follows the end of the object",
    "Expecting ',' delimiter": "expected a comma here",
    "Expecting ':' delimiter": "expected a colon after the key",
    "Expecting value": "expected a value here",
    "Expecting property name enclosed in double quotes": "expected a key in double quotes",
    "Unterminated string starting at": "the text that begins here has no closing quote",
}
_STUDY = "study_config"
_ENDLESS_NUMBER = re.compile(r"\d{4000,}")


def load_config(path: Path) -> SessionConfig:
    """Load the configuration in a file.

    Raises
    ------
    ConfigErrors
        If the file cannot be read, is no JSON, or says anything that is not understood; it holds
        every fault with its place.
    """
    return parse_config(_read(path), str(path))


def parse_config(text: str, file: str = "config.json") -> SessionConfig:
    """Parse the configuration in a text; ``file`` names it in messages.

    Raises
    ------
    ConfigErrors
        If the text is no JSON or says anything that is not understood; it holds every fault with
        its place.
    """
    # pydantic takes a tenth of a second to import, which help need not wait for.
    from symscan.config.cross_checks import cross_faults
    from symscan.config.resolve import to_model

    values = _parse_json(text, file)
    locations = JsonLocations.of(text, file)
    shape, faults = _check_shape(values)
    errors = [fault.to_error(locations) for fault in (*faults, *cross_faults(values))]
    errors = _odd_values(locations) + errors
    if errors or shape is None:
        raise ConfigErrors(_in_order(errors))
    return to_model(shape, file, text)


def override_study(settings: StudySettings, values: Mapping[str, Any], prefix: str = "") -> StudySettings:
    """Return the settings of a study with some of them replaced by what was given with a command.

    Parameters
    ----------
    values
        As ``study_config`` would hold them.
    prefix
        What stands before a key in messages: ``--`` on the command line.

    Raises
    ------
    InputError
        If one is wrong.
    """
    from pydantic import ValidationError

    from symscan.config.cross_checks import study_faults
    from symscan.config.file_schema import StudyShape
    from symscan.config.messages import shape_faults
    from symscan.config.resolve import study_settings

    try:
        given = study_settings(StudyShape.model_validate(dict(values)))
        faults = [*study_faults(dict(values), _STUDY)]
    except ValidationError as error:
        faults = shape_faults(error, (_STUDY,))
    if faults:
        names = [one.path.removeprefix(f"{_STUDY}.") for one in faults]
        if prefix:  # options are written with hyphens
            names = [f"{prefix}{name.replace('_', '-')}" for name in names]
        raise InputError("\n".join(f"{name}: {one.message}" for name, one in zip(names, faults, strict=True)))
    return replace(settings, **{name: getattr(given, name) for name in values})


def _odd_values(locations: JsonLocations) -> list[ConfigError]:
    return [
        ConfigError(odd.message, place=locations.at(odd.offset), path=odd.path) for odd in locations.oddities
    ]


def _check_shape(values: Any) -> tuple[ConfigShape | None, list[Fault]]:
    from pydantic import ValidationError

    from symscan.config.file_schema import ConfigShape
    from symscan.config.messages import shape_faults

    try:
        return ConfigShape.model_validate(values), []
    except ValidationError as error:
        return None, shape_faults(error)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        _fail("there is no such file", Place(str(path)))
    except IsADirectoryError:
        _fail("is a folder; give the configuration file in it", Place(str(path)))
    except OSError as error:
        _fail(f"cannot be read ({error.strerror})", Place(str(path)))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        _fail("is not UTF-8 text; save the file as UTF-8", Place(str(path), line))


def _parse_json(text: str, file: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        _fail(_syntax_message(text, error), Place(file, error.lineno, error.colno))
    except RecursionError:
        _fail("the values are nested too deeply", Place(file))
    except ValueError:
        digits = _ENDLESS_NUMBER.search(text)
        place = JsonLocations(text, file, {}, ()).at(digits.start()) if digits else Place(file)
        _fail("the number has too many digits", place)


def _syntax_message(text: str, error: json.JSONDecodeError) -> str:
    rest, before = text[error.pos :].lstrip(), text[: error.pos].rstrip()
    if not text.strip():
        return "the file is empty; write a JSON object with a 'session_data_config'"
    if rest.startswith(("//", "/*", "#")):
        return "not valid JSON: it has no comments; remove this one"
    if rest.startswith("'"):
        return "not valid JSON: texts and keys stand in double quotes"
    if (rest[:1] in ("}", "]") and before.endswith(",")) or "trailing comma" in error.msg:
        return "not valid JSON: no comma may stand before a closing bracket; remove it"
    if not rest:
        return "not valid JSON: the file ends too early; is a bracket or a quote missing?"
    return f"not valid JSON: {_SYNTAX_MESSAGES.get(error.msg, error.msg)}"


def _in_order(errors: Iterable[ConfigError]) -> list[ConfigError]:
    """Sort the errors in the order of the file, one a location: the first explains the others."""
    first: dict[tuple[int, int, str | None], ConfigError] = {}
    for error in errors:
        first.setdefault((*_position(error), error.path), error)
    return sorted(first.values(), key=_position)


def _position(error: ConfigError) -> tuple[int, int]:
    place = error.place
    return (place.line or 0, place.column or 0) if place else (0, 0)


def _fail(message: str, place: Place) -> NoReturn:
    raise ConfigErrors([ConfigError(message, place=place)])


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a configuration file, every key described."""
    from symscan.config.file_schema import ConfigShape

    schema = ConfigShape.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
