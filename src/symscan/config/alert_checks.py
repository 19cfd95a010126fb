"""Check the keys of ``alerts`` against each other, as parsed from JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from symscan.config.alert_settings import LEFT
from symscan.config.json_locations import join
from symscan.config.messages import Fault

_OF_HITS: Final = ("first", "max_rank", "where", "text")
_OF_LISTS: Final = ("scanners", "on", "per", *_OF_HITS)


def alert_faults(alerts: Mapping[str, Any], scanners: Sequence[str]) -> Iterator[Fault]:
    """Yield what the targets and rules say against each other; ``scanners`` are those of the file."""
    targets = alerts.get("targets")
    named = targets if isinstance(targets, dict) else {}
    for name, target in named.items():
        if isinstance(target, dict):
            yield from _target_faults(join("alerts.targets", name), target)
    rules = alerts.get("rules")
    first: dict[str, str] = {}
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        path = join("alerts.rules", index)
        if not isinstance(rule, dict):
            continue
        name = rule.get("name")
        if isinstance(name, str) and first.setdefault(name, path) != path:
            message = f"two rules are named '{name}', the other is {first[name]}; give each a name of its own"
            yield Fault(join(path, "name"), message)
        yield from _rule_faults(path, rule)
        yield from _unknown_names(path, rule, "scanners", scanners, "scanner")
        yield from _unknown_names(path, rule, "to", list(named), "target")


def _target_faults(path: str, target: Mapping[str, Any]) -> Iterator[Fault]:
    given = [key for key in ("env", "url") if target.get(key) is not None]
    if len(given) == 2:
        yield Fault(join(path, "url"), "a target has an 'env' or a 'url', not both; keep one", key=True)
    elif not given and not target.keys() - {"max_per_minute"}:
        yield Fault(path, "a target needs an 'env', the environment variable that holds its address")


def _rule_faults(path: str, rule: Mapping[str, Any]) -> Iterator[Fault]:
    if rule.get("conditions") is not None:
        for key in _OF_LISTS:
            if rule.get(key) is not None:
                message = f"'{key}' is about hits; a rule of 'conditions' has none, make two rules"
                yield Fault(join(path, key), message, key=True)
    elif rule.get("on") == [LEFT]:
        for key in _OF_HITS:
            if rule.get(key):
                message = (
                    f"'{key}' is about a hit, and a symbol that has left is none; add \"entered\" to 'on'"
                )
                yield Fault(join(path, key), message, key=True)


def _unknown_names(
    path: str, rule: Mapping[str, Any], key: str, known: Sequence[str], what: str
) -> Iterator[Fault]:
    listed = rule.get(key)
    for index, name in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(name, str) and name not in known:
            near = get_close_matches(name, known, n=1)
            guess = f"did you mean '{near[0]}'? " if near else ""
            message = f"there is no {what} '{name}'; {guess}there are: {', '.join(known) or 'none'}"
            yield Fault(join(join(path, key), index), message)
