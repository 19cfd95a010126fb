"""A small market with every difficulty in it, made of integer arithmetic alone: the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

THANKSGIVING: Final = date(2018, 11, 22)
HALF_DAY: Final = date(2018, 11, 23)
LAST: Final = date(2018, 11, 26)
WEEKDAYS: Final = [date(2018, 10, 15) + timedelta(days) for days in range(43)]
SESSIONS: Final = [day for day in WEEKDAYS if day.weekday() < 5 and day != THANKSGIVING]
MINUTE_SESSIONS: Final = SESSIONS[-8:]
"""Earlier sessions have daily bars only."""

ODD: Final = ("SPLT", "REVS", "HALT", "STOP", "NEWC", "NODAY", "BASIS", "RARE")
LIQUID: Final = tuple(f"LIQ{number:02}" for number in range(24))
THIN: Final = tuple(f"THN{number:02}" for number in range(8))
SYMBOLS: Final = (*ODD, *LIQUID, *THIN)
NOT_STORED: Final = "NOTIN"

OPEN: Final = 9 * 60 + 30
"""Times are minutes after midnight in New York."""
CLOSE, EARLY_CLOSE, PRE_OPEN = 16 * 60, 13 * 60, 8 * 60

SPLITS: Final = {("SPLT", date(2018, 11, 21)): (4, 1), ("REVS", LAST): (1, 10)}


class Dice:
    """Integers by splitmix64: a generator that no release of Python or NumPy changes."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, bound: int) -> int:
        """An integer from 0 up to, and without, a bound."""
        mask = 0xFFFFFFFFFFFFFFFF
        self._state = (self._state + 0x9E3779B97F4A7C15) & mask
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        return ((mixed ^ (mixed >> 31)) * bound) >> 64

    def around(self, size: int) -> int:
        """An integer from -size to size."""
        return self.below(2 * size + 1) - size


@dataclass(frozen=True, slots=True)
class Bar:
    """Prices in cents; a volume in shares."""

    open: int
    high: int
    low: int
    close: int
    volume: int

    def cells(self) -> str:
        prices = (
            f"{cents // 100}.{cents % 100:02}" for cents in (self.open, self.high, self.low, self.close)
        )
        return ",".join((*prices, str(self.volume)))


def write_market(folder: Path) -> None:
    """Write ``minutes.csv``, ``days.csv``, ``splits.csv`` and the universes."""
    folder.mkdir(parents=True, exist_ok=True)
    minutes, days = (
        ["symbol,date,time,open,high,low,close,volume"],
        ["symbol,date,open,high,low,close,volume"],
    )
    for number, symbol in enumerate(SYMBOLS):
        dice, price = Dice(1000 + number), 4000 + 700 * number
        for day in SESSIONS:
            price = _opening_price(dice, symbol, day, price)
            bars = dict(_minutes(dice, symbol, day, price)) if day in MINUTE_SESSIONS else {}
            daily = _daily(dice, price, [bar for at, bar in bars.items() if OPEN <= at < _close_of(day)])
            price = daily.close
            if symbol == "NEWC" and day < HALF_DAY:  # listed on the half day
                continue
            minutes += [
                f"{symbol},{day},{at // 60:02}:{at % 60:02},{bar.cells()}" for at, bar in bars.items()
            ]
            if symbol != "NODAY":
                days.append(f"{symbol},{day},{_as_stored(symbol, daily).cells()}")
    (folder / "minutes.csv").write_text("\n".join(minutes) + "\n")
    (folder / "days.csv").write_text("\n".join(days) + "\n")
    splits = [f"{symbol},{day},{new}:{old}" for (symbol, day), (new, old) in SPLITS.items()]
    (folder / "splits.csv").write_text("\n".join(["symbol,ex_date,ratio", *splits]) + "\n")
    _write_universes(folder)


def _close_of(day: date) -> int:
    return EARLY_CLOSE if day == HALF_DAY else CLOSE


def _opening_price(dice: Dice, symbol: str, day: date, price: int) -> int:
    """The close before, as of this session's splits, with a price gap now and then."""
    new, old = SPLITS.get((symbol, day), (1, 1))
    gap = (0, 0, 10, -10, 25, -35, 50)[dice.below(7)]
    return max(200, price * old // new * (1000 + gap) // 1000)


def _minutes(dice: Dice, symbol: str, day: date, price: int) -> Iterator[tuple[int, Bar]]:
    """The bars of one session: drifts of half an hour, bursts of volume, and holes."""
    is_early = dice.below(3) == 0 or symbol in ("SPLT", "HALT", "LIQ00", "LIQ01")
    drift = burst = 0
    for at in range(PRE_OPEN if is_early else OPEN, _close_of(day) + (20 if is_early else 0)):
        if at % 30 == 0:
            drift, burst = dice.around(9), (1, 1, 1, 5)[dice.below(4)]
        step = (price * (3 * dice.around(12) + drift) + 15_000) // 30_000 + dice.around(1)
        bar = _bar(dice, price, max(100, price + step), (10 + dice.below(900)) * burst)
        price = bar.close
        if _trades(dice, symbol, day, at):
            yield at, bar


def _bar(dice: Dice, first: int, last: int, volume: int) -> Bar:
    wick = 1 + first // 2000
    high, low = max(first, last) + dice.below(wick), min(first, last) - dice.below(wick)
    return Bar(first, high, low, last, volume)


def _trades(dice: Dice, symbol: str, day: date, at: int) -> bool:
    """Whether a symbol trades in a minute."""
    share = {"THN": 25, "RAR": 3}.get(symbol[:3], 97)
    if not OPEN <= at < _close_of(day):
        share //= 5
    if symbol == "HALT" and OPEN + 60 < at < OPEN + 110:
        share = 0
    if symbol == "STOP" and day >= HALF_DAY and at > OPEN + 45:
        share = 0
    return dice.below(100) < share


def _daily(dice: Dice, price: int, bars: list[Bar]) -> Bar:
    """The daily bar: of the session's minutes with a closing auction, or of a walk if there are none."""
    if not bars:
        last = max(100, price * (1000 + dice.around(25)) // 1000)
        return _bar(dice, price, last, 100_000 + dice.below(50_000))
    close = bars[-1].close + dice.around(2)
    high, low = max(close, *(bar.high for bar in bars)), min(close, *(bar.low for bar in bars))
    return Bar(bars[0].open, high, low, close, sum(bar.volume for bar in bars) * 6 // 5)


def _as_stored(symbol: str, bar: Bar) -> Bar:
    """The daily bars of BASIS are on another price basis than its minutes."""
    if symbol != "BASIS":
        return bar
    return Bar(bar.open // 2, bar.high // 2, bar.low // 2, bar.close // 2, bar.volume * 2)


def _write_universes(folder: Path) -> None:
    sectors = ("Energy", "Financials", "Health Care", "Utilities")
    names = sorted((*SYMBOLS, NOT_STORED), key=lambda symbol: symbol[::-1])
    rows = [f"{symbol},{sectors[place % 4]}" for place, symbol in enumerate(names)]
    (folder / "sectors.csv").write_text("\n".join(["# as_of: 2018-11-01", "symbol,sector", *rows]) + "\n")
    (folder / "some.txt").write_text("\n".join(names[::2]) + "\n")
