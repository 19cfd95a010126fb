"""Every kind of wrong configuration: what is wrong, where, and what to do, in plain words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from symscan.config import parse_config
from symscan.errors import ConfigError, ConfigErrors

SCANNER = "session_data_config.scanners[0]"
ON_TIME: dict[str, Any] = {"pre_session": True}
IN_CODE: dict[str, Any] = {"module": "m", **ON_TIME}
SCREEN: dict[str, Any] = {"name": "s", "where": "close > 1", **ON_TIME}


def errors_of(text: str) -> tuple[ConfigError, ...]:
    with pytest.raises(ConfigErrors) as caught:
        parse_config(text, "c.json")
    assert caught.value.exit_code == 2
    return caught.value.errors


def only_error(values: Any) -> ConfigError:
    errors = errors_of(json.dumps(values))
    assert len(errors) == 1, "\n".join(map(str, errors))
    assert errors[0].place
    return errors[0]


def assert_fault(values: Any, path: str, message: str) -> None:
    error = only_error(values)
    assert error.path == path
    assert message in error.message
    for foreign in ("pydantic", "Input should", "validation error"):
        assert foreign not in str(error)


OUTERMOST = [
    ({}, "", "the key 'session_data_config' is missing"),
    ([], "", "expected an object, got an empty list"),
    ("text", "", 'expected an object, got "text"'),
    ({"session_data_config": None}, "session_data_config", "expected an object, got null"),
    ({"session_data_config": {}, "mod": 1}, "mod", "unknown key 'mod'; did you mean 'mode'?"),
    ({"session_data_config": {}, "symbols": []}, "symbols", "it belongs in 'session_data_config'"),
    ({"session_data_config": {}, "<key>": 1}, '["<key>"]', "unknown key '<key>'"),
    ({"session_data_config": {}, "": 1}, '[""]', "unknown key ''"),
    ({"session_data_config": {}, "qqqq": 1}, "qqqq", "known here: $schema, name, mode, exchange"),
    ({"session_data_config": {}, "mode": "Live"}, "mode", 'backtest, live, got "Live"; did you mean "live"?'),
    ({"session_data_config": {}, "mode": 1}, "mode", "expected one of backtest, live, got 1"),
    ({"session_data_config": {}, "exchange": 1}, "exchange", "expected text, got 1"),
    ({"session_data_config": {}, "name": "../up"}, "name", "expected a name of letters, digits"),
]
DAYS = [
    ({}, "", "the key 'start_date' is missing"),
    ({"start_date": "2018-13-01"}, ".start_date", 'got "2018-13-01", a day that does not exist'),
    ({"start_date": "20.2.2018"}, ".start_date", 'expected a date as "YYYY-MM-DD", got "20.2.2018"'),
    ({"start_date": 20180220}, ".start_date", "got 20180220"),
    (
        {"start_date": "2018-02-20", "end_date": "2018-02-19"},
        ".end_date",
        "'end_date' is before 'start_date'",
    ),
    ({"start_date": "2018-02-20", "end": "2018-02-21"}, ".end", "did you mean 'end_date'?"),
]
DATA = [
    ({"symbols": "AAPL"}, ".symbols", 'expected a list, got "AAPL"'),
    ({"symbols": ["AAPL", 5]}, ".symbols[1]", "expected a symbol such as"),
    ({"symbols": [""]}, ".symbols[0]", 'got ""'),
    ({"symbols": ["BRK B"]}, ".symbols[0]", "without blanks"),
    ({"symbols": ["A", "B", "A"]}, ".symbols[2]", '"A" stands in the list twice'),
    ({"symbols": [["A"]]}, ".symbols[0]", "got a list"),
    ({"streams": ["1x"]}, ".streams[0]", "'1x' is not an interval; write 1m, 5m"),
    ({"streams": [5]}, ".streams[0]", 'expected an interval such as "5m", got 5'),
    ({"streams": ["1w"]}, ".streams[0]", "weeks are made from days"),
    ({"streams": ["60m", "1h"]}, ".streams[1]", '"1h" stands in the list twice'),
    ({"indicators": ["rsi"]}, ".indicators[0]", "'rsi' is not an indicator key"),
    ({"indicators": ["rsi_14_5x"]}, ".indicators[0]", "'5x' is not an interval"),
    ({"indicators": [14]}, ".indicators[0]", "or an object, got 14"),
    ({"indicators": ["rsi_14_5m", "rsi_14_5m"]}, ".indicators[1]", "stands in the list twice"),
    ({"indicators": [{}]}, ".indicators[0]", "the key 'name' is missing"),
    ({"indicators": [{"name": "sma", "perod": 3}]}, ".indicators[0].perod", "did you mean 'period'?"),
    ({"indicators": [{"name": "sma", "period": 2.5}]}, ".indicators[0].period", "a whole number, got 2.5"),
    ({"indicators": [{"name": "sma", "type": "tend"}]}, ".indicators[0].type", 'did you mean "trend"?'),
    ({"indicators": [{"name": "sma", "interval": "d"}]}, ".indicators[0].interval", "not an interval"),
    ({"exchange": "NYSE"}, ".exchange", "it belongs in the outermost object"),
    ({"scanner": []}, ".scanner", "did you mean 'scanners'?"),
    ({"scanners": {}}, ".scanners", "expected a list, got an object"),
    ({"scanners": ["gap"]}, ".scanners[0]", 'expected an object, got "gap"'),
]
SCANNERS = [
    (ON_TIME, "", "expected a 'module' (a scanner in code) or a 'where' (a screen), got neither"),
    ({**SCREEN, "module": "m"}, ".where", "a 'module' or a 'where', not both"),
    ({**IN_CODE, "takes": 3}, ".takes", "did you mean 'take'?"),
    ({**IN_CODE, "take": 3}, ".take", "'take' belongs to a screen"),
    ({**IN_CODE, "universe": "sp500"}, ".universe", "for a module put it into 'config'"),
    ({**SCREEN, "config": {}}, ".config", "'config' belongs to a scanner with a 'module'"),
    ({"where": "close > 1", **ON_TIME}, "", "the key 'name' is missing; a screen needs one"),
    ({**IN_CODE, "module": "scanners/gap.py"}, ".module", 'did you mean "scanners.gap"?'),
    ({**IN_CODE, "module": "my scanner"}, ".module", "the dotted name of a module"),
    ({**IN_CODE, "module": 5}, ".module", "got 5"),
    ({**IN_CODE, "name": ""}, ".name", "expected a name"),
    ({**IN_CODE, "name": "a/b"}, ".name", "expected a name"),
    ({**IN_CODE, "config": []}, ".config", "expected an object, got an empty list"),
    ({**IN_CODE, "enabled": "yes"}, ".enabled", 'expected true or false, got "yes"'),
    ({**IN_CODE, "enabled": 1}, ".enabled", "expected true or false, got 1"),
    ({**IN_CODE, "timeout_seconds": 0}, ".timeout_seconds", "a number greater than 0, got 0"),
    ({**IN_CODE, "timeout_seconds": "30"}, ".timeout_seconds", 'expected a number, got "30"'),
    ({**IN_CODE, "timeout": 30}, ".timeout", "did you mean 'timeout_seconds'?"),
    ({**IN_CODE, "min_gap": 30}, ".min_gap", "settings of the scanner's own belong in its 'config'"),
    ({**IN_CODE, "interval": "5m"}, ".interval", "it belongs in 'schedule' or 'regular_session'"),
    ({**SCREEN, "where": " "}, ".where", 'expected text, got " "'),
    ({**SCREEN, "take": 0}, ".take", "a number greater than 0"),
    ({**SCREEN, "take": 10**30}, ".take", "at most 1e+06"),
    ({**SCREEN, "take": 2.5}, ".take", "expected a whole number, got 2.5"),
    ({**SCREEN, "take": True}, ".take", "expected a whole number, got true"),
    ({**SCREEN, "max_age_minutes": -1}, ".max_age_minutes", "greater than 0, got -1"),
    ({**SCREEN, "show": "sector"}, ".show", "expected a list"),
    ({**SCREEN, "show": ["a", "a"]}, ".show[1]", "twice"),
    ({"module": "m"}, "", "it would never scan"),
    ({"module": "m", "pre_session": False}, "", "it would never scan"),
    ({"module": "m", "pre_session": False, "enabled": False}, "", "it would never scan"),
    (
        {"module": "m", "pre_session": "yes"},
        ".pre_session",
        'expected true, false or a list of windows, got "yes"',
    ),
    ({"module": "m", "pre_session": []}, ".pre_session", "the list is empty"),
    ({"module": "m", "regular_session": []}, ".regular_session", "the list is empty"),
    ({"module": "m", "schedule": []}, ".schedule", "expected an object, got an empty list"),
    ({"module": "m", "schedule": {}, "regular_session": [{}]}, ".regular_session", "not both; keep one"),
    ({"module": "m", "schedul": {}}, ".schedul", "did you mean 'schedule'?"),
    ({"modul": "m", "schedule": {}}, ".modul", "did you mean 'module'?"),
    (
        {**IN_CODE, "symbol_requirements": {"historical_days": -1}},
        ".symbol_requirements.historical_days",
        "at least 0",
    ),
    (
        {**IN_CODE, "symbol_requirements": {"historical_days": 9999}},
        ".symbol_requirements.historical_days",
        "at most 2500, got 9999",
    ),
    (
        {**IN_CODE, "symbol_requirements": {"streams": ["1m", "1m"]}},
        ".symbol_requirements.streams[1]",
        "twice",
    ),
    ({**IN_CODE, "symbol_requirements": {"stream": []}}, ".symbol_requirements.stream", "'streams'?"),
]
SCHEDULES = [
    ({"interval": "soon"}, ".interval", "'soon' is not an interval"),
    ({"interval": "1d"}, ".interval", 'expected an interval within the day, such as "5m", got "1d"'),
    ({"interval": "0m"}, ".interval", "'0m' is not an interval"),
    ({"interval": 5}, ".interval", 'such as "5m", got 5'),
    ({"start_time": "25:00"}, ".start_time", 'as "HH:MM" (00:00 to 23:59), got "25:00"'),
    ({"start_time": "24:00"}, ".start_time", 'got "24:00"'),
    ({"start_time": "9:5"}, ".start_time", 'got "9:5"'),
    ({"start_time": "09:30:00"}, ".start_time", 'got "09:30:00"'),
    ({"start_time": "9.30"}, ".start_time", 'got "9.30"'),
    ({"start_time": 930}, ".start_time", "got 930"),
    ({"start_time": "10:00", "end_time": "09:59"}, ".end_time", "'end_time' is before 'start_time' (10:00)"),
    ({"start": "10:00"}, ".start", "did you mean 'start_time'?"),
    ({"days_of_week": ["Monday"]}, ".days_of_week[0]", 'got "Monday"; did you mean "Mon"?'),
    ({"days_of_week": ["XYZ"]}, ".days_of_week[0]", "expected one of Mon, Tue, Wed, Thu, Fri, Sat, Sun"),
    ({"days_of_week": []}, ".days_of_week", "the list is empty"),
    ({"days_of_week": "Mon"}, ".days_of_week", 'expected a list, got "Mon"'),
    ({"days_of_week": ["Mon", "Mon"]}, ".days_of_week[1]", "twice"),
]
WINDOWS = [
    ({"start": "10:00", "end": "09:59"}, ".end", "'end' is before 'start' (10:00)"),
    ({"start_time": "10:00"}, ".start_time", "did you mean 'start'?"),
    ({"interval": "1w"}, ".interval", "within the day"),
    ({"start": "1000"}, ".start", 'got "1000"'),
    ({"days_of_week": ["mon"]}, ".days_of_week[0]", 'did you mean "Mon"?'),
]


@pytest.mark.parametrize(("values", "path", "message"), OUTERMOST)
def test_the_outermost_object(values: Any, path: str, message: str) -> None:
    assert_fault(values, path, message)


@pytest.mark.parametrize(("days", "path", "message"), DAYS)
def test_the_days_of_a_backtest(days: Any, path: str, message: str) -> None:
    values = {"session_data_config": {}, "backtest_config": days}
    assert_fault(values, "backtest_config" + path, message)


@pytest.mark.parametrize(("data", "path", "message"), DATA)
def test_the_session_data(data: Any, path: str, message: str) -> None:
    assert_fault({"session_data_config": data}, "session_data_config" + path, message)


@pytest.mark.parametrize(("scanner", "path", "message"), SCANNERS)
def test_a_scanner(scanner: Any, path: str, message: str) -> None:
    assert_fault({"session_data_config": {"scanners": [scanner]}}, SCANNER + path, message)


@pytest.mark.parametrize(("schedule", "path", "message"), SCHEDULES)
def test_a_schedule(schedule: Any, path: str, message: str) -> None:
    scanner = {"module": "m", "schedule": schedule}
    values = {"session_data_config": {"scanners": [scanner]}}
    assert_fault(values, SCANNER + ".schedule" + path, message)


@pytest.mark.parametrize("key", ["regular_session", "pre_session"])
@pytest.mark.parametrize(("window", "path", "message"), WINDOWS)
def test_a_window(key: str, window: Any, path: str, message: str) -> None:
    scanner = {"module": "m", key: [{}, window]}
    values = {"session_data_config": {"scanners": [scanner]}}
    assert_fault(values, f"{SCANNER}.{key}[1]{path}", message)


@pytest.mark.parametrize(
    "second",
    [{"name": "gap", "module": "x"}, {"module": "other.gap"}, {"module": "other.gap", "enabled": False}],
)
def test_two_scanners_of_one_name(second: dict[str, Any]) -> None:
    scanners = [{"module": "scanners.gap", **ON_TIME}, {**second, **ON_TIME}]

    error = only_error({"session_data_config": {"scanners": scanners}})

    assert "two scanners are named 'gap', the other is session_data_config.scanners[0]" in error.message


def test_a_name_given_to_one_of_two_helps() -> None:
    scanners = [{"module": "a.gap", **ON_TIME}, {"module": "b.gap", "name": "gap 2", **ON_TIME}]
    config = parse_config(json.dumps({"session_data_config": {"scanners": scanners}}))

    assert [scanner.name for scanner in config.scanners] == ["gap", "gap 2"]


def test_any_key_is_welcome_inside_config() -> None:
    scanner = {**IN_CODE, "config": {"whatever": {"x": [1]}, "module": 5}}
    config = parse_config(json.dumps({"session_data_config": {"scanners": [scanner]}}))

    assert config.scanners[0].config == scanner["config"]


MANY = """{
  "mode": "backtest",
  "backtest_config": {"start_date": "2018-02-20", "end_date": "2018-02-01"},
  "session_data_config": {
    "symbols": ["AAPL", "AAPL"],
    "scanners": [
      {"module": "scanners.gap", "schedule": {"intervall": "5m", "start_time": "9h"}},
      {"module": "other.gap", "pre_session": true, "timeout_seconds": -1}
    ]
  }
}"""


def test_all_faults_are_told_at_once_in_the_order_of_the_file() -> None:
    places = [(error.place.line, error.place.column) for error in errors_of(MANY) if error.place]

    assert places == [(3, 63), (5, 25), (7, 47), (7, 80), (8, 7), (8, 71)]


def test_a_message_begins_with_file_line_and_column() -> None:
    message = str(errors_of(MANY)[2])

    assert message == (
        "c.json:7:47: session_data_config.scanners[0].schedule.intervall: "
        "unknown key 'intervall'; did you mean 'interval'?"
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "c.json:1:1", "the file is empty"),
        ("  \n ", "c.json:2:2", "the file is empty"),
        ("{", "c.json:1:2", "ends too early"),
        ('{"a": 1', "c.json:1:8", "ends too early"),
        ('{"a": 1,\n}', "c.json:2:1", "no comma may stand before a closing bracket"),
        ('{"a": [1,]}', "c.json:1:10", "no comma may stand before a closing bracket"),
        ('{"a": 1 // why\n}', "c.json:1:9", "it has no comments"),
        ("{'a': 1}", "c.json:1:2", "double quotes"),
        ('{"a" 1}', "c.json:1:6", "expected a colon"),
        ('{"a": 1 "b": 2}', "c.json:1:9", "expected a comma"),
        ('{"a": True}', "c.json:1:7", "expected a value"),
        ('{"a": "b}', "c.json:1:7", "no closing quote"),
        ('{"a": "b\n"}', "c.json:1:9", "a line break or tab stands inside a text"),
        ("{} {}", "c.json:1:4", "something follows"),
        ('{"a": ' + "1" * 5000 + "}", "c.json:1:7", "too many digits"),
        ("[" * 100_000, "c.json", "nested too deeply"),
    ],
)
def test_text_that_is_no_json(text: str, place: str, message: str) -> None:
    (error,) = errors_of(text)

    assert message in error.message
    if "no comma" not in message:  # Python 3.13 points at the comma, earlier ones at the bracket
        assert str(error.place) == place


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("NaN", "NaN is not a number"),
        ("-Infinity", "-Infinity is not a number"),
        ("1e999", "1e999 is too large"),
        ('"\\ud800"', "half a character"),
    ],
)
def test_values_that_json_lets_pass(value: str, message: str) -> None:
    text = (
        '{"session_data_config": {"scanners": [\n{"module": "m", "pre_session": true, "config": {"x": %s}}]}}'
    )
    (error,) = errors_of(text % value)

    assert message in error.message
    assert str(error.place) == "c.json:2:54"
    assert error.path == SCANNER + ".config.x"


def test_one_value_has_one_fault() -> None:
    scanner = {**IN_CODE, "timeout_seconds": float("nan")}

    (error,) = errors_of(json.dumps({"session_data_config": {"scanners": [scanner]}}))

    assert "NaN is not a number" in error.message


def test_a_key_that_stands_twice() -> None:
    errors = errors_of('{"session_data_config": {\n  "symbols": ["A"],\n  "symbols": ["B"]}}')

    assert [str(error.place) for error in errors] == ["c.json:3:3"]
    assert "the key 'symbols' stands here a second time" in errors[0].message


def test_a_key_that_stands_twice_inside_config() -> None:
    text = json.dumps({"session_data_config": {"scanners": [{**IN_CODE, "config": {"a": 1, "b": 1}}]}})
    text = text.replace('"b"', '"a"')

    assert "the key 'a' stands here a second time" in errors_of(text)[0].message
