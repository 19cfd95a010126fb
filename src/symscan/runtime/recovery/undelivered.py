"""What an earlier process stored and may not have told: listed when its session is resumed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from symscan.model.instant import from_datetime
from symscan.model.session import Session
from symscan.recording.session_log import SessionRecord


def undelivered(record: SessionRecord, session: Session) -> list[str]:
    """A line for each scan with new hits that may not have been told."""
    return [told for _, line in record.undelivered() for told in _told(json.loads(line), session)]


def _told(event: dict[str, Any], session: Session) -> Iterator[str]:
    if event["event"] != "scan_finished":
        return
    hits = event["hits"]
    news = [symbol for symbol, new in zip(hits["symbols"], hits.get("new", ()), strict=False) if new]
    if news:
        at = session.local(from_datetime(datetime.fromisoformat(event["at"])))
        yield f"perhaps not told before the process ended: {at:%H:%M} {event['scanner']}: {', '.join(news)}"
