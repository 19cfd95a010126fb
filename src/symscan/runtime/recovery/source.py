"""Record the bars of a source, and replay recorded ones first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from symscan.model.bar import (
    BarSlice,
    Block,
    DayComplete,
    Floats,
    InterimUpdate,
    LateBars,
    LateKind,
    Rows,
    SourceUpdate,
)
from symscan.model.events.session import Event
from symscan.model.instant import Instant
from symscan.recording.bar_codec import BarGroup, Numbers, Origin
from symscan.recording.session_log import AT_CLOSE, CLOSE, Step
from symscan.runtime.recovery.step_recorder import StepRecorder
from symscan.sources.ports import BarSource

_UNUSED: Final = -1
_LATE: Final = (Origin.LATE, Origin.CORRECTED, Origin.RECOVERED)


class _Columns:
    """Maps rows to the record's symbol numbers and back."""

    def __init__(self) -> None:
        self.capacity = 0
        self._number_of = np.zeros(0, np.int32)
        self._row_of = np.zeros(0, np.intp)

    def assign(self, numbers: Numbers, rows: Rows, capacity: int) -> None:
        self.capacity = max(self.capacity, capacity)
        self._number_of = _padded(self._number_of, self.capacity)
        self._row_of = _padded(self._row_of, int(numbers.max(initial=_UNUSED)) + 1)
        self._number_of[rows] = numbers
        self._row_of[numbers] = rows

    def remove(self, numbers: Numbers) -> None:
        for number in numbers[numbers < len(self._row_of)].tolist():
            row, self._row_of[number] = int(self._row_of[number]), _UNUSED
            if row != _UNUSED and self._number_of[row] == number:
                self._number_of[row] = _UNUSED

    def numbers(self, rows: Rows) -> Numbers:
        return self._number_of[rows]

    def rows(self, numbers: Numbers) -> Rows:
        rows = np.full(len(numbers), _UNUSED, np.intp)
        known = numbers < len(self._row_of)
        rows[known] = self._row_of[numbers[known]]
        return rows


