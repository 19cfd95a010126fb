"""Queue requests: they are applied in order, once the data they need is loaded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from symscan.model.events.session import (
    Event,
    RequestRefused,
    SymbolAdded,
    SymbolLocked,
    SymbolsRemoved,
    SymbolUnlocked,
)
from symscan.runtime.provisioning.loading import DataLoader, LoadResult
from symscan.runtime.provisioning.provisioner import Provisioner
from symscan.session.requests import (
    AddBars,
    AddIndicator,
    AddSymbol,
    AdmitMembers,
    AnyRequest,
    RemoveSymbol,
)
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource

_PRIORITY_CHANGES: Final = (SymbolAdded, SymbolLocked, SymbolsRemoved, SymbolUnlocked)
_NEEDS_DATA: Final = (AddBars, AddIndicator, AddSymbol, AdmitMembers)


class ProvisioningQueue:
    """Queues requests and applies those submitted together between slices, as soon as their data is loaded.

    Parameters
    ----------
    data
        The session.
    provisioner
        Plans what requests need, and applies them.
    source
        Where the session's bars come from.
    loader
        Loads ahead what is planned; None where data is loaded when requests are applied, as in a backtest.
    """

    def __init__(
        self,
        data: SessionData,
        provisioner: Provisioner,
        source: BarSource,
        loader: DataLoader | None = None,
    ) -> None:
        self._data = data
        self._provisioner = provisioner
        self._source = source
        self._loader = loader
        self._waiting: deque[tuple[AnyRequest, ...]] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether any request has not been applied."""
        return bool(self._waiting)

    def submit(self, *requests: AnyRequest) -> None:
        """Append requests, which are loaded and applied together."""
        if not requests:
            return
        self._data.requested.add_requests(requests)  # from now on reading it gives unknown, not an error
        self._waiting.append(requests)
        self._data.coming = self._pending_members()
        if self._loader is not None:
            self._loader.submit(lambda: self._provisioner.plan(requests))

    def admit(self, holder: str, symbols: Sequence[str]) -> None:
        """Submit the admission of symbols as members, but of those whose admission is pending.

        Where nothing is loaded ahead, members are left out, too: most hits of most scans.
        """
        new = [symbol for symbol in symbols if symbol not in self._data.coming]
        if self._loader is None and not self._waiting:
            new = self._data.holders.not_members(new)
        if new:
            self.submit(AdmitMembers(holder, tuple(new)))

    def collect(self, *, waits: bool = False) -> list[Event]:
        """Apply the requests whose data is loaded, or soon is; returns the events."""
        events: list[Event] = []
        for result in self._load_results(waits=waits):
            events += self._apply(self._waiting.popleft(), result)
            refused = [symbol for symbol in result.prepared if symbol not in self._data.symbols]
            if refused:  # else the source would keep their bars for ever
                self._source.unsubscribe(refused)
        if self._data.coming:
            self._data.coming = self._pending_members()
        if any(isinstance(event, _PRIORITY_CHANGES) for event in events):
            self.update_priorities()
        return events

    def _load_results(self, *, waits: bool) -> Sequence[LoadResult]:
        if self._loader is None:
            return [LoadResult()] * len(self._waiting)
        return self._loader.collect(waits=waits)

    def refuse_pending(self) -> list[Event]:
        """Refuse the symbols still pending when the session is over."""
        why = "the session ended while its data was being loaded"
        requested = dict.fromkeys(
            (request.holder, symbol) for request in self._all() for symbol in _additions(request)
        )
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

    def _all(self) -> Iterator[AnyRequest]:
        for requests in self._waiting:
            yield from requests

    def _pending_members(self) -> frozenset[str]:
        """Return the symbols that become members when every request is applied."""
        if self._data.now >= self._data.session.close:
            return frozenset()
        pending: dict[str, None] = {}
        for request in self._all():
            if isinstance(request, RemoveSymbol):
                pending.pop(request.symbol, None)
            elif self._provisioner.needs_of(request.holder) is not None:
                pending.update(dict.fromkeys(_additions(request)))
        return frozenset(symbol for symbol in pending if not self._data.holders.is_member(symbol))

    def _apply(self, requests: Sequence[AnyRequest], result: LoadResult) -> list[Event]:
        if result.error is not None:
            return self._apply_without_data(requests, result.error)
        with result.history_context():
            return self._provisioner.apply_requests(requests)

    def _apply_without_data(self, requests: Sequence[AnyRequest], error: str) -> list[Event]:
        """Apply the requests that need no data; refuse the others, whose load failed."""
        now, why = self._data.now, f"its data could not be loaded: {error}"
        refused: list[Event] = [
            RequestRefused(now, one.holder, what, why) for one in requests for what in _data_needed(one)
        ]
        others = [one for one in requests if not isinstance(one, _NEEDS_DATA)]
        return [*refused, *self._provisioner.apply_requests(others)]


def _additions(request: AnyRequest) -> tuple[str, ...]:
    """Return the symbols that a request would make members."""
    match request:
        case AdmitMembers(_, symbols):
            return symbols
        case AddSymbol(_, symbol):
            return (symbol,)
    return ()


def _data_needed(request: AnyRequest) -> Iterator[str]:
    """Describe what a request needs data for, as a message names it."""
    match request:
        case AddSymbol() | AdmitMembers():
            yield from (f"add_symbol {symbol}" for symbol in _additions(request))
        case AddBars(_, symbols, interval, _):
            yield f"bars {interval} for {_named(symbols)}"
        case AddIndicator(_, symbols, spec):
            yield f"add_indicator {spec.key} for {_named(symbols)}"


def _named(symbols: Sequence[str]) -> str:
    return symbols[0] + (f" and {len(symbols) - 1} more" if len(symbols) > 1 else "")
