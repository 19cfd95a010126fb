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
        Whose columns the block has.
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
        """The price at which it is given up."""
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
        """Keep one more."""
        self._lay_out((*self.lots, lot), np.append(self._last, lot.first_close))

    def ended_by(self, bars: TradableBars) -> list[Exit]:
        """Take out the lots that these bars end: by a stop, a target, or the session's end."""
        if not self.lots:
            return []
        rows = bars.symbols.rows_or_none([lot.signal.symbol for lot in self.lots])
        here = (rows >= 0) & bars.block.present[rows]
        fields = bars.block.fields[:, rows]
        exits = self._at_the_end(bars, fields, here) if bars.is_last else self._at_levels(bars, fields, here)
        self._last = np.where(here, fields[CLOSE], self._last)
        self._drop(exits)
        return exits

    def ended_at_open(self, bars: TradableBars, symbol: str, before: int) -> list[Exit]:
        """Take out the lots in a symbol whose numbers are below ``before``, at the bars' open."""
        bar = bars.bar(symbol)
        if bar is None:
            return []
        open_, _, volume = bar
        exits = [
            Exit(lot, bars.start, open_, ExitReason.SIGNAL, self._thin(lot, volume))
            for lot in self.lots
            if lot.signal.symbol == symbol and lot.number < before
        ]
        self._drop(exits)
        return exits

    def _at_levels(self, bars: TradableBars, fields: Floats, here: Mask) -> list[Exit]:
        """Stop before target: which came first inside a bar is not known, so the worse is taken."""
        open_, is_long = fields[OPEN], self._signs > 0
        worst = np.where(is_long, fields[LOW], fields[HIGH])
        best = np.where(is_long, fields[HIGH], fields[LOW])
        stopped = here & (self._signs * (worst - self._stops) <= 0)
        beyond = stopped & (self._signs * (open_ - self._stops) <= 0)
        won = here & ~stopped & (self._signs * (best - self._targets) >= 0)
        prices = np.where(beyond, open_, np.where(stopped, self._stops, self._targets))
        return [
            Exit(
                self.lots[place],
                bars.start,
                prices.item(place),
                ExitReason.STOP if stopped[place] else ExitReason.TARGET,
                self._thin(self.lots[place], fields.item(VOLUME, place)),
            )
            for place in np.flatnonzero(stopped | won).tolist()
        ]

    def _at_the_end(self, bars: TradableBars, fields: Floats, here: Mask) -> list[Exit]:
        return [
            Exit(
                lot,
                bars.start,
                fields.item(OPEN, place) if here[place] else self._last.item(place),
                ExitReason.SESSION_END,
                self._thin(lot, fields.item(VOLUME, place)) if here[place] else (Flag.NO_BAR_AT_END,),
            )
            for place, lot in enumerate(self.lots)
        ]

    def _thin(self, lot: Lot, volume: float) -> tuple[Flag, ...]:
        return (Flag.THIN_EXIT,) if lot.shares > self._volume_share * volume else ()

    def _drop(self, exits: Sequence[Exit]) -> None:
        if not exits:
            return
        gone = {end.lot.number for end in exits}
        kept = [place for place, lot in enumerate(self.lots) if lot.number not in gone]
        self._lay_out(tuple(self.lots[place] for place in kept), self._last[kept])

    def _lay_out(self, lots: tuple[Lot, ...], last: Floats) -> None:
        self.lots, self._last = lots, last
        self._signs = np.array([lot.sign for lot in lots], np.float64)
        self._stops = np.array([lot.stop for lot in lots], np.float64)
        self._targets = np.array([lot.target for lot in lots], np.float64)