class RecordedSource:
    """Records the updates of a source, or replays recorded ones before it.

    Bars are recorded by symbol, not by row: should a resumed session give rows in another order,
    each symbol still gets its own bars.

    Parameters
    ----------
    recorder
        Records and replays.
    source
        Where bars come from after the replay; it gets subscriptions from the start.
    """

    def __init__(self, recorder: StepRecorder, source: BarSource) -> None:
        self._recorder = recorder
        self._source = source
        self._columns = _Columns()
        self.base = source.base

    def subscribe(self, rows: Mapping[str, int], capacity: int) -> None:
        """Subscribe symbols: their bars come in these columns from the next slice on."""
        rows_of = np.fromiter(rows.values(), np.intp, len(rows))
        self._columns.assign(self._recorder.numbers(tuple(rows)), rows_of, capacity)
        self._source.subscribe(rows, capacity)

    def unsubscribe(self, symbols: Sequence[str]) -> None:
        """Stop delivering bars of these symbols."""
        self._columns.remove(self._recorder.numbers(symbols))
        self._source.unsubscribe(symbols)

    def prefer(self, symbols: Sequence[str]) -> None:
        """Set the priority of symbols where not all can be subscribed."""
        self._source.prefer(symbols)

    def drain_events(self) -> list[Event]:
        """Remove and return the source's events since the last call."""
        return self._recorder.answer("source_events", self._source.drain_events, list)

    def prepare_catch_up(self, symbols: Sequence[str]) -> None:
        """Prepare to catch up symbols; not needed while their bars are replayed."""
        if not self._recorder.is_replaying:
            self._source.prepare_catch_up(symbols)

    def catch_up(self, symbols: Sequence[str], ends: Sequence[Instant]) -> list[Block]:
        """Return the session's bars that ended at these instants, over ``symbols``."""
        recorded: tuple[str, ...] = self._recorder.answer("catch_up", lambda: tuple(symbols), tuple)
        if self._recorder.is_replaying:
            return self._recorded_catch_up(recorded, symbols, ends)
        blocks = self._source.catch_up(symbols, ends)
        self._recorder.add_bars(_pack(blocks, self._recorder.numbers(symbols)))
        return blocks

    def slices(self) -> Iterator[SourceUpdate]:
        """Yield the recorded updates in order, then those of the source.

        Raises
        ------
        RuntimeError
            If an update was not committed before the next is requested.
        """
        while self._recorder.is_replaying:
            step = self._recorder.step
            if step.kind == CLOSE:
                return
            yield self._recorded_update(step)
            if self._recorder.is_replaying and self._recorder.step is step:
                raise RuntimeError(f"the step of {step.end} was not committed before the next moment")
        for update in self._source.slices():
            self._record_update(update)
            yield update

    # -- recording ---------------------------------------------------------------------------

    def _record_update(self, update: SourceUpdate) -> None:
        if isinstance(update, InterimUpdate):
            self._recorder.set_update(update.at)
            for late in update.late:
                self._record_rows(Origin(late.kind.value), late.end, late.rows, late.fields)
            return
        if isinstance(update, DayComplete):
            self._recorder.set_update(update.at)
            return
        self._recorder.set_update(update.at, update.lag, update.is_recovered)
        if update.bars is not None:
            rows = np.flatnonzero(update.bars.present)
            self._record_rows(Origin.SLICE, update.end, rows, update.bars.fields[:, rows])

    def _record_rows(self, origin: Origin, end: Instant, rows: Rows, fields: Floats) -> None:
        numbers = self._columns.numbers(rows)
        known = numbers != _UNUSED
        if not known.all():  # of a symbol that was removed meanwhile
            numbers, fields = numbers[known], fields[:, known]
        self._recorder.add_bars(BarGroup(origin, numbers, np.array([end], np.int64), fields))

    # -- replaying ---------------------------------------------------------------------------

    def _recorded_update(self, step: Step) -> SourceUpdate:
        """Return the update that a recorded step began with."""
        if step.kind == "between":
            groups = iter(partial(self._recorder.next_bars, *_LATE), None)
            return InterimUpdate(tuple(map(self._late_bars, groups)), step.at)
        if step.kind == AT_CLOSE:
            return DayComplete(step.at)
        block = self._block(step.end, self._recorder.next_bars(Origin.SLICE))
        return BarSlice(step.end, block, step.lag, step.is_recovered, step.at)

    def _block(self, end: Instant, group: BarGroup | None) -> Block | None:
        if group is None:
            return None
        block = Block.blank(end, self._columns.capacity)
        rows, fields = self._rows_and_fields(group)
        block.put(rows, np.ones(len(rows), np.bool_), fields)
        return block

    def _late_bars(self, group: BarGroup) -> LateBars:
        return LateBars(int(group.ends[0]), *self._rows_and_fields(group), LateKind(group.origin.value))

    def _rows_and_fields(self, group: BarGroup) -> tuple[Rows, Floats]:
        """Return the rows of recorded bars, and their fields."""
        rows = self._columns.rows(group.numbers)
        known = rows != _UNUSED
        return (rows, group.fields) if known.all() else (rows[known], group.fields[:, known])

    def _recorded_catch_up(
        self, recorded: Sequence[str], symbols: Sequence[str], ends: Sequence[Instant]
    ) -> list[Block]:
        """Return the recorded bars; those of a symbol that is not recorded are read from the source."""
        missing = [symbol for symbol in symbols if symbol not in set(recorded)]
        groups = [self._recorder.next_bars(Origin.CATCH_UP)]
        if missing:
            groups.append(_pack(self._source.catch_up(missing, ends), self._recorder.numbers(missing)))
        blocks = [Block.blank(end, len(symbols)) for end in ends]
        for group in filter(None, groups):
            _unpack_into(group, blocks, self._recorder.numbers(symbols))
        return blocks


def _pack(blocks: Sequence[Block], numbers: Numbers) -> BarGroup:
    """Pack the bars of blocks over symbols into a group."""
    rows = [np.flatnonzero(block.present) for block in blocks]
    pieces = [block.fields[:, some] for block, some in zip(blocks, rows, strict=True)]
    ends = np.repeat(np.array([block.end for block in blocks], np.int64), [len(some) for some in rows])
    return BarGroup(
        Origin.CATCH_UP,
        numbers[np.concatenate([np.zeros(0, np.intp), *rows])],
        ends,
        np.concatenate([np.zeros((5, 0)), *pieces], axis=1),
    )


def _unpack_into(group: BarGroup, blocks: Sequence[Block], numbers: Numbers) -> None:
    """Copy the bars of a group into blocks over symbols, where they have a column there."""
    columns = _Columns()
    columns.assign(numbers, np.arange(len(numbers)), len(numbers))
    rows = columns.rows(group.numbers)
    for block in blocks:
        known = (group.ends == block.end) & (rows != _UNUSED)
        block.put(rows[known], np.ones(int(known.sum()), np.bool_), group.fields[:, known])


def _padded(values: np.ndarray, length: int) -> np.ndarray:
    """Extend the values to a length with unused entries."""
    more = max(0, length - len(values))
    return np.concatenate([values, np.full(more, _UNUSED, values.dtype)]) if more else values
