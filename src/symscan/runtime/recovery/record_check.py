"""Check a record from end to end before its session is resumed, to find damage first."""

from __future__ import annotations

import json
import struct
from typing import Final

import numpy as np

from symscan.errors import DataError
from symscan.recording.bar_codec import unpack
from symscan.recording.session_log import AT_CLOSE, CLOSE, SessionRecord, Step
from symscan.runtime.recovery.recorded_answers import load_of, load_step

_KINDS: Final = frozenset({"prepare", "slice", "between", AT_CLOSE, CLOSE})
_FAULTS: Final = (struct.error, ValueError, TypeError, IndexError, KeyError, OverflowError)
"""What damaged bytes raise."""


_NO_RESUME: Final = "cannot go on, begin another with another --out"


def check_record(record: SessionRecord, what_now: str = _NO_RESUME) -> None:
    """Read every step and event of a record.

    Parameters
    ----------
    record
        Of a session that is to go on, or to be compared.
    what_now
        What is to be said of the session if it is damaged.

    Raises
    ------
    DataError
        If a step of it cannot be read, or holds what symscan does not write.
    """
    symbols, seq, before = len(record.symbols), 0, None
    try:
        for seq, step in enumerate(record.steps(), start=1):
            _check_step(step, symbols)
            if before is not None and step.end < before:
                raise ValueError(f"it ends at {step.end}, before the step before it")
            before = step.end
            for line in record.lines(seq):
                json.loads(line)
    except DataError as fault:
        if str(fault).startswith(str(record.path)):  # SQLite's own, which says it all
            raise
        raise _refusal(record, seq, str(fault), what_now) from None
    except _FAULTS as fault:
        raise _refusal(record, seq, f"it is damaged ({type(fault).__name__}: {fault})", what_now) from None
    if seq != record.last:
        raise _refusal(record, seq + 1, "it is missing", what_now)


def _check_step(step: Step, symbols: int) -> None:
    if step.kind not in _KINDS or not isinstance(step.end, int):
        raise ValueError(f"'{step.kind}' of {step.end!r} is no step")
    for group in unpack(step.bars):
        np.broadcast_to(group.ends, len(group.numbers))
        if len(group.numbers) and not 0 <= group.numbers.min() <= group.numbers.max() < symbols:
            raise ValueError("bars of a symbol that it does not name")
    for kind, recorded in load_step(step.answers).items():
        for answer in recorded:
            load_of(kind, answer)


def _refusal(record: SessionRecord, seq: int, reason: str, what_now: str) -> DataError:
    return DataError(f"{record.path}: step {seq} of the record: {reason}; its session {what_now}")
