"""Parts of the shape of a configuration file: what a scanner judges, and the data of its own it reads."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
)

from symscan.config import fields
from symscan.config.fields import Shape
from symscan.model.universes.universe_spec import SET_KEYS, is_set

WINDOWS_TAG = "<windows>"
SWITCH_TAG = "<switch>"
OBJECT_TAG = "<object>"
LIST_TAG = "<list>"
SET_TAG = "<set>"
KEY_TAG = "<key>"
TAGS = frozenset({WINDOWS_TAG, SWITCH_TAG, OBJECT_TAG, LIST_TAG, SET_TAG, KEY_TAG})
"""Parts of a pydantic location that are no part of the file."""


def object_or_key(value: object) -> str:
    """Return the tag of an object or of a text."""
    return OBJECT_TAG if isinstance(value, dict) else KEY_TAG


def _object_or_list(value: object) -> str:
    return LIST_TAG if isinstance(value, list) else OBJECT_TAG


class FoundByShape(Shape):
    """The symbols that another scanner has found."""

    found_by: fields.Text = Field(description="The scanner.", examples=["gap_scanner"])
    within_minutes: float | None = Field(
        None, gt=0, le=100_000, description="How long ago at most; default: any time of the session."
    )


def _universe_tag(value: object) -> str:
    return SET_TAG if is_set(value) else object_or_key(value)


UniverseSet = Annotated[
    Any,
    PlainValidator(lambda value: value),  # its parts are checked one by one, each with its place
    WithJsonSchema(
        {
            "type": "object",
            "description": "Who is in any of some universes and in all of some, but in none of some.",
            "properties": {
                **{key: {"type": "array", "minItems": 1} for key in SET_KEYS},
                "symbols": {"type": "array", "minItems": 1, "items": {"type": "string"}},
            },
            "additionalProperties": False,
            "examples": [{"any": ["sp500", "nasdaq100_sample"], "except": [{"symbols": ["AAPL"]}]}],
        }
    ),
]
ScreenUniverse = Annotated[
    Annotated[fields.Text, Tag(KEY_TAG)]
    | Annotated[FoundByShape, Tag(OBJECT_TAG)]
    | Annotated[UniverseSet, Tag(SET_TAG)],
    Discriminator(_universe_tag),
]


class DatedFileShape(Shape):
    """A CSV file whose columns are joined by symbol, as they were known at the scan."""

    file: fields.Text = Field(
        description="Its path; relative ones are in the current folder or beside this file.",
        examples=["fundamentals.csv"],
    )
    as_of: fields.Text = Field(
        description="The column that says since when a row is known; a bare date counts from the next "
        "session.",
        examples=["published"],
    )
    zone: fields.Zone | None = Field(
        None, description="The time zone of times without one.", examples=["America/New_York"]
    )


DatedColumns = Annotated[
    Annotated[DatedFileShape, Tag(OBJECT_TAG)]
    | Annotated[list[DatedFileShape], Field(min_length=1), Tag(LIST_TAG)],
    Discriminator(_object_or_list),
]
