"""What a round trip costs: a spread of one tick at least, slippage and commission.

Estimates of spreads may come out negative, and for most liquid shares lie below one cent.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from symscan.model.bar import Floats
from symscan.research.statistics.exits import BASIS_POINTS

TICK: Final = 0.01
SMALL_TICK: Final = 0.0001
"""The tick of prices below 1.00."""


def spread_bp(edges: Floats, price: Floats) -> Floats:
    """Return the full spread in basis points of a price: the estimate, at least one tick."""
    tick = np.where(price < 1.0, SMALL_TICK, TICK) / price
    result: Floats = BASIS_POINTS * np.fmax(edges, tick)
    return result


def cost_bp(
    spread: Floats | float, price: Floats, slippage_bps: float = 0.0, commission_per_share: float = 0.0
) -> Floats:
    """Return what a round trip costs, basis points: a spread, slippage and commission of both sides."""
    result: Floats = spread + 2 * slippage_bps + 2 * BASIS_POINTS * commission_per_share / price
    return result
