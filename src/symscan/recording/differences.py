"""Describe how a run to resume differs from the one that was begun."""

from __future__ import annotations

from typing import Any, Final

_LONG: Final = 60


def difference(what: str, key: str, before: Any, now: Any) -> str:
    """Describe a difference; of a long text its first line that differs, of a mapping its first key."""
    if isinstance(before, dict) and isinstance(now, dict):
        names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
        return f"the {key} are not those of the {what}: {names[0]} is another"
    if isinstance(before, str) and isinstance(now, str) and "\n" in before + now:
        pairs = zip([*before.splitlines(), ""], [*now.splitlines(), ""], strict=False)
        different = ((number, pair) for number, pair in enumerate(pairs, start=1) if pair[0] != pair[1])
        number, (before, now) = next(different, (1, (before, now)))
        return f"the {what} has {before!r} as line {number} of the {key}, this one {now!r}"
    if max(len(repr(before)), len(repr(now))) > _LONG and not isinstance(now, str):
        return f"the {key} are not those of the {what}"
    return f"the {what} has {before!r} as {key}, this one {now!r}"
