"""Sector rotation: the leaders of the sectors that have done best over the last days and today.

A ranking of groups is more than a screen's expression can say. This scanner is a class of its own:
it asks for an indicator in ``setup`` and judges all symbols at once, in one frame.
"""

from __future__ import annotations

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from symscan import BaseScanner, ScanContext, ScanResult, UniverseError


class SectorRotationParams(BaseModel):
    """What the sector rotation scanner's ``config`` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    universe: str = Field("sp500", description="A universe with a column of sectors, by name or path.")
    sector_column: str = Field("sector", description="The universe's column that holds the sectors.")
    sessions: int = Field(
        5, ge=1, le=2500, description="Completed sessions the return spans, beside today's so far."
    )
    top_sectors: int = Field(3, ge=1, description="How many of the best sectors count.")
    leaders: int = Field(3, ge=1, description="How many of the best symbols of each.")
    min_members: int = Field(5, ge=1, description="A sector with fewer members of known return is unknown.")
    min_volume: float = Field(0.0, ge=0, description="Shares a leader has traded in the session so far.")


class Scanner(BaseScanner):
    """Finds leaders: the best sector's first, and within a sector the best first."""

    params = SectorRotationParams

    def check(self) -> None:
        """Load the universe with its sectors, so that faults show before the run starts."""
        self._params = SectorRotationParams.model_validate(self.config)
        self._universe = self._load_universe()
        file, column = self._file, self._params.sector_column
        if file is None or column not in file.columns:
            has = ", ".join(file.columns) if file and file.columns else "none"
            raise UniverseError(f"{file and file.path} has no column '{column}' of sectors (it has: {has})")
        sectors = pl.Series("sector", file.columns[column], strict=False).cast(pl.String)
        self._sectors = pl.DataFrame([pl.Series("symbol", file.symbols, pl.String), sectors])
        self._roc = f"roc_{self._params.sessions}_1d"
        self.reads = ("change_pct", "volume", self._roc)

    def setup(self, context: ScanContext) -> bool:
        """Request the return over the completed sessions; today's is a session reading."""
        self.check()
        context.session_data.add_indicator(self._universe, self._roc)
        return True

    def scan(self, context: ScanContext) -> ScanResult:
        """Rank the sectors by their members' mean return, and the members of the best ones."""
        judged = self._judged(context.session_data.frame(["change_pct", "volume", self._roc]))
        best = (pl.col("sector_rank") <= self._params.top_sectors) & (pl.col("rank") <= self._params.leaders)
        found = judged.filter(best).sort("sector_rank", "rank")
        if self._params.min_volume > 0:  # before the open no volume is known
            found = found.filter(pl.col("volume") >= self._params.min_volume)
        symbols = found["symbol"].to_list()
        values = found.select("sector", "sector_rank", "sector_return_pct", "members", "rank", "return_pct")
        return ScanResult(
            symbols=symbols,
            metadata=dict(zip(symbols, values.to_dicts(), strict=True)),
            unknown=judged["rank"].is_null().to_numpy(),
        )

    def _judged(self, readings: pl.DataFrame) -> pl.DataFrame:
        """Every candidate's return and place in its sector, null where unknown; as many rows, in order."""
        compound = (1 + pl.col(self._roc) / 100) * (1 + pl.col("change_pct") / 100) - 1
        frame = (
            readings.join(self._sectors, on="symbol", how="left", maintain_order="left")
            .with_columns(return_pct=100 * compound)
            .with_columns(members=pl.col("return_pct").count().over("sector"))
        )
        enough = pl.col("sector").is_not_null() & (pl.col("members") >= self._params.min_members)
        known = frame.filter(enough, pl.col("return_pct").is_not_null()).sort("symbol")
        sectors = known.group_by("sector", maintain_order=True).agg(
            sector_return_pct=pl.col("return_pct").mean()
        )
        sectors = sectors.sort("sector_return_pct", "sector", descending=[True, False]).with_columns(
            sector_rank=pl.int_range(1, pl.len() + 1)
        )
        ranks = known.select(
            "symbol", rank=pl.col("return_pct").rank("ordinal", descending=True).over("sector")
        )
        return frame.join(sectors, on="sector", how="left", maintain_order="left").join(
            ranks, on="symbol", how="left", maintain_order="left"
        )
