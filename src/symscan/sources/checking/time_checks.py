"""Check the times of a store's bars for wrong labels or time zones."""

from __future__ import annotations

import polars as pl

from symscan.model.interval import Interval
from symscan.model.session import Session
from symscan.sources.checking.findings import Findings
from symscan.sources.checking.time_advice import stored_detail
from symscan.sources.checking.time_doubts import ENOUGH_MEMBERS, TimeDoubt, TimeEvidence
from symscan.sources.checking.time_profile import time_profile


class TimesCheck:
    """Finds sessions with improbable labels or time zones; sessions of few symbols are combined."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._evidence: dict[Interval, TimeEvidence] = {}
        self._together: dict[tuple[Interval, int], tuple[Session, TimeDoubt]] = {}

    def check(self, bars: pl.DataFrame, interval: Interval, session: Session) -> None:
        """Check the bars of a session."""
        profile = time_profile(bars, interval, session)
        doubt = self._evidence.setdefault(interval, TimeEvidence(is_stored=True)).add(profile)
        if profile.members >= ENOUGH_MEMBERS:
            if doubt is not None:
                self._add(interval, session, doubt)
        elif doubt is not None:
            self._together[interval, profile.slots] = (session, doubt)
        else:
            self._together.pop((interval, profile.slots), None)

    def finish(self) -> None:
        """Add the findings of combined sessions."""
        for (interval, _), (session, doubt) in self._together.items():
            self._add(interval, session, doubt)

    def _add(self, interval: Interval, session: Session, doubt: TimeDoubt) -> None:
        self._findings.add_one(
            "unlikely_times", f"{interval}", f"{session.date}", stored_detail(doubt, session)
        )
