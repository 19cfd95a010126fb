"""Plug-ins of every kind as a user writes them, and packages that install them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

INDICATOR = '''
"""Indicators of mine."""
import numpy as np
from symscan.indicators import Definition, Indicator, IndicatorType, bar_count, warm_up


class Times(Indicator):
    def __init__(self, spec, rows):
        self.factor = float(spec.params[0])
        super().__init__(spec, rows, seed_bars=1)

    def _bind(self, vectors):
        self.close = vectors[0]

    def _advance(self, bars):
        np.copyto(self.close, bars.close)

    def _seed(self, rows, counts, bars):
        pass

    def _read(self):
        return (self.close * self.factor,)


DEFINITIONS = [
    Definition("NAME", IndicatorType.LEVEL, (bar_count(2),), Times, lambda _: 1, "a multiple", "n * close")
]
'''
SCANNER = '''
"""Finds what is up."""
from symscan import BaseScanner, ScanResult


class Scanner(BaseScanner):
    def setup(self, context):
        self._universe = self._load_universe()
        return True

    def scan(self, context):
        view = context.session_data
        return ScanResult([one for one in view.symbols if view.get_latest_price(one) > 105])
'''
STRATEGY = '''
"""Buys what the scanner finds."""
from symscan import BaseStrategy, Signal


class Strategy(BaseStrategy):
    def on_scan(self, context, report):
        return [Signal(symbol, "long", 10, 1.0, None) for symbol in report.new]
'''
OBSERVER = '''
"""Writes every event."""
import json
from symscan import BaseObserver
from symscan.observers import record_of


class Observer(BaseObserver):
    def open(self):
        self.file = open(self.config["file"], "w")

    def observe(self, session, event):
        self.file.write(json.dumps(record_of(session, event)) + "\\n")

    def close(self):
        self.file.close()
'''


def write_package(
    folder: Path,
    package: str,
    modules: Mapping[str, str],
    entry_points: Mapping[str, Mapping[str, str]] | None = None,
) -> Path:
    """Write what an installer writes of a package: its modules, and the folder that describes it."""
    for name, text in modules.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    about = folder / f"{package}-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = [
        line
        for group, named in (entry_points or {}).items()
        for line in (f"[symscan.{group}]", *(f"{name} = {value}" for name, value in named.items()))
    ]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder


def install(monkeypatch: pytest.MonkeyPatch, site: Path) -> None:
    """Let this process, and those it starts, import what is in a folder as if it were installed."""
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
