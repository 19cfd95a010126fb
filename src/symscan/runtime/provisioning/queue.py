"""Queue requests for data: each is applied in order, once the data it needs is loaded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from symscan.model.events.session import (
    Event,
    RequestRefused,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorSpec
from symscan.runtime.provisioning.loading import DataLoader, DataPlan, LoadResult
from symscan.runtime.provisioning.provisioner import MemberNeeds, Provisioner
from symscan.runtime.provisioning.warm_up import IndicatorWarmup
from symscan.session.requests import AddBars, AddIndicator, AddSymbol, RemoveSymbol, Request
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource

_PRIORITY_CHANGES: Final = (SymbolAdded, SymbolLocked, SymbolsRemoved, SymbolUnlocked)


@dataclass(frozen=True, slots=True)
class RequestBatch:
    """Requests of plug-ins."""

    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Admission:
    """Symbols to make members; ``needs`` None stands for the holder's."""

    symbols: tuple[str, ...]
    holder: str
    needs: MemberNeeds | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A holder whose candidates are released."""

    holder: str


QueueEntry = RequestBatch | Admission | Release


class ProvisioningQueue:
    """Queues entries and applies each between slices, as soon as its data is loaded.

    Parameters
    ----------
    data
        The session.
    provisioner
        Applies them.
    warm_up
        Knows how much history an indicator needs.
    source
        Where the session's bars come from.
    loader
        Loads ahead what an entry needs.
    loads_history
        Whether that includes the earlier bars of members; False where they are loaded when read.
    """

    def __init__(
        self,
        data: SessionData,
        provisioner: Provisioner,
        warm_up: IndicatorWarmup,
        source: BarSource,
        loader: DataLoader,
        loads_history: bool = True,
    ) -> None:
        self._data = data
        self._provisioner = provisioner
        self._warm_up = warm_up
        self._source = source
        self._loader = loader
        self._loads_history = loads_history
        self._entries: deque[QueueEntry] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether any entry has not been applied."""
        return bool(self._entries)

    def submit(self, entry: QueueEntry) -> None:
        """Append an entry; an empty one is ignored."""
        if isinstance(entry, RequestBatch) and not entry.requests:
            return
        if isinstance(entry, Admission) and not entry.symbols:
            return
        if isinstance(entry, RequestBatch):  # from now on reading it gives unknown, not an error
            self._data.requested.add_requests(entry.requests)
        self._entries.append(entry)
        self._data.coming = self._pending_members()
        self._loader.submit(lambda: self._plan(entry))

    def collect(self, *, waits: bool = False) -> list[Event]:
        """Apply the entries whose data is loaded, or soon is; returns the events."""
        events: list[Event] = []
        for result in self._loader.collect(waits=waits):
            events += self._apply(self._entries.popleft(), result)
            refused = [symbol for symbol in result.prepared if symbol not in self._data.symbols]
            if refused:  # else the source would keep their bars for ever
                self._source.unsubscribe(refused)
        if self._data.coming:
            self._data.coming = self._pending_members()
        if any(isinstance(event, _PRIORITY_CHANGES) for event in events):
            self.update_priorities()
        return events

    def refuse_pending(self) -> list[Event]:
        """Refuse the symbols still pending when the session is over."""
        why = "the session ended while its data was being loaded"
        requested = dict.fromkeys(one for entry in self._entries for one in _additions(entry))
        missing = [one for one in requested if not self._data.holders.is_member(one[1])]
        return [RequestRefused(self._data.now, holder, f"add_symbol {one}", why) for holder, one in missing]

    def is_pending(self, symbol: str) -> bool:
        """Whether a symbol is about to become a member."""
        return symbol in self._data.coming

    def update_priorities(self) -> None:
        """Update the source's symbol priorities: the configuration's, the locked, then all members."""
        holders = self._data.holders
        members = holders.members()
        first = [symbol for symbol in members if holders.is_config(symbol)]
        first += [symbol for symbol in members if holders.locks(symbol)]
        self._source.prefer(tuple(dict.fromkeys([*first, *members])))

    def _pending_members(self) -> frozenset[str]:
        """Return the symbols that become members when every entry is applied."""
        if self._is_over:
            return frozenset()
        pending: dict[str, None] = {}
        for entry in self._entries:
            if isinstance(entry, Admission):
                pending.update(dict.fromkeys(entry.symbols))
            elif isinstance(entry, RequestBatch):
                for request in entry.requests:
                    if isinstance(request, RemoveSymbol):
                        pending.pop(request.symbol, None)
                    elif isinstance(request, AddSymbol) and self._provisioner.needs_of(request.holder):
                        pending[request.symbol] = None
        return frozenset(symbol for symbol in pending if not self._data.holders.is_member(symbol))

    @property
    def _is_over(self) -> bool:
        """Whether no symbol joins any more."""
        return self._data.now >= self._data.session.close

    def _apply(self, entry: QueueEntry, result: LoadResult) -> list[Event]:
        if result.error is not None:
            return self._apply_without_data(entry, result.error)
        with result.history_context():
            match entry:
                case RequestBatch(requests):
                    return self._provisioner.apply_requests(requests)
                case Admission(symbols, holder, needs):
                    holders = self._data.holders
                    new = [symbol for symbol in symbols if not holders.is_member(symbol)]
                    return self._provisioner.admit(new, holder, needs)
                case Release(holder):
                    return self._provisioner.release(holder)

    def _apply_without_data(self, entry: QueueEntry, error: str) -> list[Event]:
        """Apply the part of an entry that needs no data; refuse the rest, whose load failed."""
        now, why = self._data.now, f"its data could not be loaded: {error}"
        if isinstance(entry, Admission):
            return [RequestRefused(now, entry.holder, f"add_symbol {one}", why) for one in entry.symbols]
        if isinstance(entry, Release):
            return self._provisioner.release(entry.holder)
        unserved = [one for one in entry.requests if isinstance(one, AddBars | AddIndicator | AddSymbol)]
        others = [one for one in entry.requests if not isinstance(one, AddBars | AddIndicator | AddSymbol)]
        refused = [RequestRefused(now, one.holder, _describe(one), why) for one in unserved]
        return [*refused, *self._provisioner.apply_requests(others)]

    # -- what an entry needs -----------------------------------------------------------------

    def _plan(self, entry: QueueEntry) -> DataPlan:
        """Estimate what to load ahead: what it misses is loaded on demand, what is too much is dropped."""
        symbols: dict[str, None] = {}
        wanted: dict[Interval, tuple[dict[str, None], int]] = {}
        for names, interval, days in self._data_needs(entry):
            symbols.update(dict.fromkeys(names))
            if names and interval is not None and days:
                have, most = wanted.get(interval, ({}, 0))
                wanted[interval] = ({**have, **dict.fromkeys(names)}, max(most, days))
        new = tuple(symbol for symbol in symbols if symbol not in self._data.symbols)
        return DataPlan(new, {interval: (tuple(names), days) for interval, (names, days) in wanted.items()})

    def _data_needs(self, entry: QueueEntry) -> Iterator[tuple[Sequence[str], Interval | None, int]]:
        if isinstance(entry, Admission):
            yield from self._member_needs(entry.symbols, entry.holder, entry.needs)
        elif isinstance(entry, RequestBatch):
            for request in entry.requests:
                yield from self._request_needs(request)

    def _request_needs(self, request: Request) -> Iterator[tuple[Sequence[str], Interval | None, int]]:
        match request:
            case AddBars(_, symbols):
                yield symbols, None, 0
            case AddIndicator(_, symbols, spec):
                yield self._without_indicator(symbols, spec), spec.interval, self._warm_up.days(spec)
            case AddSymbol(holder, symbol):
                yield from self._member_needs((symbol,), holder, None)

    def _member_needs(
        self, symbols: Sequence[str], holder: str, needs: MemberNeeds | None
    ) -> Iterator[tuple[Sequence[str], Interval | None, int]]:
        needs = needs or self._provisioner.needs_of(holder)
        new = [symbol for symbol in symbols if not self._data.holders.is_member(symbol)]
        if needs is None or not new or self._is_over:
            return
        yield new, None, 0
        for interval in needs.streams if self._loads_history else ():
            yield new, interval, needs.history_days
        for spec in needs.indicators:
            yield self._without_indicator(new, spec), spec.interval, self._warm_up.days(spec)

    def _without_indicator(self, symbols: Sequence[str], spec: IndicatorSpec) -> list[str]:
        """Return the symbols for which the indicator has not been requested."""
        requested = self._data.indicators.requested_rows(spec)
        table = self._data.symbols
        return [one for one in symbols if one not in table or not requested[table.row(one)]]


def _additions(entry: QueueEntry) -> Iterator[tuple[str, str]]:
    """Yield the holder and symbol of each member that an entry would add."""
    if isinstance(entry, Admission):
        yield from ((entry.holder, symbol) for symbol in entry.symbols)
    elif isinstance(entry, RequestBatch):
        yield from ((one.holder, one.symbol) for one in entry.requests if isinstance(one, AddSymbol))


def _describe(request: AddBars | AddIndicator | AddSymbol) -> str:
    """Describe a request as a message names it."""
    match request:
        case AddSymbol(_, symbol):
            return f"add_symbol {symbol}"
        case AddBars(_, symbols, interval, _):
            what, several = f"bars {interval}", symbols
        case AddIndicator(_, symbols, spec):
            what, several = f"add_indicator {spec.key}", symbols
    return f"{what} for {several[0]}" + (f" and {len(several) - 1} more" if len(several) > 1 else "")
