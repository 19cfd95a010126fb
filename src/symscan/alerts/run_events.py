"""Make the events of a run again of its files, as far as alerts are about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
import polars as pl
from msgspec.structs import replace

from symscan.alerts.hit_values import EVERY_HIT
from symscan.alerts.rules import CompiledRule
from symscan.alerts.templates import FACTS
from symscan.errors import DataError
from symscan.model.event_json import EVENTS
from symscan.model.events.feed import (
    BarsLost,
    BarsRefused,
    FeedDroppedBars,
    FeedLost,
    FeedNotice,
    FeedRecovered,
    FeedSilent,
    LagBegan,
    LagEnded,
    SubscriptionLimited,
)
from symscan.model.events.session import (
    Event,
    Hits,
    Outcome,
    ScanFinished,
    ScannerDisabled,
    ScannerDone,
    ScanPhase,
    SessionClosed,
    SessionPrepared,
    UnknownSymbols,
    Warned,
)
from symscan.model.events.trading import StrategyFailed
from symscan.model.hit_metadata import SYMBOL, FrameMetadata, StrayMetadata
from symscan.model.instant import Instant, from_datetime
from symscan.model.session import Session
from symscan.runs.hit_values import stored_name
from symscan.runs.layout import JOURNAL
from symscan.runs.reading import RunFiles

_OF_CONDITIONS: Final = (
    *(BarsLost, BarsRefused, FeedDroppedBars, FeedLost, FeedNotice, FeedRecovered, FeedSilent),
    *(LagBegan, LagEnded, SubscriptionLimited, ScannerDisabled, StrategyFailed, Warned),
)
"""The events beside scans that may be a condition."""

_KINDS: Final = {EVENTS[kind][0]: kind for kind in _OF_CONDITIONS}
_PREPARED, _CLOSED, _SCAN, _DONE = (
    EVENTS[kind][0] for kind in (SessionPrepared, SessionClosed, ScanFinished, ScannerDone)
)
_INSTANTS: Final = frozenset({"since", "until"})
_NUMBERS: Final = ("price", "previous_close", "change_pct", "gap_pct", "volume")

ScanKey = tuple[Instant, str, str]


def read_journal(run: RunFiles) -> dict[str, list[dict[str, Any]]]:
    """Return the lines of a run's journal by session.

    Raises
    ------
    DataError
        If it cannot be read.
    """
    path = run.folder / JOURNAL
    by_session: dict[str, list[dict[str, Any]]] = {}
    try:
        with path.open("rb") as lines:
            for line in lines:
                record = orjson.loads(line)
                by_session.setdefault(record["session"], []).append(record)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: the file is damaged ({error}); run it anew") from None
    return by_session


class SessionEvents:
    """The events of one session of a run, made again of its files.

    Parameters
    ----------
    run
        The files.
    session
        The session.
    rules
        Of no other scanners than these are about are hits read, and no other values.
    """

    def __init__(self, run: RunFiles, session: Session, rules: Sequence[CompiledRule]) -> None:
        self._run, self._session = run, session
        self._wanted = [name for name in run.scanners if any(rule.is_about(name) for rule in rules)]
        self._names = sorted(_names_of(rules))

    def events(self, lines: Sequence[Mapping[str, Any]]) -> Iterator[Event]:
        """Yield the events that rules may be about, those of the run's own warnings left out."""
        scans, hits = self._scans(), self._hits()
        is_on = False
        for line in lines:
            match line["event"]:
                case kind if kind == _PREPARED:
                    is_on = True
                case kind if kind == _CLOSED:
                    return
                case kind if kind == _SCAN:
                    yield self._scan(line, scans, hits)
                case kind if kind == _DONE:
                    yield ScannerDone(
                        _instant(line["at"]), line["scanner"], 0, 0, UnknownSymbols(), line.get("error")
                    )
                case kind if kind in _KINDS and is_on:
                    yield _event(_KINDS[kind], line)

    def _scans(self) -> dict[ScanKey, dict[str, Any]]:
        rows = self._run.collect(self._run.scans().filter(pl.col("session") == self._session.date))
        return {_key(row): row for row in rows.iter_rows(named=True)}

    def _hits(self) -> dict[ScanKey, Hits]:
        frame = self._run.collect(
            self._run.hits().filter(
                (pl.col("session") == self._session.date) & pl.col("scanner").is_in(self._wanted)
            )
        )
        keys = ("scan_at", "scanner", "phase")
        parts = frame.partition_by(keys, as_dict=True, maintain_order=True)
        values = {name: self._values(name) for name in self._wanted} if self._names else {}
        return {
            (from_datetime(at), scanner, phase): _hits(part, values.get(scanner, {}).get((at, phase)))
            for (at, scanner, phase), part in parts.items()
        }

    def _values(self, scanner: str) -> dict[tuple[Any, ...], pl.DataFrame]:
        """Return what a scanner kept with its hits, by instant and phase, best first."""
        is_of_session = pl.col("scan_at").is_between(
            pl.lit(self._session.pre_open).cast(pl.Datetime("us", "UTC")),
            pl.lit(self._session.close).cast(pl.Datetime("us", "UTC")),
        )
        kept = self._run.values(scanner)
        stored = {name: stored_name(name) for name in self._names}
        there = set(kept.collect_schema().names())
        columns = [pl.col(column).alias(name) for name, column in stored.items() if column in there]
        wanted = kept.filter(is_of_session).select("scan_at", "phase", "rank", SYMBOL, *columns)
        frame = self._run.collect(wanted).sort("rank", maintain_order=True)
        return frame.partition_by("scan_at", "phase", as_dict=True, maintain_order=True, include_key=False)

    def _scan(
        self,
        line: Mapping[str, Any],
        scans: Mapping[ScanKey, Mapping[str, Any]],
        hits: Mapping[ScanKey, Hits],
    ) -> ScanFinished:
        at, scanner = _instant(line["at"]), line["scanner"]
        phase = line.get("phase", ScanPhase.REGULAR.value)
        row = scans.get((at, scanner, phase))
        if row is None:
            raise DataError(f"{self._run.folder}: the journal and the table of scans differ; run it anew")
        return ScanFinished(
            at,
            scanner,
            ScanPhase(phase),
            Outcome(row["outcome"]),
            universe=row["universe"],
            judged=row["judged"],
            unknown=row["unknown"],
            hits=_with_flaws(hits.get((at, scanner, phase), Hits()), line),
            execution_time_ms=0.0,
            error=row["error"],
            decided_at=at if row["decided_at"] is None else from_datetime(row["decided_at"]),
        )


