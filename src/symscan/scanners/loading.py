"""From a configuration's ``module`` to a scanner: the project's own modules first, then the built-in ones."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from symscan.errors import ConfigError
from symscan.scanners import builtin
from symscan.scanners.base import BaseScanner
from symscan.scanners.screen import Screen, ScreenScanner

_PREFIX = "scanners."
_SUFFIX = "_scanner"


def builtin_names() -> list[str]:
    """The built-in scanners, by the name a configuration gives them."""
    return sorted(module.name for module in iter_modules(builtin.__path__))


def load_scanner(module: str, name: str, config: dict[str, Any], folders: Sequence[Path]) -> BaseScanner:
    """An instance of the scanner a module holds.

    Parameters
    ----------
    module
        ``scanners.gap_scanner``: a module of the project, else a built-in one; the prefix
        ``scanners.`` and the suffix ``_scanner`` may be left out, on both sides.
    name
        The scanner's name, from which a class ``{Name}Scanner`` is found.
    config
        What its constructor is given.
    folders
        Where the project's modules and universes are, first match wins.

    Raises
    ------
    ConfigError
        If there is no such module, it does not import, or holds no scanner class that is meant.
    """
    found = _import(module, folders)
    screen = getattr(found, "screen", None)
    if isinstance(screen, Screen):
        scanner: BaseScanner = ScreenScanner.of(screen, config.get("universe", "sp500"), config)
    else:
        scanner = _made(_class_in(found, module, name), module, config)
    scanner.use_folders(folders)
    return scanner


def _made(cls: type[BaseScanner], module: str, config: dict[str, Any]) -> BaseScanner:
    try:
        return cls(config)
    except Exception as error:  # the plug-in boundary: the user's constructor
        raise ConfigError(f"{cls.__name__} of module '{module}' could not be made: {_told(error)}") from error


def _class_in(found: ModuleType, module: str, name: str) -> type[BaseScanner]:
    camel = "".join(part.capitalize() for part in name.split("_"))
    wanted = ["Scanner", f"{camel}Scanner", camel if camel.endswith("Scanner") else ""]
    for attribute in wanted:
        cls = getattr(found, attribute, None)
        if inspect.isclass(cls):
            return _checked_class(cls, module)
    own = [one for one in vars(found).values() if _is_scanner_of(one, found)]
    if len(own) == 1:
        return _checked_class(own[0], module)
    has = ", ".join(cls.__name__ for cls in own) or "none"
    raise ConfigError(
        f"module '{module}' has no class Scanner or {wanted[1]}, and not exactly one BaseScanner "
        f"(it has: {has}); name the class Scanner"
    )


def _checked_class(cls: type[Any], module: str) -> type[BaseScanner]:
    if not issubclass(cls, BaseScanner):
        raise ConfigError(
            f"{cls.__name__} of module '{module}' is no BaseScanner; derive it from symscan.BaseScanner"
        )
    if inspect.isabstract(cls):
        missing = ", ".join(sorted(cls.__abstractmethods__))
        raise ConfigError(f"{cls.__name__} of module '{module}' lacks the method {missing}")
    return cls


def _is_scanner_of(value: object, found: ModuleType) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseScanner) and value.__module__ == found.__name__


def _import(module: str, folders: Sequence[Path]) -> ModuleType:
    for folder in folders:
        for variant in _variants(module):
            path = _file_of(folder, variant)
            if path is not None:
                return _import_file(path, variant, folder)
    bare = _bare(module)
    if bare in builtin_names():
        return importlib.import_module(f"{builtin.__name__}.{bare}")
    return _import_installed(module, folders)


def _import_file(path: Path, dotted: str, folder: Path) -> ModuleType:
    """Import under a name of its own, so that two projects in one process never share a module."""
    name = f"symscan_project_{abs(hash(str(path.resolve()))):x}.{dotted}"
    if name in sys.modules:
        return sys.modules[name]
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is no Python module")
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    try:
        spec.loader.exec_module(found)
    except Exception as error:  # the plug-in boundary: the user's module
        del sys.modules[name]
        raise ConfigError(f"{_culprit(error, path)}: the module does not import: {_told(error)}") from error
    return found


def _import_installed(module: str, folders: Sequence[Path]) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(f"{error.name}.")):
            raise ConfigError(f"module '{module}' does not import: {_told(error)}") from error
    except Exception as error:  # the plug-in boundary: the user's module
        raise ConfigError(f"module '{module}' does not import: {_told(error)}") from error
    close = get_close_matches(_bare(module), builtin_names(), 1)
    hint = f"; did you mean '{close[0]}'?" if close else ""
    looked = ", ".join(str(folder) for folder in folders)
    raise ConfigError(
        f"there is no module '{module}' in {looked}, and no built-in scanner of that name "
        f"(built in: {', '.join(builtin_names())}){hint}"
    )


def _variants(module: str) -> Iterator[str]:
    """The module as named, then with and without the prefix and the suffix."""
    bare = _bare(module)
    names = [module, f"{_PREFIX}{bare}{_SUFFIX}", f"{_PREFIX}{bare}", f"{bare}{_SUFFIX}", bare]
    yield from dict.fromkeys(names)


def _bare(module: str) -> str:
    return module.removeprefix(_PREFIX).removesuffix(_SUFFIX)


def _file_of(folder: Path, dotted: str) -> Path | None:
    path = folder.joinpath(*dotted.split("."))
    for candidate in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _culprit(error: Exception, path: Path) -> str:
    """Where in the user's file the fault is."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
