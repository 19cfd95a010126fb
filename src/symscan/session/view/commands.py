"""Commands of a view: requests for data and symbols, applied by the coordinator between slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from symscan.errors import SpecError
from symscan.indicators.registry import spec_of
from symscan.model.interval import Interval
from symscan.model.specs import IndicatorConfig, IndicatorSpec
from symscan.session.holders import trade_reason
from symscan.session.requests import (
    AddSymbol,
    Change,
    LockSymbol,
    RemoveSymbol,
    RequestQueue,
    UnlockSymbol,
)
from symscan.session.session_data import SessionData


class SessionCommands:
    """The requests one holder may make.

    A request returns True if it will change something, False if it was so already or is not
    allowed; the holder's own pending requests count. Wrong arguments raise.
    """

    _data: SessionData
    _requests: RequestQueue
    _holder: str

    @property
    def base_interval(self) -> str:
        """The finest interval of the session's bars, such as ``1m``."""
        return str(self._data.base)

    def add_indicator(
        self,
        symbol: str | Sequence[str],
        indicator: IndicatorConfig | str,
        config: dict[str, Any] | None = None,
    ) -> bool:
        """Request an indicator, and with it the bars it needs.

        Parameters
        ----------
        symbol
            One symbol, or many at once.
        indicator
            An ``IndicatorConfig``, a key such as ``rsi_14_5m``, or an indicator's name together
            with ``config``.
        config
            ``period``, ``interval`` and further parameters, with a name only.

        Raises
        ------
        SpecError
            If there is no such indicator, or a parameter is out of bounds.
        """
        spec = spec_of(_as_config(indicator, config))
        if spec.interval.is_intraday and not self._data.base.is_intraday:
            needed = "minutes" if spec.interval.is_premarket else f"bars of {spec.interval}"
            raise SpecError(f"'{spec.key}' needs {needed}; this session has daily bars only")
        symbols = _symbols(symbol)
        new = self._without_indicator(symbols, spec)
        self._requests.add_indicator(new, spec)
        return bool(new)

    def add_session_bars(self, symbol: str | Sequence[str], interval: str) -> bool:
        """Request this session's bars of an interval.

        Raises
        ------
        SpecError
            If the interval is none.
        """
        return self._add_bars(_symbols(symbol), Interval.parse(interval), 0)

    def add_historical_bars(self, symbol: str | Sequence[str], interval: str, days: int) -> bool:
        """Request the bars of an interval of the ``days`` sessions before this one.

        Raises
        ------
        SpecError
            If the interval is none.
        ValueError
            If ``days`` is not positive.
        """
        if not isinstance(days, int) or days < 1:
            raise ValueError(f"days is {days}; ask for at least one session")
        return self._add_bars(_symbols(symbol), Interval.parse(interval), days)

    def add_symbol(self, symbol: str) -> bool:
        """Request that a symbol becomes a member of the session."""
        symbol = _one_symbol("add_symbol", symbol)
        if self._will_be_member(symbol):
            return False
        self._requests.change_symbol(AddSymbol(self._holder, symbol))
        return True

    def remove_symbol(self, symbol: str) -> bool:
        """Request the removal of a symbol; False while it is locked, traded or a config symbol.

        It leaves the session's members and this holder's candidates; its data goes with its last holder.
        """
        symbol = _one_symbol("remove_symbol", symbol)
        if not self._is_in_session(symbol):
            return False
        if why := self._kept_by(symbol):
            return self._refuse("remove_symbol", symbol, why)
        self._requests.change_symbol(RemoveSymbol(self._holder, symbol))
        return True

    def lock_symbol(self, symbol: str, reason: str) -> bool:
        """Keep a symbol in the session for a reason; False if this holder has locked it for that already.

        The lock is this holder's own: no other holder can release it, and it ends with the holder.

        Raises
        ------
        ValueError
            If the reason is no text, or an empty one.
        """
        symbol = _one_symbol("lock_symbol", symbol)
        if not isinstance(reason, str) or not reason:
            raise ValueError(f"reason is {reason!r}; say in a text why the symbol is kept")
        if (self._holder, reason) in self._locks(symbol):
            return False
        if not self._is_in_session(symbol):
            return self._refuse("lock_symbol", symbol, "it is not in the session")
        self._requests.change_symbol(LockSymbol(self._holder, symbol, reason))
        return True

    def unlock_symbol(self, symbol: str, reason: str | None = None) -> bool:
        """Release this holder's lock for a reason, or all its locks of a symbol; False if it has none.

        Locks of others are not released; where only those are meant, the session's events say so.
        """
        symbol = _one_symbol("unlock_symbol", symbol)
        meant = [(by, why) for by, why in self._locks(symbol) if reason in (None, why)]
        own = [why for by, why in meant if by == self._holder]
        if not own:
            others = ", ".join(f"{by} ({why})" for by, why in meant)
            return bool(others) and self._refuse("unlock_symbol", symbol, f"it is locked by {others}")
        if self._data.holders.trades(symbol, self._holder) and own == [trade_reason(self._holder)]:
            return self._refuse("unlock_symbol", symbol, "its trade is still open")
        self._requests.change_symbol(UnlockSymbol(self._holder, symbol, reason))
        return True

    def is_symbol_locked(self, symbol: str) -> bool:
        """Whether the symbol is locked by any holder, this holder's pending requests counted."""
        return bool(self._locks(_one_symbol("is_symbol_locked", symbol)))

    def _without_indicator(self, symbols: Sequence[str], spec: IndicatorSpec) -> list[str]:
        """Return those of the symbols for which this holder has not requested the indicator."""
        rows = self._data.symbols.rows_or_none(symbols)
        requested = np.append(
            self._data.indicators.requested_rows(spec, self._holder), False
        )  # for row -1: none
        pending, removed = self._requests.pending_symbols(spec), self._requests.is_being_removed
        if not requested.any() and not pending:
            return list(symbols)
        has = zip(symbols, requested[rows].tolist(), strict=True)
        return [one for one, is_requested in has if (not is_requested or removed(one)) and one not in pending]

    def _add_bars(self, symbols: Sequence[str], interval: Interval, days: int) -> bool:
        new = [symbol for symbol in symbols if not self._has_bars(symbol, interval, days)]
        self._requests.add_bars(new, interval, days)
        return bool(new)

    def _has_bars(self, symbol: str, interval: Interval, days: int) -> bool:
        if self._requests.has_bars(symbol, interval, days):
            return True
        if self._requests.is_being_removed(symbol) or not self._data.holders.is_candidate(
            symbol, self._holder
        ):
            return False
        if days:
            return self._data.history.days(self._holder, symbol, interval) >= days
        return not interval.is_intraday or self._data.may_read(interval, self._holder)

    def _refuse(self, request: str, symbol: str, reason: str) -> bool:
        """Record why a request is not allowed; the session publishes it."""
        self._requests.refuse(symbol, request, reason)
        return False

    def _pending(self, symbol: str) -> Sequence[Change]:
        return self._requests.symbol_changes(symbol)

    def _will_be_member(self, symbol: str) -> bool:
        member = self._data.holders.is_member(symbol) or symbol in self._data.coming
        for request in self._pending(symbol):
            if isinstance(request, AddSymbol | RemoveSymbol):
                member = isinstance(request, AddSymbol)
        return member

    def _is_in_session(self, symbol: str) -> bool:
        holders = self._data.holders
        is_present = holders.is_member(symbol) or holders.is_candidate(symbol, self._holder)
        is_present = is_present or symbol in self._data.coming or self._requests.has_data_requests(symbol)
        for request in self._pending(symbol):
            if isinstance(request, AddSymbol | RemoveSymbol):
                is_present = isinstance(request, AddSymbol)
        return is_present

    def _kept_by(self, symbol: str) -> str | None:
        """Return why a symbol must not be removed, this holder's pending requests counted."""
        reasons = tuple(dict.fromkeys(why for _, why in self._locks(symbol)))
        return self._data.holders.kept_by(symbol, reasons)

    def _locks(self, symbol: str) -> tuple[tuple[str, str], ...]:
        """Return the locks of a symbol, each with its holder, this holder's pending requests counted."""
        holders = self._data.holders
        locks = dict.fromkeys(holders.locks_by_holder(symbol))
        for request in self._pending(symbol):
            if isinstance(request, LockSymbol):
                locks[self._holder, request.reason] = None
            elif isinstance(request, UnlockSymbol):
                kept = trade_reason(self._holder) if holders.trades(symbol, self._holder) else None
                gone = [why for by, why in locks if by == self._holder and request.reason in (None, why)]
                for why in gone:
                    if why != kept:
                        del locks[self._holder, why]
        return tuple(locks)


def _symbols(symbol: str | Sequence[str]) -> Sequence[str]:
    symbols = list(symbol) if isinstance(symbol, Iterable) and not isinstance(symbol, str) else [symbol]
    wrong = [one for one in symbols if not isinstance(one, str) or not one]
    if wrong:
        raise TypeError(f"{wrong[0]!r} is not a symbol; a symbol is a text such as 'AAPL'")
    return symbols


def _one_symbol(method: str, symbol: str) -> str:
    symbols = _symbols(symbol)
    if len(symbols) != 1:
        raise ValueError(f"{method} takes one symbol, got {len(symbols)}; call it for each of them")
    return symbols[0]


def _as_config(indicator: IndicatorConfig | str, config: dict[str, Any] | None) -> IndicatorConfig | str:
    if config is None or isinstance(indicator, IndicatorConfig):
        return indicator
    others = {name: value for name, value in config.items() if name not in ("period", "interval", "params")}
    return IndicatorConfig(
        name=indicator,
        period=config.get("period", 0),
        interval=config.get("interval", "1d"),
        params={**config.get("params", {}), **others},
    )
