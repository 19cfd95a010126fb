"""Inline scans on another thread than the main one."""

from __future__ import annotations

import threading
from typing import Any

from support.inline_scan import run_inline, symbols_of
from symscan.errors import ScanOverrun
from symscan.scanners.base import ScanResult


def test_beside_the_main_thread_an_overrun_is_noticed_at_its_end() -> None:
    found: list[Any] = []

    def run() -> None:
        found.append(symbols_of(run_inline(lambda _: ScanResult(["A"]))))
        try:
            run_inline(lambda _: ScanResult([str(sum(range(100_000)))]), timeout=1e-9)
        except ScanOverrun as error:
            found.append(type(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert found == [("A",), ScanOverrun]
