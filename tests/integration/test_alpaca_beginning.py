"""The beginning of a live session on a broker's bars: what is known of symbols before the first one comes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

pytest.importorskip("alpaca", reason="the broker's client is an extra")

from support.alpaca.days import bar
from support.alpaca.server import AlpacaServer
from support.cli import write_config
from symscan.config import load_config
from symscan.runtime.assembly import assemble_live
from symscan.runtime.building.build import calendar_of
from symscan.runtime.live.session import LiveOptions, LiveRun
from symscan.sources.store.bar_store import BarStore


def test_a_session_begins_with_an_empty_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    Path("three.txt").write_text("AAA\nBBB\nCCC\n")
    path = write_config(tmp_path, lambda config, _: config["session_data_config"].update(symbols=["DDD"]))
    with AlpacaServer(daily=[bar(symbol, "2024-03-08 05:00") for symbol in ("AAA", "BBB", "DDD")]) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        day = date(2024, 3, 11)
        options = LiveOptions("alpaca", Path("store"), day, 1.0, "", "iex", Path("out"))
        config = load_config(path)
        run = LiveRun(calendar_of(config).session(day), Path("out"), feed="iex")
        live = assemble_live(config, options, run)
        with live.opened():
            assert live.history.symbols() == {"AAA", "BBB", "DDD"}
            asked = [(query["timeframe"], query["symbols"]) for query in server.rest.asked("/v2/stocks/bars")]
            assert asked == [("1Day", "AAA,BBB,CCC,DDD"), ("1Min", "AAA,BBB,CCC,DDD")]
    assert BarStore(Path("store")).origin == "alpaca:iex"
