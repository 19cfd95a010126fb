"""List hits that an earlier process stored and may not have announced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from symscan.model.instant import from_datetime
from symscan.model.session import Session
from symscan.recording.session_log import SessionRecord


def undelivered(record: SessionRecord, session: Session) -> list[str]:
    """Return a line for each scan whose new hits may not have been announced."""
    return [message for _, line in record.undelivered() for message in _messages(json.loads(line), session)]


def _messages(event: dict[str, Any], session: Session) -> Iterator[str]:
    if event["event"] != "scan_finished":
        return
    name, hits = event["scanner"], event["hits"]
    symbols = [symbol for symbol, new in zip(hits["symbols"], hits.get("new", ()), strict=False) if new]
    if symbols:
        at = session.local(from_datetime(datetime.fromisoformat(event["at"])))
        yield f"perhaps not told before the process ended: {at:%H:%M} {name}: {', '.join(symbols)}"
