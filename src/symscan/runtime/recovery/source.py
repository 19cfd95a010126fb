"""A session's bars by way of the tape: recorded ones first, then those of the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from symscan.model.bar import BarSlice, Block, Floats, InterimUpdate, LateBars, LateKind, Rows, SourceUpdate
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.recording.bar_codec import Numbers, Origin, TakenBars
from symscan.recording.session_log import CLOSE, Step
from symscan.runtime.recovery.step_recorder import StepRecorder
from symscan.sources.ports import BarSource

_NOBODY: Final = -1
_LATE: Final = (Origin.LATE, Origin.CORRECTED, Origin.RECOVERED)


class _Columns:
    """Which row is whose, by the record's numbers, and the other way round."""

    def __init__(self) -> None:
        self.capacity = 0
        self._number_of = np.zeros(0, np.int32)
        self._row_of = np.zeros(0, np.intp)

    def put(self, numbers: Numbers, rows: Rows, capacity: int) -> None:
        self.capacity = max(self.capacity, capacity)
        self._number_of = _stretched(self._number_of, self.capacity)
        self._row_of = _stretched(self._row_of, int(numbers.max(initial=_NOBODY)) + 1)
        self._number_of[rows] = numbers
        self._row_of[numbers] = rows

    def drop(self, numbers: Numbers) -> None:
        for number in numbers[numbers < len(self._row_of)].tolist():
            row, self._row_of[number] = int(self._row_of[number]), _NOBODY
            if row != _NOBODY and self._number_of[row] == number:
                self._number_of[row] = _NOBODY

    def numbers(self, rows: Rows) -> Numbers:
        return self._number_of[rows]

    def rows(self, numbers: Numbers) -> Rows:
        rows = np.full(len(numbers), _NOBODY, np.intp)
        known = numbers < len(self._row_of)
        rows[known] = self._row_of[numbers[known]]
        return rows


