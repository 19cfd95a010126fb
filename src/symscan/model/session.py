"""A session: one trading day of one exchange, as instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from symscan.model.instant import MINUTE, Instant, to_datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day.

    Attributes
    ----------
    date
        The exchange's date of the session.
    pre_open, open, close, post_close
        Start of the pre-market, regular open, regular close, end of the post-market.
    zone
        The exchange's time zone.
    is_early_close
        Whether the session closes before the exchange's usual time.
    """

    date: date
    pre_open: Instant
    open: Instant
    close: Instant
    post_close: Instant
    zone: ZoneInfo
    is_early_close: bool = False

    @property
    def minutes(self) -> int:
        """Length of the regular session in minutes."""
        return (self.close - self.open) // MINUTE

    def local(self, instant: Instant) -> datetime:
        """The instant on the exchange's clock."""
        return to_datetime(instant).astimezone(self.zone)
