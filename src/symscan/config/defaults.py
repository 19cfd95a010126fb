"""What need not be said with every command: store, folder of runs, processes; from the environment or a file.

A ``symscan.toml`` in the current folder, or in the nearest one above it, names them; paths in it are
relative to its own folder. What is given with a command comes first, then the environment, then the file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NoReturn

from symscan.errors import ConfigError, ConfigErrors, InputError, Place
from symscan.tasks.jobs import parse_jobs

FILE_NAME: Final = "symscan.toml"
STORE_VARIABLE: Final = "SYMSCAN_STORE"

_PATHS: Final = ("store", "runs")
_JOBS: Final = "jobs"
_KEYS: Final = (*_PATHS, _JOBS)
_AT: Final = re.compile(r" \(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What is taken where nothing else is said.

    Attributes
    ----------
    store
        The folder of the bar store; None where nothing names one.
    runs
        The folder of runs; None where nothing names one.
    jobs
        How many processes play a range of sessions; None where nothing says so.
    """

    store: Path | None = None
    runs: Path | None = None
    jobs: int | None = None


def find_defaults(folder: Path | None = None, environment: Mapping[str, str] = os.environ) -> Defaults:
    """Find the defaults that hold in a folder.

    Parameters
    ----------
    folder
        Where to begin; None for the current folder.
    environment
        The variables of the process.

    Raises
    ------
    ConfigErrors
        If the file cannot be read, is no TOML, or holds anything but texts for the known keys.
    """
    here = (folder or Path.cwd()).absolute()
    files = (one / FILE_NAME for one in (here, *here.parents))
    file = next((one for one in files if one.is_file()), None)
    found = Defaults() if file is None else _read(file)
    store = environment.get(STORE_VARIABLE)
    return replace(found, store=Path(store)) if store else found


def chosen_store(given: Path | str | None) -> Path:
    """Return the store that is given, else the default one.

    Raises
    ------
    ConfigErrors
        As :func:`find_defaults`.
    InputError
        If there is none.
    """
    store = find_defaults().store if given is None else Path(given)
    if store is None:
        raise InputError(
            f"no bar store is named; give 'store', set {STORE_VARIABLE}, or write store = \"DIR\" "
            f"into a file {FILE_NAME}"
        )
    return store


def runs_folder() -> Path:
    """Return the folder that runs are written below: that of the file, else ``runs``.

    Raises
    ------
    ConfigErrors
        As :func:`find_defaults`.
    """
    return find_defaults().runs or Path("runs")


def _read(file: Path) -> Defaults:
    """Return what a file says; paths are absolute where the file is elsewhere."""
    text = _text(file)
    values = _parsed(file, text)
    errors = [fault for key, value in values.items() if (fault := _fault(file, text, key, value))]
    if errors:
        raise ConfigErrors(errors)
    home = Path() if file.parent == Path.cwd() else file.parent
    paths = {key: home / Path(values[key]).expanduser() for key in _PATHS if key in values}
    return Defaults(**paths, jobs=parse_jobs(values[_JOBS]) if _JOBS in values else None)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        _fail(file, f"it cannot be read ({error.strerror})")
    except UnicodeDecodeError as error:
        _fail(
            file, "is not UTF-8 text; save the file as UTF-8", error.object.count(b"\n", 0, error.start) + 1
        )


def _parsed(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _AT.search(message)
        line, column = (int(one) for one in place.groups()) if place else (None, None)
        _fail(file, f"not valid TOML: {_AT.sub('', message)}", line, column)


def _fault(file: Path, text: str, key: str, value: object) -> ConfigError | None:
    """Return what is wrong with a key or its value."""
    line = _line_of(text, key)
    if key not in _KEYS:
        close = get_close_matches(key, _KEYS, 1)
        hint = f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(_KEYS)}"
        return ConfigError(f"unknown key '{key}'; {hint}", place=Place(str(file), line))
    if key == _JOBS:
        return _jobs_fault(value, Place(str(file), line))
    if not isinstance(value, str) or not value.strip():
        message = f'expected the path of a folder, as in {key} = "{key}"'
        return ConfigError(message, place=Place(str(file), line), path=key)
    return None


def _jobs_fault(value: object, place: Place) -> ConfigError | None:
    try:
        parse_jobs(value)
    except InputError as error:
        return ConfigError(str(error), place=place, path=_JOBS)
    return None


def _line_of(text: str, key: str) -> int | None:
    """Return the line on which a key, or the table of its name, begins."""
    begins = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
    lines = enumerate(text.splitlines(), start=1)
    return next((number for number, line in lines if begins.match(line)), None)


def _fail(file: Path, message: str, line: int | None = None, column: int | None = None) -> NoReturn:
    raise ConfigErrors([ConfigError(message, place=Place(str(file), line, column))])
