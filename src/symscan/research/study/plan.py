"""What a study measures: its settings with every default said, and its horizons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from symscan.config.study_settings import (
    DAILY_HEADLINE,
    DAILY_HORIZONS,
    INTRADAY_HEADLINE,
    INTRADAY_HORIZONS,
    MEASURES,
    StudySettings,
)
from symscan.errors import InputError
from symscan.research.statistics.horizons import Horizon, HorizonKind, parse_horizon

CHANGE: Final = "change"
"""The measure of how much a symbol has moved by the scan."""

CHANGE_MATCH: Final = (CHANGE, "volatility")
"""What controls are alike in where any symbol that moved as much may be one."""


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What is measured of each session.

    Attributes
    ----------
    settings
        The settings, as they were given.
    horizons
        All horizons, in their order.
    headline
        The horizon of the verdict.
    scanners
        The names of the scanners that are studied.
    is_daily
        Whether hits are of daily bars: entered at the next open.
    """

    settings: StudySettings
    horizons: tuple[Horizon, ...]
    headline: Horizon
    scanners: tuple[str, ...]
    is_daily: bool = False

    @property
    def has_rough_spreads(self) -> bool:
        """Whether spreads are estimated from daily bars."""
        return self.is_daily and self.settings.spread is None

    @property
    def within(self) -> tuple[Horizon, ...]:
        """The horizons that end in the session of the hit."""
        return tuple(one for one in self.horizons if one.is_within_session)

    @property
    def later(self) -> tuple[Horizon, ...]:
        """The horizons that end in a later session."""
        return tuple(one for one in self.horizons if not one.is_within_session)

    @property
    def sessions_ahead(self) -> int:
        """How many sessions after a hit's own are needed."""
        return max((one.sessions for one in self.horizons), default=0)

    @property
    def measures(self) -> tuple[str, ...]:
        """What controls are alike in."""
        return tuple(one for one in self.settings.match if one in MEASURES)

    @property
    def also_matches_on_change(self) -> bool:
        """Whether the headline is compared with symbols that moved as much, too: no match says so already."""
        return CHANGE not in self.settings.match

    @property
    def static_match(self) -> str | None:
        """The static column that controls share; None for none."""
        return next((one for one in self.settings.match if one not in MEASURES), None)


def make_plan(settings: StudySettings, scanners: Sequence[str], *, is_daily: bool = False) -> StudyPlan:
    """Make the plan of a study.

    Raises
    ------
    InputError
        If the headline is not said where it must be, or a horizon does not go with daily bars.
    """
    default = DAILY_HORIZONS if is_daily else INTRADAY_HORIZONS
    names = settings.horizons or default
    horizons = tuple(parse_horizon(name) for name in names)
    if is_daily:
        _check_daily(horizons)
    return StudyPlan(
        settings, horizons, parse_horizon(_headline(settings, names, is_daily)), tuple(scanners), is_daily
    )


def _headline(settings: StudySettings, names: Sequence[str], is_daily: bool) -> str:
    """Return the horizon of the verdict: it must be chosen before results are seen."""
    default = DAILY_HEADLINE if is_daily else INTRADAY_HEADLINE
    chosen = settings.headline or (default if default in names else None)
    if chosen is None and len(names) == 1:
        chosen = names[0]
    if chosen is None:
        raise InputError(
            f"the verdict is on one horizon, chosen before results are seen, and the default one ({default}) "
            f"is not among {', '.join(names)}; name it with --headline, or 'headline' in 'study_config'"
        )
    if chosen not in names:
        raise InputError(f"the headline {chosen} is none of the horizons ({', '.join(names)}); add it there")
    return chosen


def _check_daily(horizons: Sequence[Horizon]) -> None:
    wrong = [one.name for one in horizons if one.kind is not HorizonKind.SESSIONS]
    if wrong:
        raise InputError(
            f"hits of daily bars are entered at the next open, and {', '.join(wrong)} cannot be measured "
            "from there; give sessions, as 1d, 5d"
        )
