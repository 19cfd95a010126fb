"""A session over a scripted feed that a symbol joins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from support.builders import MINUTE, Day, make_session
from support.feeds import ScriptedFeed
from symscan.model.bar import BarSlice, Block, LateBars
from symscan.model.instant import Instant
from symscan.model.live_settings import LiveSettings
from symscan.sources.streaming.source import StreamSource

SESSION = make_session(minutes=6, premarket=2)


OPEN = SESSION.open


DAY: dict[str, Day] = {
    "A": {minute: 10.0 + minute for minute in range(6)},
    "B": {minute: 20.0 + minute for minute in (-1, 0, 1, 3, 4, 5)},
}


def at(minute: float) -> Instant:
    return OPEN + round(minute * MINUTE)


class Joined:
    """A session that B joins; what it got, by minute."""

    def __init__(self, script: Sequence[tuple[Instant, Any]], waits_for_session: bool = True) -> None:
        self.feed = ScriptedFeed(SESSION, script, DAY, waits_for_session=waits_for_session)
        self.source = StreamSource(self.feed, SESSION, LiveSettings())
        self.source.subscribe({"A": 0}, 2)
        self.got: dict[int, float] = {}
        self.blocks: list[Block] = []
        self.ends: list[Instant] = []

    def join(self, column: int = 1) -> None:
        self.source.subscribe({"B": column}, 2)
        self.blocks = self.source.catch_up(["B"], self.ends)
        assert [block.end for block in self.blocks] == self.ends
        for block in self.blocks:
            self._take(block, 0)

    def play(self, prepare: float | None, join: float) -> Joined:
        """Prepare and join in the first moments after these minutes of the session."""
        for moment in self.source.slices():
            if isinstance(moment, BarSlice):
                assert moment.bars is not None
                self.ends.append(moment.end)
                if len(moment.bars.present) > 1:
                    self._take(moment.bars, 1)
            else:
                self._take_late(moment.late)
            if prepare is not None and self.feed.clock >= at(prepare):
                prepare = self.source.prepare_catch_up(["B"])
            if prepare is None and self.feed.clock >= at(join):
                self.join()
                join = 1000
        return self

    def _take_late(self, late: Sequence[LateBars]) -> None:
        for one in late:
            for row, close in zip(one.rows.tolist(), one.fields[3].tolist(), strict=True):
                if row == 1:
                    assert (one.end - OPEN) // MINUTE not in self.got
                    self.got[(one.end - OPEN) // MINUTE] = close

    def _take(self, block: Block, column: int) -> None:
        if block.present[column]:
            assert (block.end - OPEN) // MINUTE not in self.got
            self.got[(block.end - OPEN) // MINUTE] = block.close.item(column)
