"""What every object of a configuration file is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A JSON object with a fixed set of keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
