"""The shape of ``alerts`` in a configuration file.

A value that may be an address is never shown in a message: it may hold a secret.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, PlainValidator, WithJsonSchema

from symscan.config import fields
from symscan.config.alert_settings import CHANGES, COOLDOWNS, ENVIRONMENT_PREFIX, AlertRule
from symscan.config.fields import Shape

_RULE = AlertRule("", "")
_VARIABLE: Final = re.compile(rf"{ENVIRONMENT_PREFIX}[A-Z0-9_]+")
_OF_THIS_COMPUTER: Final = ("dbus", "glib", "gnome", "macosx", "windows", "syslog")
"""Services that need no address."""

_TO_THIS_COMPUTER: Final = ("json", "xml", "form")
"""Services that may be given the address of this computer."""


def parse_variable(value: object) -> str:
    """The name of an environment variable, ``SYMSCAN_ALERT_PHONE``."""
    if isinstance(value, str) and _VARIABLE.fullmatch(value):
        return value
    raise ValueError(
        f"expected the name of an environment variable that begins with {ENVIRONMENT_PREFIX}, as in "
        f"{ENVIRONMENT_PREFIX}PHONE; the variable holds the address, which does not stand in the file"
    )


def parse_plain_url(value: object) -> str:
    """An address that holds no secret: of this computer."""
    if isinstance(value, str) and _is_plain(value):
        return value
    own = ", ".join(f"{scheme}://" for scheme in _OF_THIS_COMPUTER)
    raise ValueError(
        f"an address may hold a secret, so the file holds none but {own} and json://localhost:PORT/...; put "
        f'any other into an environment variable and write "env": "{ENVIRONMENT_PREFIX}PHONE"'
    )


def _is_plain(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_more = bool(parts.query or parts.fragment or parts.username or parts.password)
        if has_more or parts.scheme not in (*_OF_THIS_COMPUTER, *_TO_THIS_COMPUTER):
            return False
        if parts.scheme in _OF_THIS_COMPUTER:
            return not parts.netloc.strip("_") and not parts.path.strip("/")
        host = parts.hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


_Variable = Annotated[
    str,
    PlainValidator(parse_variable),
    WithJsonSchema({"type": "string", "pattern": f"^{_VARIABLE.pattern}$"}),
]
_PlainUrl = Annotated[
    str, PlainValidator(parse_plain_url), WithJsonSchema({"type": "string", "examples": ["dbus://"]})
]
_Change = Annotated[
    str, PlainValidator(fields.parse_one_of(*CHANGES)), WithJsonSchema({"enum": list(CHANGES)})
]
_Per = Annotated[
    str, PlainValidator(fields.parse_one_of(*COOLDOWNS)), WithJsonSchema({"enum": list(COOLDOWNS)})
]


class TargetShape(Shape):
    """Where messages go."""

    env: _Variable | None = Field(None, description="The environment variable that holds its address.")
    url: _PlainUrl | None = Field(None, description="An address that holds no secret, instead of env.")
    max_per_minute: int | None = Field(
        None, ge=1, le=600, description="Messages a minute at most; default 30, of Telegram 15."
    )


class AlertRuleShape(Shape):
    """When a message is sent."""

    name: fields.Name = Field(description="Unique among the rules.")
    scanners: list[fields.Text] | None = Field(
        None, min_length=1, description="Whose lists it is about; default: all scanners."
    )
    on: list[_Change] | None = Field(
        None, min_length=1, description="Which changes of a list: entered, left; default entered."
    )
    conditions: list[fields.Text] | None = Field(
        None, min_length=1, description="Conditions of the session instead of lists, as feed_lost."
    )
    first: bool = Field(
        _RULE.first, description="Whether only the first time of the session counts, by scanner."
    )
    max_rank: int | None = Field(None, ge=1, le=1_000_000, description="The worst rank that counts.")
    where: fields.Text | None = Field(
        None, description="A condition on the hit's values; unknown is no.", examples=["change_pct > 3"]
    )
    cooldown_minutes: float = Field(
        _RULE.cooldown_minutes, ge=0, le=100_000, description="How long it is silent after an alert."
    )
    per: _Per = Field(_RULE.per, description="What is silent: a symbol of a scanner, a symbol, the rule.")
    bundle_above: int = Field(
        _RULE.bundle_above, ge=1, le=10_000, description="Of more alerts in one step one message is made."
    )
    max_age_seconds: float = Field(
        _RULE.max_age_seconds, gt=0, le=86_400, description="What is older is not sent."
    )
    to: list[fields.Text] | None = Field(
        None, min_length=1, description="The targets by name; default: all of them."
    )
    text: fields.Text | None = Field(
        None, description="The message of a hit.", examples=["{symbol} {price} {change_pct:+.1f} %"]
    )


class AlertsShape(Shape):
    """Which messages a live session sends to people."""

    targets: dict[str, TargetShape] = Field(description="Where messages go, by name.", min_length=1)
    rules: list[AlertRuleShape] = Field(description="When a message is sent.", min_length=1)