class RecordedSource:
    """The source of a session that is recorded, or resumed.

    Bars are recorded by symbol, not by row: should a resumed session give rows in another order,
    each symbol still gets its own bars.

    Parameters
    ----------
    tape
        What records and plays.
    source
        Where bars come from once the tape is played; it is told of subscriptions from the start.
    """

    def __init__(self, tape: StepRecorder, source: BarSource) -> None:
        self._recorder = tape
        self._source = source
        self._columns = _Columns()
        self.base = source.base

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Deliver bars of these symbols in these columns from the next slice on."""
        places = np.fromiter(rows.values(), np.intp, len(rows))
        self._columns.put(self._recorder.numbers(tuple(rows)), places, capacity)
        self._source.subscribe(rows, capacity)

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Deliver no more bars of these symbols."""
        self._columns.drop(self._recorder.numbers(symbols))
        self._source.unsubscribe(symbols)

    def prefer(self, symbols: Sequence[str]) -> None:
        """These symbols come first where not all can be subscribed."""
        self._source.prefer(symbols)

    def drain_events(self) -> list[Event]:
        """Take out what happened to the source since the last call."""
        return self._recorder.answer("news", self._source.drain_events, list)

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """Get ready to catch up symbols; nothing to do while their bars are on the tape."""
        if not self._recorder.is_replaying:
            self._source.prepare_catch_up(symbols)

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """The session's bars that ended at these instants, over ``symbols``."""
        asked: tuple[str, ...] = self._recorder.answer("catch_up", lambda: tuple(symbols), tuple)
        if self._recorder.is_replaying:
            return self._caught_up_then(asked, symbols, ends)
        blocks = self._source.catch_up(symbols, ends)
        self._recorder.take_bars(_packed(blocks, self._recorder.numbers(symbols)))
        return blocks

    def slices(self) -> Iterator[SourceUpdate]:
        """The recorded moments in order, then those of the source.

        Raises
        ------
        RuntimeError
            If a moment was not committed before the next is asked for.
        """
        while self._recorder.is_replaying:
            step = self._recorder.step
            if step.kind == CLOSE:
                return
            yield self._given(step)
            if self._recorder.is_replaying and self._recorder.step is step:
                raise RuntimeError(f"the step of {step.end} was not committed before the next moment")
        for moment in self._source.slices():
            self._keep(moment)
            yield moment

    # -- recording ---------------------------------------------------------------------------

    def _keep(self, moment: SourceUpdate) -> None:
        if isinstance(moment, InterimUpdate):
            self._recorder.take_moment(moment.at)
            for late in moment.late:
                self._keep_rows(Origin(late.kind.value), late.end, late.rows, late.fields)
            return
        self._recorder.take_moment(moment.at, moment.lag, moment.is_recovered)
        if moment.bars is not None:
            rows = np.flatnonzero(moment.bars.present)
            self._keep_rows(Origin.SLICE, moment.end, rows, moment.bars.fields[:, rows])

    def _keep_rows(self, origin: Origin, end: Instant, rows: Rows, fields: Floats) -> None:
        numbers = self._columns.numbers(rows)
        here = numbers != _NOBODY
        if not here.all():  # of a symbol that was let go meanwhile
            numbers, fields = numbers[here], fields[:, here]
        self._recorder.take_bars(TakenBars(origin, numbers, np.array([end], np.int64), fields))

    # -- playing -----------------------------------------------------------------------------

    def _given(self, step: Step) -> SourceUpdate:
        """The moment a recorded step began with."""
        if step.kind == "between":
            groups = iter(partial(self._recorder.give_bars, *_LATE), None)
            return InterimUpdate(tuple(map(self._late, groups)), step.at)
        block = self._block(step.end, self._recorder.give_bars(Origin.SLICE))
        return BarSlice(step.end, block, step.lag, step.is_recovered, step.at)

    def _block(self, end: Instant, group: TakenBars | None) -> Block | None:
        if group is None:
            return None
        block = Block.blank(end, self._columns.capacity)
        rows, fields = self._here(group)
        block.put(rows, np.ones(len(rows), np.bool_), fields)
        return block

    def _late(self, group: TakenBars) -> LateBars:
        return LateBars(int(group.ends[0]), *self._here(group), LateKind(group.origin.value))

    def _here(self, group: TakenBars) -> tuple[Rows, Floats]:
        """The rows of recorded bars, and their fields."""
        rows = self._columns.rows(group.numbers)
        here = rows != _NOBODY
        return (rows, group.fields) if here.all() else (rows[here], group.fields[:, here])

    def _caught_up_then(
        self, asked: Sequence[str], symbols: Sequence[str], ends: Sequence[Instant]
    ) -> list[Block]:
        """What was answered then; a symbol that was not asked for then is asked for now."""
        missing = [symbol for symbol in symbols if symbol not in set(asked)]
        groups = [self._recorder.give_bars(Origin.CATCH_UP)]
        if missing:
            groups.append(_packed(self._source.catch_up(missing, ends), self._recorder.numbers(missing)))
        blocks = [Block.blank(end, len(symbols)) for end in ends]
        for group in filter(None, groups):
            _spread(group, blocks, self._recorder.numbers(symbols))
        return blocks


def _packed(blocks: Sequence[Block], numbers: Numbers) -> TakenBars:
    """The bars of some blocks over symbols."""
    rows = [np.flatnonzero(block.present) for block in blocks]
    pieces = [block.fields[:, some] for block, some in zip(blocks, rows, strict=True)]
    ends = np.repeat(np.array([block.end for block in blocks], np.int64), [len(some) for some in rows])
    return TakenBars(
        Origin.CATCH_UP,
        numbers[np.concatenate([np.zeros(0, np.intp), *rows])],
        ends,
        np.concatenate([np.zeros((5, 0)), *pieces], axis=1),
    )


def _spread(group: TakenBars, blocks: Sequence[Block], numbers: Numbers) -> None:
    """Put packed bars into blocks over symbols, those that have a place there."""
    columns = _Columns()
    columns.put(numbers, np.arange(len(numbers)), len(numbers))
    rows = columns.rows(group.numbers)
    for block in blocks:
        here = (group.ends == block.end) & (rows != _NOBODY)
        block.put(rows[here], np.ones(int(here.sum()), np.bool_), group.fields[:, here])


def _stretched(values: np.ndarray, length: int) -> np.ndarray:
    """The values with more places behind them, nobody's, where there are fewer than so many."""
    more = max(0, length - len(values))
    return np.concatenate([values, np.full(more, _NOBODY, values.dtype)]) if more else values
