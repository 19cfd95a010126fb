"""Encode events as JSON records, as the journal writes them, without wall-clock values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import orjson
from msgspec import Struct, structs
from numpy.typing import NDArray

from symscan.model.events.alerts import AlertDecided
from symscan.model.events.feed import (
    BarsCorrected,
    BarsLost,
    BarsRefused,
    FeedConnected,
    FeedDroppedBars,
    FeedLost,
    FeedNotice,
    FeedRecovered,
    FeedSilent,
    LagBegan,
    LagEnded,
    Readiness,
    SubscriptionLimited,
)
from symscan.model.events.session import (
    DailyBarsDerived,
    Event,
    Hits,
    IndicatorWarmed,
    RequestRefused,
    ScanFinished,
    ScannerDisabled,
    ScannerDone,
    ScannerReady,
    ScanPhase,
    SessionActivated,
    SessionClosed,
    SessionPrepared,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
    UniverseNarrowed,
    UnknownSymbols,
    Warned,
)
from symscan.model.events.trading import (
    OrderFilled,
    OrderUnfilled,
    SignalEmitted,
    StrategyDone,
    StrategyFailed,
    StrategyStarted,
    SymbolPassed,
    TradeClosed,
)
from symscan.model.hit_metadata import SYMBOL, FrameMetadata, StrayMetadata
from symscan.model.instant import to_iso
from symscan.model.session import Session
from symscan.model.trading import PaperResult, Signal, Trade

if TYPE_CHECKING:
    import polars as pl

INSTANTS: Final = frozenset(
    {"at", "opens_at", "closes_at", "ready_at"}
    | {"decided_at", "entry_at", "exit_at", "bar_start", "end", "since", "until", "arrived_at"}
)
"""The fields of events, and of the values they hold, that are instants."""

_WALL_CLOCK: Final = frozenset({"execution_time_ms"})
_DECIDED: Final = frozenset({"decided_at"})
_ADDRESS: Final = re.compile(r"\b0x[0-9a-f]{6,}\b")

EVENTS: Final[Mapping[type[Event], tuple[str, tuple[str, ...]]]] = {
    SessionPrepared: ("session_prepared", ("session", "opens_at", "closes_at", "symbols", "scanners")),
    UniverseNarrowed: ("universe_narrowed", ("scanner", "universe", "kept", "unknown")),
    ScannerReady: ("scanner_ready", ("scanner", "universe", "indicators")),
    ScannerDisabled: ("scanner_disabled", ("scanner", "reason")),
    DailyBarsDerived: ("daily_bars_derived", ("symbols",)),
    IndicatorWarmed: ("indicator_warmed", ("indicator", "symbols", "known", "sessions")),
    SessionActivated: ("session_activated", ("symbols",)),
    SymbolAdded: ("symbol_added", ("symbol", "holder", "ready_at")),
    SymbolsRemoved: ("symbols_removed", ("symbols", "holder")),
    SymbolLocked: ("symbol_locked", ("symbol", "holder", "reason")),
    SymbolUnlocked: ("symbol_unlocked", ("symbol", "holder", "reason")),
    RequestRefused: ("request_refused", ("holder", "request", "reason")),
    ScanFinished: (
        "scan_finished",
        (
            "scanner",
            "phase",
            "outcome",
            "universe",
            "judged",
            "unknown",
            "hits",
            "execution_time_ms",
            "error",
            "decided_at",
            "note",
        ),
    ),
    ScannerDone: ("scanner_done", ("scanner", "scans", "failed", "unknown", "error")),
    SessionClosed: ("session_closed", ("session", "members")),
    Warned: ("warned", ("message",)),
    FeedConnected: ("feed_connected", ("feed",)),
    FeedLost: ("feed_lost", ("reason",)),
    FeedRecovered: ("feed_recovered", ("since", "bars")),
    FeedSilent: ("feed_silent", ("since",)),
    FeedNotice: ("feed_notice", ("message",)),
    FeedDroppedBars: ("feed_dropped_bars", ("since", "reason")),
    BarsLost: ("bars_lost", ("since", "until", "symbols", "reason")),
    BarsRefused: ("bars_refused", ("bars", "reason")),
    BarsCorrected: ("bars_corrected", ("end", "symbols", "kind", "arrived_at")),
    SubscriptionLimited: ("subscription_limited", ("limit", "left_out")),
    LagBegan: ("lag_began", ("seconds",)),
    LagEnded: ("lag_ended", ("skipped",)),
    Readiness: ("readiness", ("connected", "symbols", "with_previous_close", "clock_offset_ms")),
    StrategyStarted: ("strategy_started", ("strategy", "on_paper", "capital")),
    StrategyFailed: ("strategy_failed", ("strategy", "method", "error")),
    SignalEmitted: ("signal_emitted", ("strategy", "number", "signal")),
    SymbolPassed: ("symbol_passed", ("strategy", "symbol", "reason")),
    OrderFilled: ("order_filled", ("strategy", "number", "symbol", "shares", "bar_start", "price")),
    OrderUnfilled: ("order_unfilled", ("strategy", "number", "decided_at", "signal", "why")),
    TradeClosed: ("trade_closed", ("strategy", "trade")),
    StrategyDone: ("strategy_done", ("strategy", "signals", "results")),
    AlertDecided: (
        "alert_decided",
        (
            *("id", "rule", "targets", "about", "scanners", "symbols", "text", "decided_at"),
            "max_age_seconds",
        ),
    ),
}
"""How files name each kind of event and its fields after ``at``, in order: a format, so that renaming a class
or a field changes no file."""

VALUES: Final[Mapping[type, tuple[str, ...]]] = {
    StrayMetadata: ("count", "examples"),
    Signal: ("symbol", "action", "shares", "stop_distance", "target_distance", "reason"),
    Trade: (
        (
            "number",
            "symbol",
            "side",
            "decided_at",
            "requested",
            "shares",
            "entry_at",
            "entry_price",
            "stop",
            "target",
            "exit_at",
            "exit_price",
            "exit_reason",
            "gross",
            "slippage",
            "commission",
            "net",
            "flags",
            "reason",
        )
    ),
    PaperResult: ("scenario", "trades", "unfilled", "won", "gross", "costs", "net"),
}
"""The same of the values that events hold."""


def event_name(event: type[Event]) -> str:
    """Return the name by which files know a kind of event."""
    return EVENTS[event][0]


def record_of(session: Session, event: Event) -> dict[str, Any]:
    """Return the event as JSON can hold it: instants in ISO 8601 UTC, unknown numbers null."""
    name, keys = EVENTS[type(event)]
    left_out = _WALL_CLOCK | (_DECIDED if _is_decided_at_once(event) else frozenset())
    if isinstance(event, ScanFinished) and event.note is None:
        left_out |= {"note"}
    return {**_head(session, event, name), **_values(event, keys, left_out, first=1)}


def _head(session: Session, event: Event, name: str) -> dict[str, Any]:
    return {"session": session.date.isoformat(), "at": to_iso(event.at), "event": name}


def line_of(session: Session, event: Event) -> str:
    """The event as one line of JSON, its end included."""
    return _line(record_of(session, event))


def line_of_changes(session: Session, scan: ScanFinished, entered: Sequence[str], left: Sequence[str]) -> str:
    """A scan as one line of JSON: who entered and who left, and what is not as at nearly every scan.

    Its hits and its counts are in the tables, where they cost a tenth of the room.
    """
    return _line(
        {
            **_head(session, scan, EVENTS[ScanFinished][0]),
            "scanner": scan.scanner,
            **({} if scan.phase is ScanPhase.REGULAR else {"phase": scan.phase.value}),
            **({} if scan.outcome.is_ok else {"outcome": scan.outcome.value}),
            "found": len(scan.hits.symbols),
            **({"entered": entered} if entered else {}),
            **({"left": left} if left else {}),
            **({} if scan.error is None else {"error": _plain("error", scan.error)}),
            **({} if _is_decided_at_once(scan) else {"decided_at": to_iso(scan.decided_at)}),
            **({} if scan.note is None else {"note": scan.note}),
            **_flaws(scan.hits),
        }
    )


def line_of_counts(session: Session, done: ScannerDone) -> str:
    """A scanner's end as one line of JSON: how often it could not judge a symbol, by reason."""
    others = record_of(session, structs.replace(done, unknown=UnknownSymbols()))
    return _line({**others, "unknown": done.unknown.scans_by_reason()})


