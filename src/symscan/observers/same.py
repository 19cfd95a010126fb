"""What a run that is to go on has otherwise than the one that was begun, in words."""

from __future__ import annotations

from typing import Any


def difference(what: str, key: str, before: Any, now: Any) -> str:
    """What differs; of a long text, its first line that does."""
    if isinstance(before, str) and isinstance(now, str) and "\n" in before + now:
        pairs = zip([*before.splitlines(), ""], [*now.splitlines(), ""], strict=False)
        different = ((number, pair) for number, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
        number, (before, now) = next(different, (1, (before, now)))
        key = f"line {number} of the {key}"
    return f"the {what} has {before!r} as {key}, this one {now!r}"
