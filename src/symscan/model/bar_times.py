"""When the bars of an interval start."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from symscan.model.instant import MINUTE, Instant, from_datetime
from symscan.model.interval import Interval
from symscan.model.session import Session


class BarTimes(Struct, frozen=True):
    """Computes the start of a bar from its end.

    Attributes
    ----------
    interval
        Of the bars.
    session
        Any session of the exchange; they open at the same time on the exchange's clock.
    """

    interval: Interval
    session: Session

    def start(self, end: Instant) -> Instant:
        """When a bar that is complete at ``end`` starts: the last one of a session may be cut short.

        A daily bar starts at the open of its session, a weekly or monthly one at the hour of
        the open on Monday, or on the first of the month.
        """
        opened = self._open_on_date_of(end)
        if not self.interval.is_intraday:
            return from_datetime(opened)
        step = self.interval.minutes * MINUTE
        return end - ((end - from_datetime(opened)) % step or step)

    def local(self, instant: Instant) -> datetime:
        """The instant on the exchange's clock."""
        return self.session.local(instant)

    def _open_on_date_of(self, end: Instant) -> datetime:
        day = self.interval.first_date(self.session.local(end).date())
        opens = self.session.local(self.session.open).time()
        return datetime.combine(day, opens, self.session.zone)
