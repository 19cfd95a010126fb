"""Pickle the answers of a session's ports, and unpickle them through a list of allowed classes.

A pickle names what it is made of, and unpickling calls what it names. A record may have been changed by
others, so only the classes below are admitted, each of which merely holds values.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import polars as pl
from polars.exceptions import PanicException

from symscan.errors import DataError
from symscan.model.events.session import Event
from symscan.scanners.jobs.job import JobResult
from symscan.scanners.scan import ScanResult

_PROTOCOL: Final = 5

ALLOWED: Final[dict[str, frozenset[str]]] = {
    "builtins": frozenset({"str"}),
    "decimal": frozenset({"Decimal"}),
    "numpy": frozenset({"dtype"}),
    "numpy._core.multiarray": frozenset({"scalar"}),
    "numpy._core.numeric": frozenset({"_frombuffer"}),
    "symscan.model.bar": frozenset({"LateKind"}),
    "symscan.model.events.session": frozenset({"Outcome", "Warned"}),
    "symscan.model.interval": frozenset({"Interval", "Unit"}),
    "symscan.model.events.feed": frozenset(
        {
            "BarsCorrected",
            "BarsLost",
            "BarsRefused",
            "FeedConnected",
            "FeedDroppedBars",
            "FeedLost",
            "FeedNotice",
        }
        | {"FeedRecovered", "FeedSilent"}
        | {"LagBegan", "LagEnded", "Readiness", "SubscriptionLimited"}
    ),
    "symscan.model.hit_metadata": frozenset({"StrayMetadata", "_of_frame"}),
    "symscan.model.specs": frozenset({"IndicatorSpec"}),
    "symscan.runtime.recovery.recorded_answers": frozenset({"frame_of"}),
    "symscan.scanners.scan": frozenset({"ScanResult"}),
    "symscan.scanners.jobs.job": frozenset({"Evaluation", "JobKind", "JobResult"}),
    "symscan.session.requests": frozenset(
        {"AddBars", "AddIndicator", "AddSymbol", "LockSymbol", "Refused", "ReleaseLocks", "RemoveSymbol"}
        | {"UnlockSymbol"}
    ),
}
"""The classes an answer may hold, by module. A test fails if a new event or request is not added here."""


def dump(answer: object) -> bytes:
    """Pickle an answer."""
    stream = io.BytesIO()
    _Pickler(stream, _PROTOCOL).dump(answer)
    return stream.getvalue()


def load(data: bytes) -> Any:
    """Unpickle an answer.

    Raises
    ------
    DataError
        If it names anything but the classes allowed, or is damaged.
    """
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except DataError:
        raise
    except (Exception, PanicException) as error:  # bytes that are no pickle raise anything at all
        raise DataError(f"it is damaged ({type(error).__name__}: {error})") from None


def load_step(data: bytes) -> dict[str, list[bytes]]:
    """Unpickle a step's answers by kind, each still as bytes.

    Raises
    ------
    DataError
        As :func:`load`, or if they are something else.
    """
    answers = load(data) if data else {}
    if not isinstance(answers, dict) or not all(_are(recorded, bytes) for recorded in answers.values()):
        raise DataError("it is damaged (its answers are no lists of bytes)")
    return answers


def load_of(kind: str, data: bytes) -> Any:
    """Unpickle an answer of a kind.

    Raises
    ------
    DataError
        As :func:`load`, or if it is no answer of that kind.
    """
    answer = load(data)
    is_right = _KINDS.get(kind)
    if is_right is None or not is_right(answer):
        raise DataError(f"it is damaged ({type(answer).__name__} is no answer of kind '{kind}')")
    return answer


def frame_of(data: bytes) -> pl.DataFrame:
    """Read a frame from Arrow's bytes, which hold values and nothing that is called."""
    return pl.read_ipc(io.BytesIO(data))


class _Pickler(pickle.Pickler):
    """Writes allowed classes only, and plain values instead of subclasses."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, pl.DataFrame):
            stream = io.BytesIO()
            value.write_ipc(stream)
            return frame_of, (stream.getvalue(),)
        if isinstance(value, ScanResult) and type(value) is not ScanResult:  # a scanner's own kind of result
            return ScanResult, tuple(getattr(value, name) for name in ScanResult.__slots__)
        if isinstance(value, str) and not _is_allowed(type(value).__module__, type(value).__qualname__):
            return str, (str(value),)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Reads allowed classes only."""

    def find_class(self, module: str, name: str) -> Any:
        if not _is_allowed(module, name):
            raise DataError(f"it holds {module}.{name}, which symscan never writes there")
        return getattr(import_module(module), name)


def _is_allowed(module: str, name: str) -> bool:
    return name in ALLOWED.get(module, ())


def _are(values: object, *kinds: type) -> bool:
    return isinstance(values, list) and all(isinstance(one, kinds) for one in values)


def _is_optional_number(value: object) -> bool:
    return value is None or isinstance(value, int | float)


def _are_symbols(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, str) for one in value)


_KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "busy": lambda answer: isinstance(answer, bool),
    "catch_up": _are_symbols,
    "connected": lambda answer: isinstance(answer, bool),
    "finished": lambda answer: _are(answer, JobResult),
    "loads": lambda answer: _are(answer, str, type(None)),
    "offset": _is_optional_number,
    "source_events": lambda answer: _are(answer, Event),
}
"""Checks the type of an answer, by kind."""
