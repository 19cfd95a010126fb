"""Which messages a live session sends to people: the settings of ``alerts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ENTERED: Final = "entered"
LEFT: Final = "left"
CHANGES: Final = (ENTERED, LEFT)
"""The changes of a scanner's list that a rule may be about."""

PER_SYMBOL: Final = "symbol"
PER_SYMBOL_AND_SCANNER: Final = "symbol+scanner"
PER_RULE: Final = "rule"
COOLDOWNS: Final = (PER_SYMBOL_AND_SCANNER, PER_SYMBOL, PER_RULE)
"""What is silent for a while after an alert."""

ENVIRONMENT_PREFIX: Final = "SYMSCAN_ALERT_"
"""How the names of environment variables begin that hold the address of a target."""


@dataclass(frozen=True, slots=True)
class AlertTarget:
    """Where messages go.

    Attributes
    ----------
    name
        What rules call it.
    path
        Where it stands in the file, ``alerts.targets.phone``.
    env
        The environment variable that holds its address; None where ``url`` is given.
    url
        Its address, one that holds no secret.
    max_per_minute
        How many messages a minute it is sent; None for the default of its service.
    """

    name: str
    path: str
    env: str | None = None
    url: str | None = None
    max_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class AlertRule:
    """When a message is sent: of changes of scanners' lists, or of conditions of the session.

    Attributes
    ----------
    name
        Unique among the rules.
    path
        Where it stands in the file, ``alerts.rules[0]``.
    scanners
        Whose lists; none for those of all scanners.
    on
        Which changes: ``entered``, ``left``.
    conditions
        The kinds of conditions; a rule of these has nothing to do with lists.
    first
        Whether only the first time counts that a scanner finds a symbol in the session.
    max_rank
        The worst rank that counts; None for any.
    where
        A condition on the values of a hit; unknown is no.
    cooldown_minutes, per
        How long it is silent after an alert, on the session's clock, and of what.
    bundle_above
        Of more alerts in one step one message is made.
    max_age_seconds
        A hit whose scan is older when it is decided, and a message that waits longer, is not sent.
    to
        The targets; none for all of them.
    text
        The message of a hit, with names in braces; None for the default.
    """

    name: str
    path: str
    scanners: tuple[str, ...] = ()
    on: tuple[str, ...] = (ENTERED,)
    conditions: tuple[str, ...] = ()
    first: bool = False
    max_rank: int | None = None
    where: str | None = None
    cooldown_minutes: float = 15.0
    per: str = PER_SYMBOL_AND_SCANNER
    bundle_above: int = 3
    max_age_seconds: float = 120.0
    to: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """The targets and the rules, in the order of the file."""

    targets: tuple[AlertTarget, ...] = ()
    rules: tuple[AlertRule, ...] = ()
