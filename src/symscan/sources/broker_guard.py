"""Call a user's broker: what it raises becomes one message with file and line, never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, cast

from symscan.errors import FeedError, InputError, SymscanError
from symscan.plugins.errors import describe_error
from symscan.sources.base_broker import BaseBroker
from symscan.sources.downloads import Downloader
from symscan.sources.ports import Broker, Feed, HistorySource, LiveDay


def guarded_broker(cls: type[BaseBroker], feed: str | None) -> Broker:
    """Make a user's broker.

    Raises
    ------
    InputError
        If its constructor raises.
    """
    what = f"the broker '{cls.name}'"
    make = _guarded(cls, f"{what} could not be made", InputError, cls.__module__)
    return cast(Broker, _GuardedBroker(make(feed), what, InputError))


class _Guarded:
    """Stands for an object of the user's; an exception of its methods becomes an error of ours.

    Parameters
    ----------
    target
        The object.
    what
        What it is, in messages.
    error
        The error that its exceptions become.
    """

    def __init__(self, target: object, what: str, error: type[SymscanError]) -> None:
        self._target = target
        self._what = what
        self._error = error

    def __reduce__(self) -> tuple[type[_Guarded], tuple[object, str, type[SymscanError]]]:
        return type(self), (self._target, self._what, self._error)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        what, module = f"{self._what} failed in {name}", type(self._target).__module__
        try:
            value = getattr(self._target, name)
        except AttributeError:
            raise
        except (Exception, SystemExit) as error:  # the plug-in boundary: a property of the user's
            raise self._error(f"{what}: {describe_error(error, module)}") from error
        return _guarded(value, what, self._error, module) if callable(value) else value


class _GuardedBroker(_Guarded):
    """Stands for a user's broker, and checks what it makes."""

    def history(self, day: LiveDay) -> HistorySource:
        """Open the bars of earlier sessions."""
        return cast(HistorySource, self._make("history", HistorySource, day))

    def live_feed(self, day: LiveDay) -> Feed:
        """Make the feed."""
        return cast(Feed, self._make("live_feed", Feed, day))

    def downloader(self, store: Path) -> Downloader:
        """Make what fills a bar store."""
        return cast(Downloader, self._make("downloader", Downloader, store))

    def _make(self, method: str, port: type[Any], argument: object) -> object:
        made = self.__getattr__(method)(argument)
        missing = [name for name in port_members(port) if not hasattr(made, name)]
        if missing:
            raise InputError(
                f"{self._what}: its {method} gave a {type(made).__name__} that lacks {', '.join(missing)}; "
                f"it must be a {port.__module__}.{port.__name__}"
            )
        is_ours = type(made).__module__.startswith("symscan.")
        return made if is_ours else _Guarded(made, f"the {port.__name__} of {self._what}", FeedError)


def port_members(port: type[Any]) -> list[str]:
    """The public attributes and methods of a protocol."""
    names = dict.fromkeys((*port.__annotations__, *vars(port)))
    return [name for name in names if not name.startswith("_")]


def _guarded(
    call: Callable[..., Any], what: str, error_type: type[SymscanError], module: str
) -> Callable[..., Any]:
    """Return the function with its exceptions described; an iterator that it returns, too."""

    @wraps(call, updated=())
    def guarded(*arguments: Any, **named: Any) -> Any:
        try:
            result = call(*arguments, **named)
        except SymscanError:
            raise
        except (Exception, SystemExit) as error:  # the plug-in boundary: the user's code
            raise error_type(f"{what}: {describe_error(error, module)}") from error
        return _each(result) if isinstance(result, Iterator) else result

    def _each(results: Iterator[Any]) -> Iterator[Any]:
        following = _guarded(lambda: next(results, _END), what, error_type, module)
        while (result := following()) is not _END:
            yield result

    return guarded


_END = object()
"""Follows the last result."""
