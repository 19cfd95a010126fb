from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from symscan.config import StudySettings, override_study, parse_config
from symscan.errors import ConfigErrors, InputError


def _parsed(**study: Any) -> StudySettings:
    return parse_config(json.dumps({"study_config": study, "session_data_config": {}})).study


def test_what_is_left_out_has_its_default() -> None:
    assert _parsed() == StudySettings()
    assert _parsed(spread="estimate").spread is None


def test_every_key_is_read() -> None:
    study = _parsed(
        hits="all",
        side="with_change",
        horizons=["5m", "close", "20d"],
        headline="close",
        match=["sector", "change"],
        spread=3,
        holdout_from="2018-03-01",
        groups=["sector"],
        ended_return_pct=-100,
    )
    assert (study.hits, study.side, study.horizons) == ("all", "with_change", ("5m", "close", "20d"))
    assert (study.headline, study.match, study.spread) == ("close", ("sector", "change"), 3.0)
    assert (study.holdout_from, study.groups) == (date(2018, 3, 1), ("sector",))


@pytest.mark.parametrize(
    ("study", "message"),
    [
        ({"horizons": ["30"]}, 'horizons[0]: expected a horizon as "30m"'),
        ({"horizons": ["21d"]}, '"21d" is more than 20 sessions'),
        ({"horizons": ["900m"]}, '"900m" is longer than a session'),
        ({"horizons": ["5m", "5m"]}, "stands in the list twice"),
        ({"horizons": []}, "the list is empty"),
        ({"horizons": ["5m"], "headline": "30m"}, "'30m' is none of the horizons (5m)"),
        ({"match": ["sector", "industry"]}, "'sector' and 'industry' are no measures"),
        ({"match": ["volatility", "dollar_volume", "price", "change"]}, "more than 3 measures"),
        ({"match": [str(one) for one in range(5)]}, "the list has more than 4 entries"),
        ({"spread": "none"}, 'expected "estimate" or a full spread in basis points'),
        ({"hits": "first"}, "expected one of entered, new, all"),
        ({"volume_share": 0}, "expected a number greater than 0"),
        ({"headlin": "5m"}, "unknown key 'headlin'; did you mean 'headline'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(study: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        _parsed(**study)
    assert message in str(caught.value)
    assert "config.json:1:" in str(caught.value)


def test_what_is_given_with_a_command_comes_first() -> None:
    settings = StudySettings(side="short", seed=3)
    assert override_study(settings, {"side": "long", "horizons": ["5m"]}) == StudySettings(
        side="long", seed=3, horizons=("5m",)
    )


def test_what_is_wrong_with_a_command_is_said_by_its_option() -> None:
    with pytest.raises(InputError) as caught:
        override_study(StudySettings(), {"side": "up", "min_controls": 0}, "--")
    assert str(caught.value).splitlines() == [
        '--side: expected one of long, short, with_change, got "up"',
        "--min-controls: expected a number of at least 1, got 0",
    ]
