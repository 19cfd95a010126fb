"""Bars are packed and come back as they were."""

from __future__ import annotations

import numpy as np

from symscan.recording.bar_codec import BarGroup, Origin, pack, unpack


def test_packed_bars_come_back_bit_for_bit() -> None:
    fields = np.array([[0.1, np.nan], [1e300, -0.0], [5e-324, 2.0], [3.0, 4.0], [0.0, 7.0]])
    groups = [
        BarGroup(Origin.SLICE, np.array([3, 1], np.int32), np.array([9]), fields),
        BarGroup(Origin.CATCH_UP, np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros((5, 0))),
        BarGroup(Origin.CORRECTED, np.array([7], np.int32), np.array([2**60]), fields[:, ::2]),
    ]
    for before, after in zip(groups, unpack(pack(groups)), strict=True):
        assert after.origin is before.origin
        assert after.fields.tobytes() == np.ascontiguousarray(before.fields).tobytes()
        np.testing.assert_array_equal(after.numbers, before.numbers)
        np.testing.assert_array_equal(after.ends, before.ends)
