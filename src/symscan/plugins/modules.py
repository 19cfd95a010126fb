"""Load what a configuration's ``module`` names: of the project first, then built-in, then installed."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import linecache
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Generic, TypeVar
from zlib import crc32

from symscan.errors import ConfigError
from symscan.plugins.errors import PROJECT, describe_error
from symscan.plugins.installed import installed, installed_one

PlugIn = TypeVar("PlugIn")


@dataclass(frozen=True, slots=True)
class PlugInKind(Generic[PlugIn]):
    """One kind of plug-in and where its modules are.

    Attributes
    ----------
    name, plural
        ``Scanner`` and ``scanners``: what a class is called, and the prefix of a module's name.
    base
        What a plug-in's class derives from.
    builtin
        The package of the built-in ones; None where none come along.
    """

    name: str
    plural: str
    base: type[Any]
    builtin: ModuleType | None = None

    @property
    def word(self) -> str:
        """The kind in a sentence."""
        return self.name.lower()

    def builtin_names(self) -> list[str]:
        """The built-in ones, by the name a configuration gives them."""
        return [] if self.builtin is None else sorted(one.name for one in iter_modules(self.builtin.__path__))

    @property
    def group(self) -> str:
        """The group of the entry points by which installed packages name theirs."""
        return f"symscan.{self.plural}"

    def load(self, module: str | type[Any], folders: Sequence[Path]) -> Any:
        """Import the module a configuration names; an entry point may name a class in one instead.

        Parameters
        ----------
        module
            ``scanners.gap_scanner``: a module of the project, else a built-in one; the prefix
            ``scanners.`` and the suffix ``_scanner`` may be left out, on both sides. Else the name of an
            entry point, or an installed module. A class is what is to be found.
        folders
            Where the project's modules are, first match wins.

        Raises
        ------
        ConfigError
            If there is no such module, or it does not import.
        """
        if isinstance(module, type):
            return module
        found = load_file(tuple(self._variants(module)), folders)
        if found is not None:
            return found
        bare = self._bare(module)
        if self.builtin is not None and bare in self.builtin_names():
            return importlib.import_module(f"{self.builtin.__name__}.{bare}")
        entry = installed_one(self.group, module)
        if entry is not None:
            return entry.load()
        found = load_installed(module)
        if found is None:
            raise self._not_found(module, folders)
        return found

    def class_in(self, found: Any, module: str | type[Any], name: str) -> type[PlugIn]:
        """Return the class a module holds: ``Scanner``, else ``{Name}Scanner``, else the only one in it.

        Raises
        ------
        ConfigError
            If there is none, or it is not clear which one is meant.
        """
        if not isinstance(module, str):
            return self._checked_class(found, module.__module__)
        if inspect.isclass(found):
            return self._checked_class(found, module)
        camel = "".join(part.capitalize() for part in name.split("_"))
        wanted = [self.name, f"{camel}{self.name}", camel if camel.endswith(self.name) else ""]
        for attribute in wanted:
            cls = getattr(found, attribute, None)
            if inspect.isclass(cls) and (attribute == self.name or not _is_ours(cls)):
                return self._checked_class(cls, module)
        own = [one for one in vars(found).values() if self._is_own(one, found)]
        if len(own) == 1:
            return self._checked_class(own[0], module)
        has = ", ".join(cls.__name__ for cls in own) or "none"
        raise ConfigError(
            f"module '{module}' has no class {self.name} or {wanted[1]}, and not exactly one "
            f"{self.base.__name__} (it has: {has}); name the class {self.name}"
        )

    def make(self, cls: type[PlugIn], module: str | type[Any], config: dict[str, Any]) -> PlugIn:
        """Make an instance of a plug-in's class.

        Raises
        ------
        ConfigError
            If its constructor raises.
        """
        try:
            return cls(config)  # type: ignore[call-arg]  # every plug-in is made from its config
        except (Exception, SystemExit) as error:  # the plug-in boundary: the user's constructor
            fault = describe_error(error, cls.__module__)
            home = module if isinstance(module, str) else module.__module__
            raise ConfigError(f"{cls.__name__} of module '{home}' could not be made: {fault}") from error

    def _checked_class(self, cls: Any, module: str) -> type[PlugIn]:
        base = self.base.__name__
        if not issubclass(cls, self.base):
            raise ConfigError(
                f"{cls.__name__} of module '{module}' is no {base}; derive it from symscan.{base}"
            )
        if inspect.isabstract(cls):
            missing = ", ".join(sorted(cls.__abstractmethods__))
            raise ConfigError(f"{cls.__name__} of module '{module}' lacks the method {missing}")
        checked: type[PlugIn] = cls
        return checked

    def _is_own(self, value: object, found: ModuleType) -> bool:
        return inspect.isclass(value) and issubclass(value, self.base) and value.__module__ == found.__name__

    def _not_found(self, module: str, folders: Sequence[Path]) -> ConfigError:
        names, of_packages = self.builtin_names(), [one.name for one in installed(self.group)]
        close = get_close_matches(self._bare(module), [*names, *of_packages], 1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        looked = ", ".join(str(folder) for folder in folders)
        builtin = f"built in: {', '.join(names)}" if names else "none is built in"
        more = f"; installed: {', '.join(of_packages)}" if of_packages else ""
        return ConfigError(
            f"there is no module '{module}' in {looked}, and no built-in {self.word} of that name "
            f"({builtin}{more}){hint}"
        )

    def _variants(self, module: str) -> Iterator[str]:
        """The module as named, then with and without the prefix and the suffix."""
        bare, prefix, suffix = self._bare(module), f"{self.plural}.", f"_{self.word}"
        yield from dict.fromkeys(
            [module, f"{prefix}{bare}{suffix}", f"{prefix}{bare}", f"{bare}{suffix}", bare]
        )

    def _bare(self, module: str) -> str:
        return module.removeprefix(f"{self.plural}.").removesuffix(f"_{self.word}")


def project_folders(config: Path) -> tuple[Path, ...]:
    """Return the folders of the project that a configuration file belongs to, first match wins."""
    return tuple(dict.fromkeys((Path.cwd(), config.resolve().parent)))


def load_file(names: Sequence[str], folders: Sequence[Path]) -> ModuleType | None:
    """Import the first of some modules that the project has, None if it has none of them.

    Raises
    ------
    ConfigError
        If it does not import.
    """
    for folder in folders:
        for name in names:
            path = _file_of(folder, name)
            if path is not None:
                return _import_file(path, name, folder)
    return None


def forget_changed() -> None:
    """Forget the project's modules whose files were edited since, so that they are imported anew.

    For a process that runs one thing after another, as a notebook does. What such a module imports
    itself is not forgotten.
    """
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.startswith(PROJECT) and file is not None and _has_changed(Path(file)):
            del sys.modules[name]


def _has_changed(path: Path) -> bool:
    """Whether a file is not as it was when it was imported."""
    known = linecache.cache.get(str(path), ())
    try:
        return len(known) < 3 or "".join(known[2]).rstrip("\n") != path.read_text("utf-8").rstrip("\n")
    except (OSError, UnicodeDecodeError):
        return True


def load_installed(module: str) -> ModuleType | None:
    """Import an installed module, None if there is none of that name.

    Raises
    ------
    ConfigError
        If it does not import.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(f"{error.name}.")):
            raise _unimported(module, error) from error
        return None
    except (Exception, SystemExit) as error:  # the plug-in boundary: the user's module
        raise _unimported(module, error) from error


