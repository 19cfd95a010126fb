"""Find a broker by its name, and make it: built in, of an installed package, or a module of the user's.

A broker is imported when it is asked for; its client may take long to import, or not be installed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from symscan.errors import ConfigError, InputError
from symscan.plugins.installed import installed
from symscan.plugins.modules import PlugInKind

if TYPE_CHECKING:
    from symscan.sources.base_broker import BaseBroker
    from symscan.sources.ports import Broker

BUILT_IN: Final[Mapping[str, tuple[str, str]]] = {
    "replay": ("symscan.sources.replay.broker", "ReplayBroker"),
    "alpaca": ("symscan.sources.alpaca.broker", "AlpacaBroker"),
}
"""Module and class of the brokers that come with symscan."""

DEFAULT_DOWNLOAD: Final = "alpaca"
"""The broker that bars are downloaded from where none is named."""

ENTRY_POINTS: Final = "symscan.brokers"
"""The group of entry points by which a package offers brokers: name = ``module:Class``."""


@dataclass(frozen=True, slots=True)
class BrokerType:
    """The class of a broker, and whether it is a user's: then its errors are described with file and line.

    Attributes
    ----------
    cls
        The class.
    is_users
        Whether it does not come with symscan.
    """

    cls: type[BaseBroker]
    is_users: bool = False

    def make(self, feed: str | None) -> Broker:
        """Make the broker, for one of its feeds.

        Raises
        ------
        InputError
            If it needs something that is not there, as keys; or the user's class cannot be made.
        """
        if not self.is_users:
            return self.cls(feed)
        from symscan.sources.broker_guard import guarded_broker

        return guarded_broker(self.cls, feed)

    def check_feed(self, feed: str) -> None:
        """Check the name of one of its feeds.

        Raises
        ------
        InputError
            If it has none of that name.
        """
        title, feeds = self.cls.title, self.cls.feeds
        if not feeds:
            raise InputError(f"--feed {feed}: {title} has no feeds to choose from; leave --feed out")
        if feed not in feeds:
            has = " and ".join(f"{name} ({carries})" for name, carries in feeds.items())
            raise InputError(f"--feed {feed}: {title} has {has}; give one of them")

    def missing_feed(self, or_else: str = "") -> InputError:
        """Return the error that none of its feeds was chosen; ``or_else`` names another place for it."""
        names = list(self.cls.feeds)
        choices = " or ".join(f"--feed {name}" for name in names)
        count = "two" if len(names) == 2 else str(len(names))
        return InputError(f"{self.cls.title} has {count} feeds; say {choices}{or_else}")


def find_broker(name: str, folders: Sequence[Path] = ()) -> BrokerType:
    """Return the class of a broker.

    Parameters
    ----------
    name
        A built-in one, one of an installed package, or a module, as in ``my_broker`` or
        ``my_broker:MyBroker``.
    folders
        Where the project's modules are, first match wins.

    Raises
    ------
    InputError
        If there is none of that name, it does not import, or its class is no broker.
    """
    if name in BUILT_IN:
        module, cls = BUILT_IN[name]
        return BrokerType(getattr(import_module(module), cls))
    return BrokerType(_users_class(name, folders), is_users=True)


def broker_names() -> list[str]:
    """Return the names of the brokers that are built in or installed; a user's modules are not among them."""
    return [*BUILT_IN, *(one.name for one in installed(ENTRY_POINTS))]


class _BrokerModules(PlugInKind["BaseBroker"]):
    """Where modules of brokers are: the built-in ones have packages of their own."""

    def builtin_names(self) -> list[str]:
        """The names of the built-in ones."""
        return sorted(BUILT_IN)


def _users_class(name: str, folders: Sequence[Path]) -> type[BaseBroker]:
    """Load the class of a broker from the project, an entry point or an installed module."""
    from symscan.sources.base_broker import BaseBroker

    modules = _BrokerModules("Broker", "brokers", BaseBroker)
    module, _, cls = name.removesuffix(".py").partition(":")
    try:
        found = modules.load(module, folders)
        if not cls:
            return _checked(modules.class_in(found, module, module.rpartition(".")[2]), f"module '{module}'")
    except ConfigError as error:
        raise InputError(f"--source {name}: {error.message}") from error
    if not hasattr(found, cls):
        raise InputError(f"--source {name}: module '{module}' has no class {cls}")
    return _checked(getattr(found, cls), f"--source {name}: {cls} of module '{module}'")


def _checked(found: Any, what: str) -> type[BaseBroker]:
    """Check that something is the class of a broker and lacks nothing."""
    from symscan.sources.base_broker import BaseBroker

    if not (isinstance(found, type) and issubclass(found, BaseBroker)):
        raise InputError(f"{what} is no broker; derive it from symscan.BaseBroker")
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise InputError(f"{what} lacks the method {', '.join(missing)}")
    if not isinstance(getattr(found, "name", None), str) or not found.name:
        raise InputError(f'{what} has no name; give the class one, as in name = "mine"')
    if found.name in BUILT_IN:
        raise InputError(f"{what}: '{found.name}' is the name of a built-in broker; give it another")
    if isinstance(found.symbols, str):
        raise InputError(f'{what} has symbols = {found.symbols!r}; give a tuple, as in symbols = ("UP",)')
    return found
