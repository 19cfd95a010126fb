from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from symscan.config import config_schema, parse_config


def properties() -> Iterator[tuple[str, dict[str, Any]]]:
    schema = config_schema()
    for owner in (schema, *schema["$defs"].values()):
        yield from owner["properties"].items()


def test_every_key_is_described() -> None:
    assert [key for key, field in properties() if not field.get("description")] == []


def test_every_object_refuses_other_keys() -> None:
    schema = config_schema()

    assert all(owner["additionalProperties"] is False for owner in (schema, *schema["$defs"].values()))


def test_its_example_is_a_configuration() -> None:
    for example in config_schema()["examples"]:
        assert parse_config(json.dumps(example)).scanners


def test_defaults_are_written_as_in_a_file() -> None:
    defaults = {key: field["default"] for key, field in properties() if "default" in field}

    assert json.loads(json.dumps(defaults)) == defaults
    assert (defaults["interval"], defaults["mode"], defaults["timeout_seconds"]) == ("5m", "backtest", 30)