def _line(record: Mapping[str, Any]) -> str:
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE).decode()
    except TypeError:  # whole numbers beyond 64 bits, which metadata may hold
        return json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _is_decided_at_once(event: Event) -> bool:
    """Whether a scan's result was applied at the instant it was due, as in every backtest."""
    return isinstance(event, ScanFinished) and event.decided_at == event.at


def _values(
    value: Any, keys: Sequence[str], without: frozenset[str] = frozenset(), first: int = 0
) -> dict[str, Any]:
    """Return the fields of a value from the ``first`` on, under the keys that stand for them."""
    pairs = zip(value.__struct_fields__[first:], keys, strict=True)
    return {key: _plain(key, getattr(value, name)) for name, key in pairs if key not in without}


def _plain(name: str, value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int() if name in INSTANTS:
            return to_iso(value)
        case StrEnum():
            return value.value
        case str():
            return _ADDRESS.sub("0x...", value) if "0x" in value else value
        case Hits():
            return _hits(value)
        case UnknownSymbols():
            return _unknown(value)
        case date():
            return value.isoformat()
        case tuple():
            return [_plain("", one) for one in value]
        case Struct():
            return _values(value, VALUES[type(value)])
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
        flaws["stray_metadata"] = _plain("", hits.stray_metadata)
    return flaws


def _unknown(unknown: UnknownSymbols) -> dict[str, Any]:
    return {
        "symbols": list(unknown.symbols),
        "reasons": list(unknown.reasons),
        "phases": list(unknown.phases),
        "from": _instants(unknown.first_at.tolist()),
        "to": _instants(unknown.last_at.tolist()),
        "scans": unknown.scans.tolist(),
    }


def _instants(values: Sequence[int]) -> list[str]:
    """Return instants in ISO 8601: few, that recur often."""
    text_of = {at: to_iso(at) for at in set(values)}
    return [text_of[at] for at in values]


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
