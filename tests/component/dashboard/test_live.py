"""What tabs are sent of a live session: messages of events, in order, after any of them."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from symscan.dashboard import live_streams
from symscan.dashboard.live_record import MessageMaker, id_of, key_of
from symscan.dashboard.live_streams import LiveStreams
from symscan.dashboard.opened_runs import OpenedRuns
from symscan.recording.following import BEFORE_ALL, StoredEvent

SECOND = 1_000_000


def _scan(step: int, scanner: str, *symbols: str, outcome: str = "ok", new: bool = False) -> StoredEvent:
    count = len(symbols)
    hits = {"symbols": symbols, "price": [1.5] * count, "change_pct": [None] * count, "new": [new] * count}
    line = {
        "session": "2018-02-20",
        "event": "scan_finished",
        "scanner": scanner,
        "outcome": outcome,
        "hits": hits,
    }
    return StoredEvent((step, 0), step * SECOND, "scan_finished", json.dumps(line))


def _messages(*events: StoredEvent) -> list[dict[str, Any] | None]:
    maker = MessageMaker()
    return [maker.message(one) for one in events]


def test_who_came_and_who_left_is_told_of_each_scanner() -> None:
    first, other, failed, second = _messages(
        _scan(1, "a", "X", "Y", new=True),
        _scan(2, "b", "Y"),
        _scan(3, "a", outcome="failed"),
        _scan(4, "a", "Y", "Z"),
    )
    assert first and other and failed and second
    assert first["entered"] == [("X", 1.5, None, True), ("Y", 1.5, None, True)]
    assert (first["found"], first["new"], first["left"]) == (2, 2, [])
    assert [row[0] for row in other["entered"]] == ["Y"]
    # A scan that failed leaves the list as it was.
    assert (failed["list"], failed["left"]) == (None, [])
    assert ([row[0] for row in second["entered"]], second["left"]) == (["Z"], ["X"])
    assert (second["id"], second["at"]) == ("4.0", 4)


def test_conditions_are_told_shortly_and_the_rest_is_left_out() -> None:
    line = json.dumps(
        {"session": "s", "at": "t", "event": "feed_lost", "reason": "x" * 1000, "missing": None}
    )
    lost = StoredEvent((7, 2), SECOND, "feed_lost", line)
    warmed = StoredEvent((7, 3), SECOND, "indicator_warmed", "{}")
    told, nothing = _messages(lost, warmed)
    assert nothing is None
    assert told and told["id"] == "7.2"
    assert told["detail"].startswith("reason xxx")
    assert len(told["detail"]) == 300


@pytest.mark.parametrize("text", ["", "1", "x.1", "1.x", "-1.0", "1.0.0", "٣.0", "9" * 40 + ".0", None])
def test_what_is_no_id_begins_with_the_first_event(text: str | None) -> None:
    assert key_of(text) == BEFORE_ALL


def test_an_id_is_that_of_its_key() -> None:
    assert key_of(id_of((12, 3))) == (12, 3)


def _record(_: str) -> Any:
    """A record that has more to send than a tab takes."""
    texts = [((step, 0), b"{}") for step in range(1, 1000)]
    return SimpleNamespace(
        identity="1",
        zone="UTC",
        fault=None,
        is_over=False,
        messages_after=lambda key, most: [one for one in texts if one[0] > key][:most],
    )


def test_a_tab_that_takes_nothing_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_streams, "_SEND_SECONDS", 0.01)
    streams = LiveStreams(OpenedRuns(tmp_path))
    sent: list[Any] = []

    async def receive() -> Any:
        await anyio.sleep_forever()

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) > 3:
            await anyio.sleep_forever()

    async def follow() -> None:
        await streams.response(_record("one"), "4.0")({"type": "http", "method": "GET"}, receive, send)

    anyio.run(follow)
    assert [message["type"] for message in sent] == ["http.response.start", *["http.response.body"] * 3]
    assert b"id: 204.0" in sent[3]["body"]  # the batch after the event that it knew