def _is_ours(cls: type[Any]) -> bool:
    """Whether a class comes with symscan: a scanner named ``base`` does not mean BaseScanner."""
    return cls.__module__.startswith("symscan.")


def _unimported(module: str, error: BaseException) -> ConfigError:
    return ConfigError(f"module '{module}' does not import: {describe_error(error, module)}")


def _import_file(path: Path, dotted: str, folder: Path) -> ModuleType:
    """Import under a name of its own, so that two projects in one process never share a module."""
    # The name shows in messages, and so in the journal: the same in every process, as a hash() is not.
    name = f"{PROJECT}{crc32(os.fsencode(path.resolve())):08x}.{dotted}"
    if name in sys.modules:
        return sys.modules[name]
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is no Python module")
    found = importlib.util.module_from_spec(spec)
    # What a scanner remembers may hold objects of its module's classes: pickling looks their package up.
    package = name.partition(".")[0]
    sys.modules.setdefault(package, ModuleType(package))
    sys.modules[name] = found
    linecache.checkcache(str(path))
    linecache.getlines(str(path))  # what runs from now on: the file may be edited meanwhile
    try:
        spec.loader.exec_module(found)
    except (Exception, SystemExit) as error:  # the plug-in boundary: the user's module
        del sys.modules[name]
        raise ConfigError(f"{path} does not import: {describe_error(error)}") from error
    return found


def _file_of(folder: Path, dotted: str) -> Path | None:
    path = folder.joinpath(*dotted.split("."))
    for candidate in (path.with_name(f"{path.name}.py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None
