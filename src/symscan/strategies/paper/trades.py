"""Compute trades and results from lots: prices with slippage, costs, net results."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from symscan.model.trading import ExitReason, PaperResult, Position, Trade
from symscan.strategies.paper.lots import Exit, Lot
from symscan.strategies.paper.rules import PaperRules


def entry_price(lot: Lot, rules: PaperRules) -> float:
    """Return the price a lot's shares were bought or sold at, slippage included."""
    return lot.entry * (1 + lot.sign * rules.slippage)


def position_of(lot: Lot, rules: PaperRules) -> Position:
    """Make the position of a lot, as its strategy sees it."""
    return Position(
        number=lot.number,
        symbol=lot.signal.symbol,
        side=lot.side,
        shares=lot.shares,
        price=entry_price(lot, rules),
        since=lot.entry_at,
        stop=lot.stop,
        target=lot.target,
    )


def broken_trade(lot: Lot, rules: PaperRules) -> Trade:
    """Make a trade whose session broke off: no exit, no result, the costs of its entry."""
    return Trade(
        number=lot.number,
        symbol=lot.signal.symbol,
        side=lot.side,
        decided_at=lot.decided_at,
        requested=lot.signal.shares,
        shares=lot.shares,
        entry_at=lot.entry_at,
        entry_price=entry_price(lot, rules),
        stop=lot.stop,
        target=lot.target,
        exit_at=None,
        exit_price=None,
        exit_reason=ExitReason.BROKEN_OFF,
        gross=None,
        slippage=lot.shares * rules.slippage * lot.entry,
        commission=lot.shares * rules.commission_per_share,
        net=None,
        flags=lot.flags,
        reason=lot.signal.reason,
    )


def closed_trade(end: Exit, rules: PaperRules) -> Trade:
    """Make a closed trade with its result."""
    lot = end.lot
    gross = lot.sign * lot.shares * (end.price - lot.entry)
    slippage = lot.shares * rules.slippage * (lot.entry + end.price)
    commission = 2 * lot.shares * rules.commission_per_share
    return structs.replace(
        broken_trade(lot, rules),
        exit_at=end.at,
        exit_price=end.price * (1 - lot.sign * rules.slippage),
        exit_reason=end.reason,
        gross=gross,
        slippage=slippage,
        commission=commission,
        net=gross - slippage - commission,
        flags=(*lot.flags, *end.flags),
    )


def result_of(scenario: str, trades: Sequence[Trade], unfilled: int, costs_times: int = 1) -> PaperResult:
    """Sum up trades, with their costs multiplied."""
    gross = [trade.gross or 0.0 for trade in trades]
    costs = [costs_times * (trade.slippage + trade.commission) for trade in trades]
    net = [won - cost for won, cost in zip(gross, costs, strict=True)]
    return PaperResult(
        scenario,
        trades=len(trades),
        unfilled=unfilled,
        won=sum(one > 0 for one in net),
        gross=sum(gross),
        costs=sum(costs),
        net=sum(net),
    )
