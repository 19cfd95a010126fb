"""How generated prices and volumes move: factors, fat tails, and days that are busy at both ends.

Prices are whole cents held as floats. Arrays of a session have the shape ``(bars, symbols)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from symscan.model.bar import CLOSE, HIGH, LOW, OPEN, VOLUME, Floats, Mask

SECTORS: Final = (
    "Communication Services",
    "Consumer Discretionary",
    "Consumer Staples",
    "Energy",
    "Financials",
    "Health Care",
    "Industrials",
    "Information Technology",
    "Materials",
    "Real Estate",
    "Utilities",
)

_MARKET_VOLATILITY: Final = 0.005
_SECTOR_VOLATILITY: Final = 0.0035
_OWN_VOLATILITY: Final = 0.0075
_OVERNIGHT_SHARE: Final = 0.45
"""Volatility of a night, as a share of that of a day."""

_TAIL_DEGREES: Final = 3
_BUSY_ENDS: Final = 2.5
"""How much busier the open is than midday; the close is half as much."""

_SHARES_PER_TRADE: Final = 150.0
_ILLIQUID_SHARE: Final = 0.06
_LOWEST_CENTS: Final = 100.0

Vector = Floats
"""One value per symbol."""


@dataclass(frozen=True, slots=True, eq=False)
class Traits:
    """What a symbol is like, one value per symbol each.

    Attributes
    ----------
    sector
        Index into ``SECTORS``.
    beta
        How much it moves with the market.
    volatility
        Standard deviation of its own log return over a day.
    first_price
        Cents.
    volume
        Shares on a usual day.
    """

    sector: np.ndarray[tuple[int], np.dtype[np.intp]]
    beta: Vector
    volatility: Vector
    first_price: Vector
    volume: Vector

    @property
    def sector_names(self) -> list[str]:
        return [SECTORS[index] for index in self.sector.tolist()]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How a session departs from an ordinary one.

    Attributes
    ----------
    gap
        Log return from the previous close to the open, NaN where none is planned. ``(symbols,)``
    drift
        Log returns on top of the random ones. ``(minutes, symbols)``
    activity
        Times the usual volume. ``(minutes, symbols)``
    trading
        False while a symbol is halted. ``(minutes, symbols)``
    hidden
        Symbols not yet listed, which have no bars at all. ``(symbols,)``
    listed_today
        Symbols whose first session is the last one. ``(symbols,)``
    """

    gap: Floats
    drift: Floats
    activity: Floats
    trading: Mask
    hidden: Mask
    listed_today: Mask

    @staticmethod
    def quiet(minutes: int, symbols: int, hidden: Mask | None = None) -> Plan:
        """An ordinary session."""
        shape, none = (minutes, symbols), np.zeros(symbols, np.bool_)
        return Plan(
            gap=np.full(symbols, np.nan),
            drift=np.zeros(shape),
            activity=np.ones(shape),
            trading=np.ones(shape, np.bool_),
            hidden=none.copy() if hidden is None else hidden,
            listed_today=none.copy(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars of one session: fields ``(5, bars, symbols)`` in cents and shares, and which of them exist."""

    fields: Floats
    present: Mask

    @property
    def close(self) -> Floats:
        closes: Floats = self.fields[CLOSE]
        return closes


def draw_traits(rng: np.random.Generator, symbols: int) -> Traits:
    """Traits of so many symbols, every sector about equally often."""
    usual = np.exp(rng.normal(np.log(1_500_000), 1.2, symbols))
    thin = np.exp(rng.uniform(np.log(15_000), np.log(120_000), symbols))
    dollars = np.clip(np.exp(rng.normal(np.log(45), 0.9, symbols)), 5, 600)
    return Traits(
        sector=rng.permutation(symbols) % len(SECTORS),
        beta=rng.uniform(0.5, 1.5, symbols),
        volatility=_OWN_VOLATILITY * np.exp(rng.normal(0, 0.3, symbols)),
        first_price=np.rint(100 * dollars),
        volume=np.where(rng.random(symbols) < _ILLIQUID_SHARE, thin, usual),
    )


def opening_prices(rng: np.random.Generator, traits: Traits, previous: Vector, plan: Plan) -> Vector:
    """First prices of a session: the planned gap, else a random night."""
    return _cents(previous * np.exp(np.where(np.isnan(plan.gap), _night(rng, traits), plan.gap)))


def session_bars(rng: np.random.Generator, traits: Traits, opening: Vector, plan: Plan) -> Bars:
    """One daily bar per symbol, for a session without minutes."""
    opened = opening[None]
    close = _cents(opened * np.exp(_returns(rng, traits, np.ones((1, 1)))))
    volume = np.rint(traits.volume * np.exp(rng.normal(0, 0.3, close.shape)))
    reach = 0.4 * traits.volatility * opened
    return Bars(_assemble(rng, opened, close, reach, volume), ~plan.hidden[None])


def regular_bars(rng: np.random.Generator, traits: Traits, opening: Vector, plan: Plan) -> Bars:
    """The minutes of a regular session; one without a trade is not present."""
    busy = _busy(len(plan.drift))
    moves = _returns(rng, traits, np.sqrt(busy))
    close = _cents(opening * np.exp(np.cumsum(moves + plan.drift, axis=0)))
    opened = np.concatenate([opening[None], close[:-1]])
    opened = _cents(opened * (1 + rng.normal(0, 0.0001, close.shape)))
    excitement = 0.6 + 0.5 * np.abs(moves) / (np.sqrt(busy) * traits.volatility)
    expected = traits.volume * busy * excitement * np.exp(rng.normal(-0.08, 0.4, close.shape)) * plan.activity
    chance = 1 - np.exp(-expected / _SHARES_PER_TRADE)
    present = (rng.random(close.shape) < chance) & plan.trading & ~plan.hidden
    reach = 0.4 * np.sqrt(busy) * traits.volatility * close
    return Bars(_assemble(rng, opened, close, reach, np.rint(expected / chance)), present)


def pre_market_bars(
    rng: np.random.Generator, traits: Traits, previous: Vector, opening: Vector, plan: Plan, minutes: int
) -> Bars:
    """Sparse minutes on the way to the open: many where there is news, a few elsewhere."""
    shape = (minutes, len(previous))
    passed = np.linspace(0, 1, minutes)[:, None]
    news = ~np.isnan(plan.gap)
    shown = np.where(news, np.clip((passed - 0.5) * 5, 0, 1), passed)
    close = _cents(previous * np.exp(np.log(opening / previous) * shown + rng.normal(0, 0.0004, shape)))
    opened = _cents(close * (1 + rng.normal(0, 0.0003, shape)))
    some = (rng.random(len(previous)) < 0.2) & (traits.volume > 500_000)
    chance = np.where(news, 0.1 + 0.6 * shown, np.where(some, 0.02 + 0.1 * passed, 0.0))
    volume = np.rint(traits.volume * np.where(news, 0.003, 0.0003) * rng.uniform(0.3, 1.7, shape))
    present = (rng.random(shape) < chance) & ~plan.hidden & ~plan.listed_today
    return Bars(_assemble(rng, opened, close, 0.0003 * close, volume), present)


def to_daily(bars: Bars) -> Bars:
    """The daily bar of a session's minutes: first open, highest, lowest, last close, all shares."""
    present, fields = bars.present, bars.fields
    columns = np.arange(present.shape[1])
    first, last = present.argmax(axis=0), len(present) - 1 - present[::-1].argmax(axis=0)
    daily = np.empty((5, 1, len(columns)))
    daily[OPEN, 0] = fields[OPEN, first, columns]
    daily[HIGH, 0] = np.where(present, fields[HIGH], -np.inf).max(axis=0)
    daily[LOW, 0] = np.where(present, fields[LOW], np.inf).min(axis=0)
    daily[CLOSE, 0] = fields[CLOSE, last, columns]
    daily[VOLUME, 0] = np.where(present, fields[VOLUME], 0.0).sum(axis=0)
    return Bars(daily, np.logical_or.reduce(present, axis=0, keepdims=True))


def _busy(minutes: int) -> Floats:
    """Each minute's share of the day, shape ``(minutes, 1)``; sums to 1, is highest at both ends."""
    passed = np.linspace(0, 1, minutes)[:, None]
    shape = 1 + _BUSY_ENDS * (np.exp(-passed * 12) + 0.5 * np.exp(-(1 - passed) * 12))
    share: Floats = shape / shape.sum()
    return share


def _returns(rng: np.random.Generator, traits: Traits, scale: Floats) -> Floats:
    """Log returns of market, sector and symbol together; ``scale`` is ``(bars, 1)``, 1 for a whole day."""
    bars, symbols = len(scale), len(traits.beta)
    market = rng.normal(0, _MARKET_VOLATILITY, (bars, 1))
    sectors = rng.normal(0, _SECTOR_VOLATILITY, (bars, len(SECTORS)))
    own = rng.standard_normal((bars, symbols)) * traits.volatility
    returns: Floats = scale * (traits.beta * market + sectors[:, traits.sector] + own)
    return returns


def _night(rng: np.random.Generator, traits: Traits) -> Vector:
    """Log returns from the close to the next open, fat-tailed: now and then one of several percent."""
    tails = rng.standard_t(_TAIL_DEGREES, len(traits.beta)) / np.sqrt(_TAIL_DEGREES)
    market = rng.normal(0, _MARKET_VOLATILITY)
    night: Vector = _OVERNIGHT_SHARE * (traits.beta * market + traits.volatility * tails)
    return night


def _cents(price: Floats) -> Floats:
    cents: Floats = np.maximum(np.rint(price), _LOWEST_CENTS)
    return cents


def _assemble(
    rng: np.random.Generator, opened: Floats, close: Floats, reach: Floats, volume: Floats
) -> Floats:
    """Fields ``(5, bars, symbols)``; highs and lows go up to about ``reach`` cents beyond open and close."""
    over, under = np.rint(np.abs(rng.standard_normal((2, *close.shape))) * reach)
    fields = np.empty((5, *close.shape))
    fields[OPEN], fields[CLOSE] = opened, close
    fields[HIGH] = np.maximum(opened, close) + over
    fields[LOW] = np.maximum(np.minimum(opened, close) - under, 1.0)
    fields[VOLUME] = np.maximum(volume, 1.0)
    return fields
