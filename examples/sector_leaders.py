"""Symbols that run ahead of their own sector.

A comparison within groups is more than a screen's expression can say, and four lines of polars. The scanner
looks at all symbols at once: one frame in, one frame out.
"""

from __future__ import annotations

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from symscan.errors import UniverseError
from symscan.scanners.base import BaseScanner, ScanContext, ScanResult
from symscan.scanners.universe import load_universe


class Params(BaseModel):
    """What ``config`` may hold; anything else is an error before the session starts."""

    model_config = ConfigDict(extra="forbid")

    universe: str = Field("sp500", description="A universe with a column sector, by name or path.")
    min_lead: float = Field(2.0, gt=0, description="Percent points above the median change of the sector.")
    min_volume: float = Field(0.0, ge=0, description="Shares traded in the session so far.")


class Scanner(BaseScanner):
    """Finds leaders, the largest lead first."""

    params = Params

    def setup(self, context: ScanContext) -> bool:  # noqa: ARG002 - readings need not be asked for
        """Load the universe with its sectors."""
        self._params = Params.model_validate(self.config)
        universe = load_universe(self._params.universe, self._folders)
        if "sector" not in universe.columns:
            raise UniverseError(f"{universe.path} has no column sector; name a universe that has one")
        self._universe = list(universe.symbols)
        self._sectors = pl.DataFrame({"symbol": universe.symbols, "sector": universe.columns["sector"]})
        return True

    def scan(self, context: ScanContext) -> ScanResult:
        """Compare each symbol with the median of its sector; unknown is null and passes nothing."""
        readings = context.session_data.frame(["change_pct", "volume"])
        lead = pl.col("change_pct") - pl.col("change_pct").median().over("sector")
        found = (
            self._sectors.join(readings, on="symbol")
            .with_columns(lead.alias("lead"))
            .filter(pl.col("lead") >= self._params.min_lead, pl.col("volume") >= self._params.min_volume)
            .sort("lead", "symbol", descending=[True, False])
        )
        symbols = found["symbol"].to_list()
        metadata = dict(zip(symbols, found.select("sector", "lead").to_dicts(), strict=True))
        unknown = readings["change_pct"].is_null().to_numpy()
        return ScanResult(symbols=symbols, metadata=metadata, unknown=unknown)
