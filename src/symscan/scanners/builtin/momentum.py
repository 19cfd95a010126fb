"""Momentum scanner: symbols that rise steadily while more shares trade than usual.

The shortest scanner with parameters: two indicators by their key, and that is all the engine needs
to know to load their history and keep them up to date.

Beware of ``baseline: bars`` early in the day: the first bars after the open always trade more than
the last ones before yesterday's close. ``baseline: time_of_day`` compares like with like.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from symscan import Interval, Screen, ScreenScanner, SpecError


def _interval(text: str) -> str:
    try:
        return str(Interval.parse(text))
    except SpecError as error:
        raise ValueError(str(error)) from None


class MomentumParams(BaseModel):
    """What the momentum scanner's ``config`` may hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    universe: str = Field("sp500", description="A universe by name or path.")
    min_rsi: float = Field(70.0, ge=0, le=100, description="The lowest RSI, from 0 to 100.")
    min_volume_ratio: float = Field(
        2.0, ge=0, description="The last completed bar's volume over its baseline; 2.0 is twice as much."
    )
    baseline: Literal["bars", "time_of_day"] = Field(
        "bars", description="The mean of the bars before it, or of the same bar of the sessions before."
    )
    interval: Annotated[str, AfterValidator(_interval)] = Field(
        "5m", description="The bars both are read from."
    )
    rsi_period: int = Field(14, ge=2, description="The RSI's period, in bars.")
    volume_period: int = Field(20, ge=1, description="How many bars the mean volume is taken over.")
    baseline_sessions: int = Field(
        10, ge=5, le=250, description="How many sessions 'time_of_day' spans; at least 5 must be known."
    )
    max_age_minutes: float | None = Field(None, ge=0, description="An older last bar makes a symbol unknown.")


class Scanner(ScreenScanner):
    """Finds strong RSI on unusual volume, the strongest first."""

    params = MomentumParams

    def screen(self) -> Screen:
        """RSI and volume ratio, each at least its minimum."""
        params = MomentumParams.model_validate(self.config)
        rsi = f"rsi_{params.rsi_period}_{params.interval}"
        ratio = f"volume_ratio_{params.volume_period}_{params.interval}"
        if params.baseline == "time_of_day":
            ratio = f"same_bar_volume_{params.baseline_sessions}_{params.interval}.ratio"
        return Screen(
            where=f"{rsi} >= {params.min_rsi} AND {ratio} >= {params.min_volume_ratio}",
            rank=rsi,
            max_age_minutes=params.max_age_minutes,
        )
