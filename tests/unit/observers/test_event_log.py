"""What the logger says of events: steps and scans as INFO, what went wrong as WARNING, all else as DEBUG."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from support.builders import make_session
from symscan.model.bar import LateKind
from symscan.model.events.feed import BarsCorrected, BarsLost, FeedLost, FeedRecovered
from symscan.model.events.session import (
    Event,
    Outcome,
    ScannerDisabled,
    SessionActivated,
    SymbolAdded,
    Warned,
)
from symscan.model.instant import MINUTE
from symscan.observers.event_log import LOGGER, EventLog

SESSION = make_session()
AT = SESSION.open + MINUTE


def _logged(
    caplog: pytest.LogCaptureFixture, event: Event, level: int = logging.DEBUG
) -> list[tuple[int, str]]:
    caplog.clear()
    with caplog.at_level(level, LOGGER.name):
        EventLog().observe(SESSION, event)
    return [(record.levelno, record.getMessage()) for record in caplog.records]


DEBUG, INFO, WARNING = logging.DEBUG, logging.INFO, logging.WARNING


@pytest.mark.parametrize(
    ("event", "level", "said"),
    [
        (SessionActivated(AT, tuple("ABCDEFG")), INFO, "SessionActivated: symbols A B C D E and 2 more"),
        (SessionActivated(AT, ()), INFO, "SessionActivated: symbols none"),
        (SymbolAdded(AT, "A", "me", AT), DEBUG, "SymbolAdded: symbol A, holder me, ready_at 09:31:00"),
        (ScannerDisabled(AT, "gap", "no"), WARNING, "ScannerDisabled: scanner gap, reason no"),
        (Warned(AT, "few\n  bars"), WARNING, "warning: few bars"),
        (FeedLost(AT, "closed"), WARNING, "FeedLost: reason closed"),
        (FeedRecovered(AT, AT, 7), INFO, "FeedRecovered: since 09:31:00, bars 7"),
        (
            BarsLost(AT, AT, AT, (), "too many"),
            DEBUG,
            "BarsLost: since 09:31:00, until 09:31:00, symbols none, reason too many",
        ),
        (
            BarsCorrected(AT, AT, ("A",), LateKind.LATE, AT),
            DEBUG,
            "BarsCorrected: end 09:31:00, symbols A, kind late, arrived_at 09:31:00",
        ),
    ],
)
def test_a_line_of_an_event(caplog: pytest.LogCaptureFixture, event: Event, level: int, said: str) -> None:
    assert _logged(caplog, event) == [(level, f"{SESSION.date} 09:31:00 {said}")]
    assert _logged(caplog, event, level + 1) == []


def test_a_line_of_a_scan(caplog: pytest.LogCaptureFixture, make: Any) -> None:
    ((level, text),) = _logged(caplog, make["scan"](1, judged=3, unknown=0))
    assert (level, " scan of 'gap' (regular) ok: " in text) == (logging.INFO, True)
    failed = make["scan"](
        1, outcome=Outcome.FAILED, error="mine.py:4: x  ValueError: no", judged=0, unknown=0
    )
    ((level, text),) = _logged(caplog, failed)
    assert (level, text.endswith("(regular) failed: mine.py:4: x  ValueError: no")) == (logging.WARNING, True)
    skipped = make["scan"](1, outcome=Outcome.SKIPPED, error="it still runs", judged=0, unknown=0)
    assert _logged(caplog, skipped)[0][0] == logging.INFO
    ((level, text),) = _logged(caplog, make["done"](1, error="teardown(): no"))
    assert (level, text.endswith("failed: teardown(): no")) == (logging.WARNING, True)
