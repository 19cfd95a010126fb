"""Open trades on paper, and which of them a block of bars ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, VOLUME, Block, Floats, Mask
from symscan.model.instant import Instant
from symscan.model.symbols import SymbolTable
from symscan.model.trading import Action, ExitReason, Flag, Signal


@dataclass(frozen=True, slots=True)
class TradableBars:
    """The bars of all symbols that ended just now.

    Attributes
    ----------
    start
        Where they start, UTC microseconds.
    next_start
        Where the next ones start.
    is_last
        Whether they are the session's last.
    symbols
        The symbols of the block's columns.
    """

    start: Instant
    next_start: Instant
    is_last: bool
    block: Block
    symbols: SymbolTable

    def bar(self, symbol: str) -> tuple[float, float, float] | None:
        """Open, close and volume of a symbol's bar, None if it has none."""
        row = self.symbols.row(symbol)
        if row is None or not self.block.present.item(row):
            return None
        fields = self.block.fields
        return fields.item(OPEN, row), fields.item(CLOSE, row), fields.item(VOLUME, row)


@dataclass(frozen=True, slots=True)
class Lot:
    """One open trade; prices are those of the bars, before slippage."""

    number: int
    signal: Signal
    decided_at: Instant
    shares: int
    entry_at: Instant
    entry: float
    first_close: float
    flags: tuple[Flag, ...]

    @property
    def side(self) -> Action:
        """Long or short."""
        return Action(self.signal.action)

    @property
    def sign(self) -> int:
        """1 for a trade that gains when the price rises, -1 for the other kind."""
        return 1 if self.side is Action.LONG else -1

    @property
    def stop(self) -> float | None:
        """The price at which it is stopped out."""
        distance = self.signal.stop_distance
        return None if distance is None else self.entry - self.sign * distance

    @property
    def target(self) -> float | None:
        """The price at which its profit is taken."""
        distance = self.signal.target_distance
        return None if distance is None else self.entry + self.sign * distance


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a lot; the price is before slippage."""

    lot: Lot
    at: Instant
    price: float
    reason: ExitReason
    flags: tuple[Flag, ...] = ()


class OpenLots:
    """The open lots of one account, oldest first, with their levels side by side."""

    def __init__(self, volume_share: float) -> None:
        self.lots: tuple[Lot, ...] = ()
        self._volume_share = volume_share
        self._last: Floats = np.zeros(0)
        self._signs, self._stops, self._targets = self._last, self._last, self._last

    def add(self, lot: Lot) -> None:
        """Add a lot."""
        self._set_lots((*self.lots, lot), np.append(self._last, lot.first_close))

    def ended_by(self, bars: TradableBars) -> list[Exit]:
        """Remove and return the lots that these bars end: by a stop, a target, or the session's end."""
        if not self.lots:
            return []
        rows = bars.symbols.rows_or_none([lot.signal.symbol for lot in self.lots])
        has_bar = (rows >= 0) & bars.block.present[rows]
        fields = bars.block.fields[:, rows]
        exits = (
            self._at_the_end(bars, fields, has_bar)
            if bars.is_last
            else self._at_levels(bars, fields, has_bar)
        )
        self._last = np.where(has_bar, fields[CLOSE], self._last)
        self._remove(exits)
        return exits

    def ended_at_open(self, bars: TradableBars, symbol: str, before: int) -> list[Exit]:
        """Remove and return the lots in a symbol whose numbers are below ``before``, at the bars' open."""
        bar = bars.bar(symbol)
        if bar is None:
            return []
        open_, _, volume = bar
        exits = [
            Exit(lot, bars.start, open_, ExitReason.SIGNAL, self._exit_flags(lot, volume))
            for lot in self.lots
            if lot.signal.symbol == symbol and lot.number < before
        ]
        self._remove(exits)
        return exits

    def _at_levels(self, bars: TradableBars, fields: Floats, has_bar: Mask) -> list[Exit]:
        """Stop before target: which came first inside a bar is not known, so the worse is taken."""
        open_, is_long = fields[OPEN], self._signs > 0
        worst = np.where(is_long, fields[LOW], fields[HIGH])
        best = np.where(is_long, fields[HIGH], fields[LOW])
        stopped = has_bar & (self._signs * (worst - self._stops) <= 0)
        beyond = stopped & (self._signs * (open_ - self._stops) <= 0)
        won = has_bar & ~stopped & (self._signs * (best - self._targets) >= 0)
        prices = np.where(beyond, open_, np.where(stopped, self._stops, self._targets))
        return [
            Exit(
                self.lots[index],
                bars.start,
                prices.item(index),
                ExitReason.STOP if stopped[index] else ExitReason.TARGET,
                self._exit_flags(self.lots[index], fields.item(VOLUME, index)),
            )
            for index in np.flatnonzero(stopped | won).tolist()
        ]

    def _at_the_end(self, bars: TradableBars, fields: Floats, has_bar: Mask) -> list[Exit]:
        return [
            Exit(
                lot,
                bars.start,
                fields.item(OPEN, index) if has_bar[index] else self._last.item(index),
                ExitReason.SESSION_END,
                self._exit_flags(lot, fields.item(VOLUME, index))
                if has_bar[index]
                else (Flag.NO_BAR_AT_END,),
            )
            for index, lot in enumerate(self.lots)
        ]

    def _exit_flags(self, lot: Lot, volume: float) -> tuple[Flag, ...]:
        return (Flag.THIN_EXIT,) if lot.shares > self._volume_share * volume else ()

    def _remove(self, exits: Sequence[Exit]) -> None:
        if not exits:
            return
        gone = {end.lot.number for end in exits}
        kept = [index for index, lot in enumerate(self.lots) if lot.number not in gone]
        self._set_lots(tuple(self.lots[index] for index in kept), self._last[kept])

    def _set_lots(self, lots: tuple[Lot, ...], last: Floats) -> None:
        self.lots, self._last = lots, last
        self._signs = np.array([lot.sign for lot in lots], np.float64)
        self._stops = np.array([lot.stop for lot in lots], np.float64)
        self._targets = np.array([lot.target for lot in lots], np.float64)