def _names_of(rules: Sequence[CompiledRule]) -> set[str]:
    """Return the names of values that rules read, beside those of every hit."""
    named = {name for rule in rules for name in rule.template.names}
    named |= {name for rule in rules if rule.where for name in rule.where.kinds}
    return named - EVERY_HIT.keys() - set(FACTS)


def _key(row: Mapping[str, Any]) -> ScanKey:
    return from_datetime(row["scan_at"]), row["scanner"], row["phase"]


def _hits(part: pl.DataFrame, values: pl.DataFrame | None) -> Hits:
    symbols = tuple(part["symbol"].to_list())
    numbers: dict[str, Any] = {name: part[name].to_numpy() for name in _NUMBERS}  # null is NaN
    metadata = {} if values is None else FrameMetadata(symbols, lambda: values)
    return Hits(symbols, part["new"].to_numpy(), **numbers, metadata=metadata)


def _with_flaws(hits: Hits, line: Mapping[str, Any]) -> Hits:
    """Return the hits with what was wrong with them, which the journal says."""
    missing, stray = line.get("not_in_store"), line.get("stray_metadata")
    if missing is None and stray is None:
        return hits
    return replace(
        hits,
        not_in_store=tuple(missing or ()),
        stray_metadata=None if stray is None else StrayMetadata(stray["count"], tuple(stray["examples"])),
    )


def _event(kind: type[Event], line: Mapping[str, Any]) -> Event:
    names = EVENTS[kind][1]
    return kind(_instant(line["at"]), *(_value(name, line[name]) for name in names))


def _value(name: str, value: Any) -> Any:
    if name in _INSTANTS and isinstance(value, str):
        return _instant(value)
    return tuple(value) if isinstance(value, list) else value


def _instant(text: str) -> Instant:
    return from_datetime(datetime.fromisoformat(text))
