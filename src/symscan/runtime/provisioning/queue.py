"""Orders to provisioning: given at any time, carried out in order once what they need is loaded."""

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

_CHANGES_WHO_COMES_FIRST: Final = (SymbolAdded, SymbolLocked, SymbolsRemoved, SymbolUnlocked)


@dataclass(frozen=True, slots=True)
class RequestBatch:
    """Carry out what plug-ins asked for."""

    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Admission:
    """Make symbols members; ``needs`` None for what the holder's are given."""

    symbols: tuple[str, ...]
    holder: str
    needs: MemberNeeds | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Let go of a holder's candidates."""

    holder: str


Order = RequestBatch | Admission | Release


class ProvisioningQueue:
    """Takes orders and carries each out between slices, as soon as what it needs is there.

    Parameters
    ----------
    data
        The session.
    provisioning
        Carries them out.
    warming
        Knows how much history an indicator wants.
    source
        Where the session's bars come from.
    loading
        Loads ahead what an order needs.
    loads_history
        Whether that includes the earlier bars of members; False where they are loaded when looked at.
    """

    def __init__(
        self,
        data: SessionData,
        provisioning: Provisioner,
        warming: IndicatorWarmup,
        source: BarSource,
        loading: DataLoader,
        loads_history: bool = True,
    ) -> None:
        self._data = data
        self._provisioning = provisioning
        self._warming = warming
        self._source = source
        self._loading = loading
        self._loads_history = loads_history
        self._waiting: deque[Order] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether any order has not been carried out."""
        return bool(self._waiting)

    def submit(self, order: Order) -> None:
        """Give an order; one that is empty is none."""
        if isinstance(order, RequestBatch) and not order.requests:
            return
        if isinstance(order, Admission) and not order.symbols:
            return
        if isinstance(order, RequestBatch):  # from now on what is read of it is unknown, and no mistake
            self._data.requested.add_requests(order.requests)
        self._waiting.append(order)
        self._data.coming = self._coming()
        self._loading.submit(lambda: self._plan(order))

    def collect(self, *, waits: bool = False) -> list[Event]:
        """Carry out the orders whose data is there, or soon is; returns what came of them."""
        events: list[Event] = []
        for loaded in self._loading.collect(waits=waits):
            events += self._apply(self._waiting.popleft(), loaded)
            refused = [symbol for symbol in loaded.prepared if symbol not in self._data.symbols]
            if refused:  # else the source would keep what comes of them for ever
                self._source.unsubscribe(refused)
        if self._data.coming:
            self._data.coming = self._coming()
        if any(isinstance(event, _CHANGES_WHO_COMES_FIRST) for event in events):
            self.prefer()
        return events

    def give_up(self) -> list[Event]:
        """The session is over: who was still to come does not."""
        why = "the session ended while its data was being loaded"
        asked = dict.fromkeys(one for order in self._waiting for one in _additions(order))
        missing = [one for one in asked if not self._data.holders.is_member(one[1])]
        return [RequestRefused(self._data.now, holder, f"add_symbol {one}", why) for holder, one in missing]

    def is_coming(self, symbol: str) -> bool:
        """Whether a symbol is on its way to becoming a member."""
        return symbol in self._data.coming

    def prefer(self) -> None:
        """Tell the source whose bars matter most: the configuration's, the locked, then all members."""
        holders = self._data.holders
        members = holders.members()
        first = [symbol for symbol in members if holders.is_config(symbol)]
        first += [symbol for symbol in members if holders.locks(symbol)]
        self._source.prefer(tuple(dict.fromkeys([*first, *members])))

    def _coming(self) -> frozenset[str]:
        """Who is a member when everything that waits is carried out, and is none yet."""
        if self._is_over:
            return frozenset()
        coming: dict[str, None] = {}
        for order in self._waiting:
            if isinstance(order, Admission):
                coming.update(dict.fromkeys(order.symbols))
            elif isinstance(order, RequestBatch):
                for request in order.requests:
                    if isinstance(request, RemoveSymbol):
                        coming.pop(request.symbol, None)
                    elif isinstance(request, AddSymbol) and self._provisioning.needs_of(request.holder):
                        coming[request.symbol] = None
        return frozenset(symbol for symbol in coming if not self._data.holders.is_member(symbol))

    @property
    def _is_over(self) -> bool:
        """Whether nobody joins any more."""
        return self._data.now >= self._data.session.close

    def _apply(self, order: Order, loaded: LoadResult) -> list[Event]:
        if loaded.error is not None:
            return self._without_data(order, loaded.error)
        with loaded.held():
            match order:
                case RequestBatch(requests):
                    return self._provisioning.exchange(requests)
                case Admission(symbols, holder, needs):
                    holders = self._data.holders
                    new = [symbol for symbol in symbols if not holders.is_member(symbol)]
                    return self._provisioning.admit(new, holder, needs)
                case Release(holder):
                    return self._provisioning.release(holder)

    def _without_data(self, order: Order, error: str) -> list[Event]:
        """What can be done of an order although its data could not be loaded; the rest is refused."""
        now, why = self._data.now, f"its data could not be loaded: {error}"
        if isinstance(order, Admission):
            return [RequestRefused(now, order.holder, f"add_symbol {one}", why) for one in order.symbols]
        if isinstance(order, Release):
            return self._provisioning.release(order.holder)
        needy = [one for one in order.requests if isinstance(one, AddBars | AddIndicator | AddSymbol)]
        others = [one for one in order.requests if not isinstance(one, AddBars | AddIndicator | AddSymbol)]
        refused = [RequestRefused(now, one.holder, _asked(one), why) for one in needy]
        return [*refused, *self._provisioning.exchange(others)]

    # -- what an order needs -----------------------------------------------------------------

    def _plan(self, order: Order) -> DataPlan:
        """A good guess: what it misses is loaded when it is needed, what is too much is dropped."""
        symbols: dict[str, None] = {}
        wanted: dict[Interval, tuple[dict[str, None], int]] = {}
        for who, interval, days in self._needed(order):
            symbols.update(dict.fromkeys(who))
            if who and interval is not None and days:
                have, most = wanted.get(interval, ({}, 0))
                wanted[interval] = ({**have, **dict.fromkeys(who)}, max(most, days))
        new = tuple(symbol for symbol in symbols if symbol not in self._data.symbols)
        return DataPlan(new, {interval: (tuple(who), days) for interval, (who, days) in wanted.items()})

    def _needed(self, order: Order) -> Iterator[tuple[Sequence[str], Interval | None, int]]:
        if isinstance(order, Admission):
            yield from self._of_members(order.symbols, order.holder, order.needs)
        elif isinstance(order, RequestBatch):
            for request in order.requests:
                yield from self._of_request(request)

    def _of_request(self, request: Request) -> Iterator[tuple[Sequence[str], Interval | None, int]]:
        match request:
            case AddBars(_, symbols):
                yield symbols, None, 0
            case AddIndicator(_, symbols, spec):
                yield self._unasked(symbols, spec), spec.interval, self._warming.days(spec)
            case AddSymbol(holder, symbol):
                yield from self._of_members((symbol,), holder, None)

    def _of_members(
        self, symbols: Sequence[str], holder: str, needs: MemberNeeds | None
    ) -> Iterator[tuple[Sequence[str], Interval | None, int]]:
        needs = needs or self._provisioning.needs_of(holder)
        new = [symbol for symbol in symbols if not self._data.holders.is_member(symbol)]
        if needs is None or not new or self._is_over:
            return
        yield new, None, 0
        for interval in needs.streams if self._loads_history else ():
            yield new, interval, needs.history_days
        for spec in needs.indicators:
            yield self._unasked(new, spec), spec.interval, self._warming.days(spec)

    def _unasked(self, symbols: Sequence[str], spec: IndicatorSpec) -> list[str]:
        """Those for which nobody has asked for the indicator."""
        asked = self._data.indicators.asked(spec)
        table = self._data.symbols
        return [one for one in symbols if one not in table or not asked[table.row(one)]]


def _additions(order: Order) -> Iterator[tuple[str, str]]:
    """Who is to become a member by an order, and for whom."""
    if isinstance(order, Admission):
        yield from ((order.holder, symbol) for symbol in order.symbols)
    elif isinstance(order, RequestBatch):
        yield from ((one.holder, one.symbol) for one in order.requests if isinstance(one, AddSymbol))


def _asked(request: AddBars | AddIndicator | AddSymbol) -> str:
    """A request as a message names it."""
    match request:
        case AddSymbol(_, symbol):
            return f"add_symbol {symbol}"
        case AddBars(_, symbols, interval, _):
            what, several = f"bars {interval}", symbols
        case AddIndicator(_, symbols, spec):
            what, several = f"add_indicator {spec.key}", symbols
    return f"{what} for {several[0]}" + (f" and {len(several) - 1} more" if len(several) > 1 else "")
