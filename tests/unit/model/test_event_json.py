"""The names by which files know events: a format of its own, complete and in the order of the fields."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec import structs

from symscan.model.event_json import EVENTS, VALUES, _plain
from symscan.model.events.session import Event


def _kinds(kind: type[Event] = Event) -> Iterator[type[Event]]:
    for one in kind.__subclasses__():
        if one.__module__.startswith("symscan.") and not one.__module__.startswith("symscan.testing."):
            yield one
        yield from _kinds(one)


def test_every_kind_of_event_has_a_name_of_its_own() -> None:
    assert {kind.__qualname__ for kind in _kinds()} == {kind.__qualname__ for kind in EVENTS}
    names = [name for name, _ in EVENTS.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", [*EVENTS, *VALUES], ids=lambda kind: kind.__name__)
def test_every_instant_is_written_as_one(kind: type) -> None:
    keys = VALUES.get(kind) or EVENTS[kind][1]
    after_at = 1 if kind in EVENTS else 0
    for field, key in zip(structs.fields(kind)[after_at:], keys, strict=True):
        if str(field.type).removesuffix(" | None") == "Instant":
            assert _plain(key, 0) == "1970-01-01T00:00:00Z", f"add {key} to the keys of instants"


@pytest.mark.parametrize("kind", [*EVENTS, *VALUES], ids=lambda kind: kind.__name__)
def test_every_field_has_a_key(kind: type) -> None:
    keys = VALUES.get(kind) or EVENTS[kind][1]
    after_at = 1 if kind in EVENTS else 0
    assert len(keys) == len(structs.fields(kind)) - after_at
    assert len(set(keys)) == len(keys)
