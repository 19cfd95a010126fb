"""What a member of the session is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from types import MappingProxyType

import numpy as np

from symscan.model.bar import Block, Rows
from symscan.model.events.session import (
    DailyBarsDerived,
    Event,
    RequestRefused,
    SymbolAdded,
    SymbolLocked,
    SymbolUnlocked,
)
from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.model.specs import IndicatorSpec
from symscan.runtime.provisioning.removal import SymbolRemoval
from symscan.runtime.provisioning.rows import allocate_rows
from symscan.runtime.provisioning.warm_up import IndicatorWarmup
from symscan.session.bar_history import LazyBlocks
from symscan.session.holders import CONFIG, MEMBERS
from symscan.session.requests import (
    AddBars,
    AddIndicator,
    AddSymbol,
    Change,
    LockSymbol,
    Refused,
    ReleaseLocks,
    RemoveSymbol,
    Request,
    UnlockSymbol,
)
from symscan.session.session_data import SessionData
from symscan.sources.ports import BarSource, HistorySource


@dataclass(frozen=True, slots=True)
class MemberNeeds:
    """What a member of the session is given.

    Attributes
    ----------
    streams
        The intervals of its bars.
    history_days
        How many earlier sessions of each; 0 for none.
    indicators
        The configuration's own indicators.
    """

    streams: tuple[Interval, ...]
    history_days: int
    indicators: tuple[IndicatorSpec, ...] = ()


class Provisioner:
    """Gives plug-ins what they asked for, between slices.

    All requests of one exchange are loaded together, so that a thousand symbols asked for one by
    one cost as much as a thousand asked for at once.

    Parameters
    ----------
    data
        The session.
    history, source
        Where earlier bars and this session's bars come from.
    warming
        What plays history into indicators.
    needs
        What a member is given.
    needs_by_holder
        What is given to the members a holder brings in, where that is something else; None: it may
        bring in none.
    keep
        How earlier bars of members are kept, given what loads them: loaded when looked at, unless
        the session must not wait then.
    """

    def __init__(
        self,
        data: SessionData,
        history: HistorySource,
        source: BarSource,
        warming: IndicatorWarmup,
        needs: MemberNeeds,
        needs_by_holder: Mapping[str, MemberNeeds | None] = MappingProxyType({}),
        keep: Callable[[Callable[[], Sequence[Block]]], Sequence[Block]] = LazyBlocks,
    ) -> None:
        self._data = data
        self._history = history
        self._source = source
        self._warming = warming
        self._needs = needs
        self._needs_by_holder = needs_by_holder
        self._keep = keep
        self._leaving = SymbolRemoval(data, source)
        self._known_derived: set[str] = set()
        for one in (needs, *needs_by_holder.values()):
            self._note_given(one)
        source.subscribe({}, data.capacity)  # slices are as wide as the session, even if nobody ever joins

    def exchange(self, requests: Sequence[Request]) -> list[Event]:
        """Carry out requests; returns what came of them.

        First the data everybody asks for, then the changes of symbols in order, then the data that
        somebody asks for after it had symbols removed.
        """
        first: list[AddBars | AddIndicator] = []
        changes: list[Change | ReleaseLocks | Refused] = []
        later: list[AddBars | AddIndicator] = []
        for request in requests:
            if not isinstance(request, AddBars | AddIndicator):
                changes.append(request)
            elif changes and changes[-1].holder == request.holder:
                later.append(request)
            else:
                first.append(request)
        return [*self._provide(first), *self._apply(changes), *self._provide(later)]

    def _provide(self, requests: Sequence[AddBars | AddIndicator]) -> list[Event]:
        """Load what is asked for, all of it together."""
        self._data.requested.add_requests(requests)
        bars = [one for one in requests if isinstance(one, AddBars)]
        indicators = [one for one in requests if isinstance(one, AddIndicator)]
        asked: list[AddBars | AddIndicator] = [*bars, *indicators]
        events = self._place(dict.fromkeys(symbol for request in asked for symbol in request.symbols))
        for request in asked:
            self._data.add_candidates(request.holder, request.symbols)
        for wanted in bars:
            self._keep_bars(wanted)
        return [*events, *self._keep_indicators(indicators)]

    def needs_of(self, holder: str) -> MemberNeeds | None:
        """What members are given that a holder brings in; None: it may bring in none."""
        return self._needs_by_holder.get(holder, self._needs)

    def member_needs(
        self, streams: tuple[Interval, ...] | None = None, history_days: int | None = None
    ) -> MemberNeeds:
        """What a member is given, but for what is said here."""
        needs = self._needs
        days = needs.history_days if history_days is None else history_days
        return MemberNeeds(needs.streams if streams is None else streams, days, needs.indicators)

    def admit(self, symbols: Sequence[str], holder: str, needs: MemberNeeds | None = None) -> list[Event]:
        """Make symbols members, with everything a member has.

        Refused are symbols the store lacks, all of a holder that may bring in none, and all at the close.

        Parameters
        ----------
        symbols
            Those that are members already stay as they are.
        holder
            Who keeps them.
        needs
            What they are given; None for what the holder's are.
        """
        needs = needs or self.needs_of(holder)
        if needs is None:
            return self._refuse_all(symbols, holder, "its 'add_symbols' is false")
        if self._data.now >= self._data.session.close:
            return self._refuse_all(symbols, holder, "the session is over")
        stored = self._history.symbols()
        here = [symbol for symbol in symbols if symbol in stored]
        missing = [symbol for symbol in symbols if symbol not in stored]
        refused = self._refuse_all(missing, holder, "the store has no bars of it")
        new = [symbol for symbol in here if self._data.holders.add_member(symbol, holder)]
        return [*refused, *self.provision_members(new, holder, needs)]

    def provision_members(
        self, new: Sequence[str], holder: str, needs: MemberNeeds | None = None
    ) -> list[Event]:
        """Give new members everything a member has; the store must have bars of them."""
        if not new:  # most scans find nobody new; asking for nobody would make indicators over no rows
            return []
        needs = needs or self._needs
        self._note_given(needs)
        events = self._place(new)
        for interval in needs.streams:
            for wanting in (holder, MEMBERS):
                self._data.add_interval(interval, wanting)
            self._keep_history(MEMBERS, new, interval, needs.history_days)
        events += self._keep_indicators([AddIndicator(CONFIG, tuple(new), spec) for spec in needs.indicators])
        now = self._data.now
        return [*events, *(SymbolAdded(now, symbol, holder, ready_at=now) for symbol in new)]

    def _note_given(self, needs: MemberNeeds | None) -> None:
        """Members are given these without asking: whoever sees members alone may read them."""
        if needs is not None:
            self._data.requested.add(MEMBERS, *needs.streams)
            self._data.requested.add(CONFIG, *needs.indicators)

    def release(self, holder: str) -> list[Event]:
        """Let go of a holder's locks, candidates and specs, and of all data nobody else keeps."""
        return self._leaving.release(holder)

    def place(self, symbols: Sequence[str]) -> None:
        """Give rows, daily history and bars to those of the symbols that have none and that the store has."""
        stored = self._history.symbols()
        self._furnish(symbol for symbol in symbols if symbol not in self._data.symbols and symbol in stored)

    def _place(self, symbols: Collection[str]) -> list[Event]:
        """Give rows, daily history and bars to symbols that have none; tell whose daily bar was derived."""
        self._furnish(symbols)
        rows = self._data.symbols.rows(tuple(symbols))
        derived = self._data.symbols.names(rows[self._data.daily_derived[rows]])
        new = [symbol for symbol in derived if symbol not in self._known_derived]
        self._known_derived.update(new)
        return [DailyBarsDerived(self._data.now, len(new))] if new else []

    def _furnish(self, symbols: Iterable[str]) -> None:
        new = allocate_rows(self._data, self._history, symbols)
        if new:
            rows = self._data.symbols.rows(new)
            self._source.subscribe(dict(zip(new, rows.tolist(), strict=True)), self._data.capacity)
            self._catch_up(new)

    def _catch_up(self, symbols: Sequence[str]) -> None:
        """Load the bars of this session that ended before the symbols joined."""
        premarket, regular = self._data.premarket.grid.ends(), self._data.regular.grid.ends()
        if premarket or regular:
            blocks = self._source.catch_up(symbols, [*premarket, *regular])
            self._data.catch_up(symbols, blocks[: len(premarket)], blocks[len(premarket) :])

    def _keep_bars(self, request: AddBars) -> None:
        if request.interval.is_intraday:
            self._data.add_interval(request.interval, request.holder)
        if request.days:
            self._keep_history(request.holder, request.symbols, request.interval, request.days)

    def _keep_history(self, holder: str, symbols: Sequence[str], interval: Interval, days: int) -> None:
        kept = self._data.history
        wanted = [symbol for symbol in symbols if kept.days(holder, symbol, interval) < days]
        if wanted and days:
            load = partial(_loaded, self._history, wanted, interval, self._data.session, days)
            blocks = self._keep(load) if holder == MEMBERS else LazyBlocks(load)
            kept.put(holder, wanted, interval, days, blocks)

    def _keep_indicators(self, requests: Sequence[AddIndicator]) -> list[Event]:
        """Create what is new and play history into it; what others asked for is warm already."""
        asked: dict[IndicatorSpec, list[Rows]] = {}
        for request in requests:
            rows = self._data.symbols.rows(request.symbols)
            new = self._data.ask_indicator(request.spec, request.holder, rows)
            if len(new):
                asked.setdefault(request.spec, []).append(new)
        return self._warming.warm({spec: np.concatenate(rows) for spec, rows in asked.items()})

    def _apply(self, changes: Sequence[Change | ReleaseLocks | Refused]) -> list[Event]:
        """Add, remove, lock and unlock symbols in order; what one holder asks in a row is done at once."""
        events: list[Event] = []
        for (kind, holder), alike in groupby(changes, key=lambda one: (type(one), one.holder)):
            asked = list(alike)
            symbols = [one.symbol for one in asked if isinstance(one, AddSymbol | RemoveSymbol)]
            if kind is AddSymbol:
                events += self.admit(symbols, holder)
            elif kind is RemoveSymbol:
                events += self._leaving.remove(symbols, holder)
            else:
                events += [event for one in asked for event in self._change(one)]
        return events

    def _change(self, request: Change | ReleaseLocks | Refused) -> list[Event]:
        """Lock or unlock symbols, or say why something is not allowed."""
        now, holders = self._data.now, self._data.holders
        match request:
            case Refused(holder, _, asked, why):
                return [RequestRefused(now, holder, asked, why)]
            case LockSymbol(holder, symbol, reason) if not self._leaving.is_here(symbol):
                return [RequestRefused(now, holder, f"lock_symbol {symbol}", "it is not in the session")]
            case LockSymbol(holder, symbol, reason) if holders.lock(symbol, holder, reason):
                return [SymbolLocked(now, symbol, holder, reason)]
            case UnlockSymbol(holder, symbol, reason) if holders.unlock(symbol, holder, reason):
                return [SymbolUnlocked(now, symbol, holder, reason), *self._leaving.if_free(symbol, holder)]
            case ReleaseLocks(holder):
                return self._leaving.release_locks(holder)
        return []

    def _refuse_all(self, symbols: Iterable[str], holder: str, why: str) -> list[Event]:
        now = self._data.now
        return [RequestRefused(now, holder, f"add_symbol {symbol}", why) for symbol in symbols]


def _loaded(
    history: HistorySource, symbols: Sequence[str], interval: Interval, session: Session, days: int
) -> list[Block]:
    """Bars of earlier sessions; a function of the module, so that another process can be sent the recipe."""
    return list(history.load(symbols, interval, session, days))
