"""The folder of a run whose every name is written to break a page; no engine takes part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from support.builders import MINUTE
from support.run_events import AT, SESSION, hits, scan
from symscan.model.events.session import (
    Event,
    Outcome,
    ScannerDone,
    ScannerReady,
    SessionClosed,
    SessionPrepared,
    UnknownSymbols,
    Warned,
)
from symscan.observers.results.run_folder import run_folder

SYMBOL: Final = "<img src=x onerror=alert(1)>"
OTHER: Final = "../../etc/passwd"
SCANNER: Final = '"><script>alert(1)</script>'
KEY: Final = "</script><b>key"
SECRET: Final = "hunter2-hunter2-hunter2"


def _configuration() -> dict[str, Any]:
    alerts = {"token": SECRET, "url": f"json://me:{SECRET}@desk"}
    text = json.dumps({"name": "<i>run</i>", "alerts": alerts})
    return {"as_read": text, "resolved": {"name": SYMBOL, "alerts": {"password": SECRET}, "scanners": []}}


def _facts() -> dict[str, Any]:
    return {
        "name": "<i>run</i>",
        "mode": "backtest",
        "exchange": "NYSE",
        "zone": "America/New_York",
        "start": str(SESSION.date),
        "end": str(SESSION.date),
        "sessions": [str(SESSION.date)],
        "configuration": _configuration(),
        "modules": {SCANNER: "0" * 64},
        "universes": {SCANNER: {"name": SYMBOL, "symbols": 2, "as_of": None, "digest": "0"}},
        "scanners": {SCANNER: {"digest": "0"}},
    }


def _events() -> list[Event]:
    found = {"metadata": {SYMBOL: {KEY: SYMBOL, "level": 2.5}}}
    first, last = np.array([AT]), np.array([AT + MINUTE])
    unknown = UnknownSymbols((OTHER,), (SYMBOL,), ("regular",), first, last, np.array([2]))
    return [
        Warned(SESSION.pre_open, SCANNER),
        SessionPrepared(SESSION.pre_open, SESSION.date, SESSION.open, SESSION.close, (), (SCANNER,)),
        ScannerReady(SESSION.pre_open, SCANNER, 5, ()),
        scan(5, hits(SYMBOL, OTHER, price=0.25, **found), scanner=SCANNER),
        scan(10, hits(SYMBOL, new=False, price=0.5), scanner=SCANNER),
        scan(15, outcome=Outcome.FAILED, judged=0, unknown=0, error=SCANNER, scanner=SCANNER),
        scan(20, hits(OTHER, new=False, price=2.0), scanner=SCANNER),
        ScannerDone(AT + 21 * MINUTE, SCANNER, 4, 1, unknown, None),
        SessionClosed(SESSION.close, SESSION.date, (SYMBOL,)),
    ]


def write_hostile_run(folder: Path) -> Path:
    """Write the run into a folder below ``folder``."""
    out = folder / "<u>run &"
    with run_folder(out, force=False, facts=_facts) as results:
        for event in _events():
            results.observe(SESSION, event)
    return out
