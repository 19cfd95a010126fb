from __future__ import annotations

import json
from typing import Any

import pytest

from symscan.config import parse_config
from symscan.config.alert_settings import AlertRule, AlertSettings, AlertTarget
from symscan.errors import ConfigErrors

PHONE = {"phone": {"env": "SYMSCAN_ALERT_PHONE"}}
SCANNERS = {"scanners": [{"name": "hot", "where": "close > 1", "pre_session": True}]}
SECRET = "tgram://123456:hush/99"


def _parsed(targets: Any, *rules: Any) -> AlertSettings:
    alerts = {"targets": targets, "rules": rules or [{"name": "all"}]}
    return parse_config(json.dumps({"alerts": alerts, "session_data_config": SCANNERS})).alerts


def test_targets_and_rules_are_read_in_order() -> None:
    rule = {
        "name": "hot first",
        "scanners": ["hot"],
        "first": True,
        "on": ["entered", "left"],
        "to": ["desk"],
    }
    targets = {**PHONE, "desk": {"url": "dbus://", "max_per_minute": 5}}

    settings = _parsed(targets, rule, {"name": "trouble", "conditions": ["feed_lost"]})

    assert settings.targets == (
        AlertTarget("phone", "alerts.targets.phone", "SYMSCAN_ALERT_PHONE"),
        AlertTarget("desk", "alerts.targets.desk", None, "dbus://", 5),
    )
    assert settings.rules == (
        AlertRule(
            "hot first",
            "alerts.rules[0]",
            ("hot",),
            ("entered", "left"),
            first=True,
            to=("desk",),
        ),
        AlertRule("trouble", "alerts.rules[1]", conditions=("feed_lost",)),
    )


@pytest.mark.parametrize(
    "url", ["dbus://", "syslog://", "json://localhost:8080/hits", "json://localhost", "xml://[::1]:90"]
)
def test_an_address_of_this_computer_may_stand_in_the_file(url: str) -> None:
    assert _parsed({"desk": {"url": url}}).targets[0].url == url


@pytest.mark.parametrize(
    "target",
    [
        {"url": SECRET},
        {"url": "json://hush@localhost/"},
        {"url": "json://localhost/?key=hush"},
        {"url": "json://example.org/hush"},
        {"url": "dbus://hush"},
        {"env": SECRET},
        {"env": "HUSH"},
        {"env": ["hush"]},
        "hush",
        ["hush"],
    ],
)
def test_what_may_be_a_secret_is_refused_and_never_shown(target: Any) -> None:
    with pytest.raises(ConfigErrors) as caught:
        _parsed({"phone": target})

    assert "hush" not in str(caught.value).casefold()
    assert "config.json:1:" in str(caught.value)
    assert "alerts.targets.phone" in str(caught.value)


@pytest.mark.parametrize(
    ("targets", "rule", "message"),
    [
        (PHONE, {"name": "a", "scanners": ["hat"]}, "no scanner 'hat'; did you mean 'hot'? there are: hot"),
        (PHONE, {"name": "a", "to": ["fone"]}, "no target 'fone'; did you mean 'phone'? there are: phone"),
        (PHONE, {"name": "a", "on": ["enter"]}, "did you mean"),
        (PHONE, {"name": "a", "on": ["left"], "max_rank": 3}, "'max_rank' is about a hit"),
        (PHONE, {"name": "a", "conditions": ["feed_lost"], "first": True}, "'first' is about hits"),
        (PHONE, {"name": "a", "cooldown": 3}, "did you mean 'cooldown_minutes'?"),
        (PHONE, {"name": "a", "max_age_seconds": 0}, "a number greater than 0"),
        ({"phone": {}}, {"name": "a"}, "a target needs an 'env'"),
        ({"phone": {"env": "SYMSCAN_ALERT_A", "url": "dbus://"}}, {"name": "a"}, "not both"),
        ({"phone": {"environment": "x"}}, {"name": "a"}, "unknown key 'environment'"),
        ({}, {"name": "a"}, "alerts.targets"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(targets: Any, rule: Any, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        _parsed(targets, rule)

    assert message in str(caught.value)
    assert "config.json:1:" in str(caught.value)


def test_two_rules_have_two_names() -> None:
    with pytest.raises(ConfigErrors, match=r"two rules are named 'a', the other is alerts.rules\[0\]"):
        _parsed(PHONE, {"name": "a"}, {"name": "a"})
