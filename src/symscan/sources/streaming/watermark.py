"""The watermark: when a minute of a stream is closed."""

from __future__ import annotations

from dataclasses import dataclass

from symscan.model.instant import SECOND, Instant
from symscan.model.live_settings import LiveSettings


@dataclass(frozen=True, slots=True)
class Watermark:
    """The rule by which the bars that end at one instant become a slice; it has no clock of its own.

    Attributes
    ----------
    quiet
        How long no further bar of the minute must have come, microseconds.
    grace
        How long after its end a minute is closed at the latest, microseconds.
    """

    quiet: int
    grace: int

    @staticmethod
    def of(settings: LiveSettings) -> Watermark:
        """The rule that the settings ask for."""
        return Watermark(settings.quiet_ms * 1_000, round(settings.grace_seconds * SECOND))

    def closes_at(self, end: Instant, last_arrival: Instant | None, is_complete: bool) -> Instant:
        """When the minute is closed, if nothing more comes.

        Parameters
        ----------
        end
            The end of the minute; never is it closed before.
        last_arrival
            When its last bar came; None before the first.
        is_complete
            Whether every subscribed symbol has reported.
        """
        if is_complete:
            return end
        if last_arrival is None:
            return end + self.grace
        return min(max(end, last_arrival + self.quiet), end + self.grace)
