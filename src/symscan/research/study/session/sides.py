"""On which side a hit is followed."""

from __future__ import annotations

import numpy as np

from symscan.model.bar import Floats
from symscan.research.study.plan import StudyPlan


def side_of(plan: StudyPlan, change_pct: Floats) -> Floats:
    """Return 1 for who buys, -1 for who sells short, NaN where the change does not say; ``(hits,)``."""
    match plan.settings.side:
        case "long":
            return np.ones(len(change_pct))
        case "short":
            return np.full(len(change_pct), -1.0)
    side = np.sign(change_pct)
    side[side == 0.0] = np.nan
    return side
