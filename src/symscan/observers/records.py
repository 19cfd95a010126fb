"""Events as plain records: what the journal writes. No wall-clock value is among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from symscan.model.events import Event, Hits, ScanFinished, UnknownSymbols
from symscan.model.instant import to_iso
from symscan.model.metadata import SYMBOL, FrameMetadata
from symscan.model.session import Session

if TYPE_CHECKING:
    import polars as pl

_INSTANTS: Final = frozenset(
    {"at", "opens_at", "closes_at", "ready_at", "first_at", "last_at"}
    | {"decided_at", "entry_at", "exit_at", "bar_start", "end", "since", "until", "arrived_at"}
)
_WALL_CLOCK: Final = frozenset({"execution_time_ms"})
_LEFT_OUT: Final = _WALL_CLOCK | {"at"}
_DECIDED: Final = frozenset({"decided_at"})
_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]{6,}\b")


def record_of(session: Session, event: Event) -> dict[str, Any]:
    """The event as JSON can hold it: instants in ISO 8601 UTC, unknown numbers null."""
    head = {
        "session": session.date.isoformat(),
        "at": to_iso(event.at),
        "event": _snake(type(event).__name__),
    }
    return {**head, **_values(event, without=_LEFT_OUT | (_DECIDED if _is_decided_at_once(event) else set()))}


def _is_decided_at_once(event: Event) -> bool:
    """Whether a scan's result was applied at the instant it was due, as in every backtest."""
    return isinstance(event, ScanFinished) and event.decided_at == event.at


def _values(value: Any, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    names = [one.name for one in fields(value) if one.name not in without]
    return {name: _plain(name, getattr(value, name)) for name in names}


def _plain(name: str, value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int() if name in _INSTANTS:
            return to_iso(value)
        case StrEnum():
            return value.value
        case str():
            return _ADDRESS.sub("0x...", value)
        case Hits():
            return _hits(value)
        case UnknownSymbols():
            return _unknown(value)
        case date():
            return value.isoformat()
        case tuple():
            return [_plain("", one) for one in value]
        case _ if is_dataclass(value):
            return _values(value)
    return value


def _hits(hits: Hits) -> dict[str, Any]:
    if not hits.symbols:
        return {"symbols": [], **_flaws(hits)}
    return {
        "symbols": list(hits.symbols),
        "new": hits.new.tolist(),
        "price": _numbers(hits.price),
        "previous_close": _numbers(hits.previous_close),
        "change_pct": _numbers(hits.change_pct),
        "gap_pct": _numbers(hits.gap_pct),
        "volume": _numbers(hits.volume),
        "last_bar_end": [to_iso(int(end)) if end == end else None for end in hits.last_bar_end.tolist()],
        "metadata": _metadata(hits.metadata),
        **_flaws(hits),
    }


def _flaws(hits: Hits) -> dict[str, Any]:
    """What is wrong with a result that counts all the same; nothing mostly."""
    flaws: dict[str, Any] = {"not_in_store": list(hits.not_in_store)} if hits.not_in_store else {}
    if hits.stray_metadata is not None:
        flaws["stray_metadata"] = _values(hits.stray_metadata)
    return flaws


def _unknown(unknown: UnknownSymbols) -> dict[str, Any]:
    return {
        "symbols": list(unknown.symbols),
        "reasons": list(unknown.reasons),
        "first_at": [to_iso(at) for at in unknown.first_at.tolist()],
        "last_at": [to_iso(at) for at in unknown.last_at.tolist()],
        "scans": unknown.scans.tolist(),
    }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    numbers: list[float | None] = values.tolist()
    if np.isnan(values).any():
        return [number if number == number else None for number in numbers]
    return numbers


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Columns, where the scanner gave columns; else one entry per symbol."""
    if isinstance(metadata, FrameMetadata):
        frame = metadata.frame
        return {name: _column(frame[name]) for name in frame.columns if name != SYMBOL}
    return dict(metadata)


def _column(values: pl.Series) -> list[Any]:
    plain = values.to_list()
    return plain if values.dtype.is_numeric() else [_moment(one) for one in plain]


def _moment(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
