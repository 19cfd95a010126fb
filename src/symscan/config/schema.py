"""The configuration's JSON Schema, for editors and for the curious."""

from __future__ import annotations

from typing import Any


def config_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a configuration file, every key described."""
    from symscan.config.shape import ConfigShape

    schema = ConfigShape.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
