"""What a configuration says of a live session."""

from __future__ import annotations

import json
from typing import Any

import pytest

from symscan.config import SessionConfig, parse_config
from symscan.errors import ConfigErrors
from symscan.model.live_settings import LiveSettings


def live(**settings: Any) -> SessionConfig:
    return parse_config(json.dumps({"live_config": settings, "session_data_config": {}}))


def faults(**settings: Any) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        live(**settings)
    return [f"{error.path}: {error.message}" for error in caught.value.errors]


def isolated(how: Any) -> SessionConfig:
    scanner = {"module": "m", "pre_session": True, "isolation": how}
    return parse_config(json.dumps({"session_data_config": {"scanners": [scanner]}}))


def test_what_is_not_said_is_as_the_settings_have_it() -> None:
    assert live().live == parse_config('{"session_data_config": {}}').live == LiveSettings()


def test_what_is_said_counts() -> None:
    config = live(feed="sip", quiet_ms=500, grace_seconds=3, max_symbols=30, silent_seconds=120)
    assert config.live == LiveSettings("sip", 500, 3.0, 30, 120.0, 30.0, 10.0)
    assert live(lag_seconds=5.5, closing_seconds=0, feed=None).live == LiveSettings(
        lag_seconds=5.5, closing_seconds=0
    )


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"feed": 1}, "feed: expected text, got 1"),
        ({"quiet": 1}, "quiet: unknown key 'quiet'; did you mean 'quiet_ms'?"),
        ({"quiet_ms": 0}, "quiet_ms: expected a number of at least 1, got 0"),
        ({"quiet_ms": 1.5}, "quiet_ms: expected a whole number, got 1.5"),
        ({"quiet_ms": True}, "quiet_ms: expected a whole number, got true"),
        ({"grace_seconds": 0}, "grace_seconds: expected a number greater than 0, got 0"),
        ({"max_symbols": 0}, "max_symbols: expected a number of at least 1, got 0"),
        ({"silent_seconds": 60}, "silent_seconds: expected a number greater than 60, got 60"),
        ({"lag_seconds": "30"}, 'lag_seconds: expected a number, got "30"'),
        ({"closing_seconds": -1}, "closing_seconds: expected a number of at least 0, got -1"),
        ({"grace_seconds": None}, "grace_seconds: expected a number, got null"),
    ],
)
def test_faults_say_what_was_expected(settings: dict[str, Any], fault: str) -> None:
    assert faults(**settings) == [f"live_config.{fault}"]


def test_a_wait_longer_than_the_longest_is_a_contradiction() -> None:
    (quiet,) = faults(quiet_ms=5000)
    assert quiet.startswith("live_config.quiet_ms: quiet_ms (5000) is longer than grace_seconds (2)")
    (grace,) = faults(grace_seconds=0.1)
    assert grace.startswith("live_config.grace_seconds: quiet_ms (300) is longer than grace_seconds (0.1)")
    assert live(quiet_ms=2000).live.quiet_ms == 2000


def test_a_scanner_may_have_a_process_of_its_own() -> None:
    (scanner,) = isolated("process").scanners
    assert scanner.isolation == "process"
    (scanner,) = parse_config(
        '{"session_data_config": {"scanners": [{"module": "m", "pre_session": true}]}}'
    ).scanners
    assert scanner.isolation == "thread"
    with pytest.raises(ConfigErrors, match=r'expected one of thread, process, .*did you mean "process"'):
        isolated("proces")


def test_a_key_of_live_config_elsewhere_is_sent_home() -> None:
    with pytest.raises(ConfigErrors, match="unknown key 'grace_seconds'; it belongs in 'live_config'"):
        parse_config('{"grace_seconds": 2, "session_data_config": {}}')
