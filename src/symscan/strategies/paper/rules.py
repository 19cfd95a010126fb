"""How signals are filled on paper."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class PaperRules:
    """How signals are filled on paper.

    Attributes
    ----------
    delay_minutes
        From a decision to the earliest start of the bar it is filled in.
    fill_within_minutes
        How much later than that the bar may start.
    volume_share
        How much of that bar's volume may be ours, from 0 to 1.
    slippage_bps
        What every fill costs, in hundredths of a percent of its price.
    commission_per_share
        What every share bought or sold costs, in the currency of the prices.
    allow_short
        Whether a trade may begin with a sale; whether the shares could be borrowed is not known.
    capital
        What drawdown, exposure and turnover are measured against, in the currency of the prices; None leaves
        them unknown. It limits nothing.
    """

    delay_minutes: int = 0
    fill_within_minutes: int = 2
    volume_share: float = 0.05
    slippage_bps: float = 5.0
    commission_per_share: float = 0.005
    allow_short: bool = False
    capital: float | None = None

    def __post_init__(self) -> None:
        amounts = (self.delay_minutes, self.fill_within_minutes, self.slippage_bps, self.commission_per_share)
        if min(amounts) < 0 or not 0 < self.volume_share <= 1:
            raise ValueError(f"{self}: no amount may be below 0, and volume_share is above 0 and at most 1")
        if self.capital is not None and not self.capital > 0:
            raise ValueError(f"{self}: capital is above 0, or None")

    def later(self, minutes: int) -> PaperRules:
        """The same with a longer delay."""
        return replace(self, delay_minutes=self.delay_minutes + minutes)

    @property
    def slippage(self) -> float:
        """Slippage as a fraction of the price."""
        return self.slippage_bps / 10_000
