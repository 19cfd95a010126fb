"""What is said of an error in a plug-in, and what is not."""

from __future__ import annotations

from collections.abc import Callable

from symscan.plugins.errors import DescribedError, describe_error
from symscan.runtime.building.plugins import load_scanner


def _described(call: Callable[[], object], module: str = "") -> str:
    try:
        call()
    except BaseException as error:
        return describe_error(error, module)
    raise AssertionError("it was to raise")


def test_a_built_in_plug_in_is_a_plug_in() -> None:
    found = load_scanner("sector_rotation", "rotation", {}, ())
    described = _described(lambda: found.scan(None))  # type: ignore[arg-type]
    assert described.startswith("symscan/scanners/builtin/sector_rotation.py:")


def test_what_was_described_elsewhere_is_not_described_again() -> None:
    assert (
        describe_error(DescribedError("no", "mine.py:4: x  ValueError: no")) == "mine.py:4: x  ValueError: no"
    )
