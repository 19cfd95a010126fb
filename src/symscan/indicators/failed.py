"""An indicator in place of a user's that raised: unknown for every row."""

from __future__ import annotations

import numpy as np

from symscan.indicators.base import Indicator
from symscan.indicators.state import Counts
from symscan.model.bar import Block, Floats, Rows
from symscan.model.specs import IndicatorSpec


class FailedIndicator(Indicator):
    """Has the outputs of the indicator that it stands for, and no values."""

    def __init__(self, spec: IndicatorSpec, rows: int, outputs: tuple[str, ...]) -> None:
        self.outputs = outputs  # type: ignore[misc]  # of the one that failed
        super().__init__(spec, rows, seed_bars=1)

    def _bind(self, vectors: Floats) -> None:
        self._values = np.full(vectors.shape[1], np.nan)

    def _advance(self, bars: Block) -> None:
        """Do nothing: it stays unknown."""

    def _seed(self, rows: Rows, counts: Counts, bars: Block) -> None:
        """Do nothing: it stays unknown."""

    def _read(self) -> tuple[Floats, ...]:
        return (self._values,) * len(self.outputs)
