"""The watermark: when a minute of a stream is closed."""

from __future__ import annotations

from dataclasses import dataclass

from symscan.model.instant import SECOND, Instant
from symscan.model.live_settings import LiveSettings


@dataclass(frozen=True, slots=True)
class Watermark:
    """Decides when the bars that end at one instant become a slice; it reads no clock.

    Attributes
    ----------
    quiet
        Time without a further bar of the minute after which it is closed, microseconds.
    grace
        Time after its end at which a minute is closed at the latest, microseconds.
    """

    quiet: int
    grace: int

    @staticmethod
    def of(settings: LiveSettings) -> Watermark:
        """Return the watermark of the settings."""
        return Watermark(settings.quiet_ms * 1_000, round(settings.grace_seconds * SECOND))

    def closes_at(self, end: Instant, last_arrival: Instant | None, is_complete: bool) -> Instant:
        """Return when the minute is closed, if no further bar arrives.

        Parameters
        ----------
        end
            The end of the minute; it is never closed before.
        last_arrival
            When its last bar arrived; None before the first.
        is_complete
            Whether a bar of every subscribed symbol has arrived.
        """
        if is_complete:
            return end
        if last_arrival is None:
            return end + self.grace
        return min(max(end, last_arrival + self.quiet), end + self.grace)
