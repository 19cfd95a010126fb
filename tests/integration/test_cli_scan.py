"""``symscan scan``: one scan at one instant equals the same scan of a whole run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from support.cli import DAY, call, scanner, write_bars, write_config, written

STORE = ("--store", "store", "--interval", "1m", "--label", "start", "--timezone", "America/New_York")
MINE = (
    "from symscan import BaseScanner, ScanResult\n"
    "class Scanner(BaseScanner):\n"
    "    def setup(self, context):\n"
    "        return context.session_data.add_indicator(self._load_universe(), 'sma_3_1m')\n"
    "    def scan(self, context):\n"
    "        found = context.session_data.frame(['close', 'sma_3_1m']).drop_nulls()\n"
    "        found = found.filter(found['close'] > found['sma_3_1m'])\n"
    "        why = {'sma': 1.5, 'note': '[red]:cat:'}\n"
    "        return ScanResult(list(found['symbol']), dict.fromkeys(found['symbol'], why))\n"
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    write_bars(tmp_path / "bars.csv", {"AAA": 0.1, "BBB": 0.0, "CCC": 0.2}, ["2026-01-14", DAY])
    assert call(capsys, "data", "import", "bars.csv", *STORE).code == 0
    (tmp_path / "three.txt").write_text("AAA\nBBB\nCCC\nDDD\n")
    (tmp_path / "mine_now.py").write_text(MINE)
    return tmp_path


def _scan(*more: str) -> tuple[str, ...]:
    return ("scan", "mine_now", "--store", "store", "--date", DAY, "--universe", "three.txt", *more)


def test_it_shows_what_a_run_would_find(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = written(project)
    ended = call(capsys, *_scan("--at", "10:00"))
    assert (ended.code, ended.err) == (0, "")
    assert written(project) == before
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert lines[0] == f"mine_now at {DAY} 10:00 EST"
    assert "indicators: sma_3_1m" in lines
    assert lines[-1] == "2 found, 3 of 4 judged; unknown: not_in_store 1"
    write_config(
        project, lambda whole, _: whole["session_data_config"]["scanners"].append(scanner("mine_now"))
    )
    assert (
        call(capsys, "run", "mine.json", "--store", "store", "--date", DAY, "--csv", "--out", "out").code == 0
    )
    with (project / "out" / "hits.csv").open(newline="") as file:
        hits = [row for row in csv.DictReader(file) if row["scanner"] == "mine_now"]
    there = [row for row in hits if row["scan_at_local"].startswith(f"{DAY}T10:00")]
    assert [f"{row['rank']} {row['symbol']} {float(row['price']):.2f}" for row in there] == [
        " ".join(line.split()[:3]) for line in lines if line.endswith("sma 1.5, note [red]:cat:")
    ]


def test_a_universe_s_columns_are_there_from_setup_on(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "sectors.csv").write_text("symbol,sector,size\nAAA,Tech,3\nCCC,,1\n")
    (project / "by_sector.py").write_text(
        "from symscan import BaseScanner, ScanResult\n"
        "class Scanner(BaseScanner):\n"
        "    def setup(self, context):\n"
        "        self._universe = self._load_universe()\n"
        "        context.session_data.frame(['sector'])\n"
        "        return True\n"
        "    def scan(self, context):\n"
        "        frame = context.session_data.frame(['close', 'sector', 'size'])\n"
        "        why = {row['symbol']: row for row in frame.to_dicts()}\n"
        "        return ScanResult(list(why), why)\n"
    )
    where = ("--store", "store", "--date", DAY, "--at", "10:00", "--universe", "sectors.csv")
    ended = call(capsys, "scan", "by_sector", *where)
    assert (ended.code, ended.err) == (0, "")
    said = [line.rpartition("sector ")[2].strip() for line in ended.out.splitlines() if "sector " in line]
    assert said[1:] == ["Tech, size 3", "unknown, size 1"]  # the first is the heading


@pytest.mark.usefixtures("project")
def test_before_the_open_it_is_a_pre_session_scan(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, *_scan("--at", "09:00"))
    assert ended.code == 0
    assert "0 found, 0 of 4 judged; unknown: no_bar_today 3, not_in_store 1" in ended.out


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            _scan("--at", "25:00"),
            2,
            "symscan scan: invalid value for '--at': '25:00' is not a time; write it",
        ),
        (_scan("--at", "17:00"), 2, "--at 17:00 is outside the session of 2026-01-15, which goes from 04:00"),
        (_scan(), 2, "symscan scan: missing option '--at'"),
        (_scan("--at", "10:00", "--universe", "no"), 2, "--universe: there is no universe 'no'; there are"),
        (_scan("--at", "10:00", "--config", "[1"), 2, "--config: not valid JSON"),
        (_scan("--at", "10:00", "--config", "[1]"), 2, "--config: expected a JSON object"),
        (("scan", "gapp", *_scan()[2:], "--at", "10:00"), 2, "MODULE: there is no module 'gapp' in"),
        (
            ("scan", "gap", *_scan()[2:], "--at", "10:00", "--config", '{"min_gap": 1}'),
            2,
            "--config min_gap: unknown parameter 'min_gap'; did you mean 'min_gap_percent'?",
        ),
        (_scan("--at", "10:00", "--date", "2026-01-19"), 2, "2026-01-19 has no session, it is a holiday"),
    ],
)
def test_mistakes_are_one_message(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, message: str
) -> None:
    ended = call(capsys, *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"error: {message}")
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "found = context",
            "found = 1 / 0, context",
            "the scan failed: mine_bad.py:6: found = 1 / 0, context.session_data.frame(",
        ),
        (
            "return context.session_data.add_indicator(self._load_universe(), 'sma_3_1m')",
            "return False",
            "the ",
        ),
    ],
)
def test_a_scan_that_fails_is_a_failure(
    project: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    (project / "mine_bad.py").write_text(MINE.replace(old, new, 1))
    ended = call(capsys, "scan", "mine_bad", *_scan("--at", "10:00")[2:])
    assert ended.code == 1
    assert ended.err.startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (
            "frame(['close', 'sma_3_1m'])",
            "NotRequested: sma_3_1m was not requested: call context.session_data",
        ),
        (
            "get_indicator('AAA', 'sma_3_1m')",
            "0 found, 2 of 4 judged; unknown: not_in_store 1, not_requested 1",
        ),
    ],
)
def test_what_was_never_requested_is_said(
    project: Path, capsys: pytest.CaptureFixture[str], look: str, expected: str
) -> None:
    (project / "careless.py").write_text(
        "from symscan import BaseScanner, ScanResult\n"
        "class Scanner(BaseScanner):\n"
        "    def setup(self, context):\n"
        "        return bool(self._load_universe())\n"
        "    def scan(self, context):\n"
        f"        context.session_data.{look}\n"
        "        return ScanResult([])\n"
    )
    command = ("scan", "careless", "--store", "store", "--date", DAY, "--universe", "three.txt")
    ended = call(capsys, *command, "--at", "10:00")
    assert expected in " ".join((ended.out + ended.err).split())
    assert ended.code == ("NotRequested" in expected)


WHERE = "change_pct > 0.5 AND volume > 10 AND close / previous_close > 1"


def _screen(*more: str) -> tuple[str, ...]:
    return ("scan", "--where", WHERE, "--universe", "three.txt", "--at", "10:00", *_scan()[2:6], *more)


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.usefixtures("project")
def test_a_screen_is_scanned_as_it_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, *_screen())
    assert (ended.code, ended.err) == (0, "")
    lines = _lines(ended.out)
    assert lines[0] == f"screen at {DAY} 10:00 EST"
    # Each symbol starts at 100 and drifts by so much a minute, over 60 minutes the day before and 30 today.
    expected = {"CCC": (106.0, 112.0), "AAA": (103.0, 106.0)}
    for symbol, (price, previous) in expected.items():
        assert not any(line.split()[1:2] == [symbol] for line in lines), (symbol, price, previous)
    assert lines[-1] == "0 found, 3 of 4 judged; unknown: not_in_store 1"


@pytest.mark.usefixtures("project")
def test_why_a_symbol_is_no_hit_of_a_screen(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, *_screen("--symbol", "AAA", "--symbol", "DDD", "--symbol", "ccc"))
    assert (ended.code, ended.err) == (0, "")
    lines = _lines(ended.out)
    last_bar = "last bar 10:00 (0 min before)"
    start = lines.index(f"AAA · screen · {DAY} 10:00 · no hit (2 of 3 clauses false) {last_bar}")
    volume = sum(range(1000, 1030))
    change, ratio = 100 * (103 / 106 - 1), 103 / 106
    expected = [
        f"change_pct > 0.5 {change:.5g} 0.5 {change - 0.5:+.5g} false",
        f"volume > 10 {volume:,} 10 {volume - 10:+,} true",
        f"close / previous_close > 1 {ratio:.5g} 1 {ratio - 1:+.5g} false",
        "close 103",
        "previous_close 106",
    ]
    for line, text in zip(lines[start + 1 : start + 6], expected, strict=True):
        assert line.startswith(text)
    why = "unknown: not_in_store (3 of 3 clauses unknown) no bar of it so far"
    start = lines.index(f"DDD · screen · {DAY} 10:00 · {why}")
    assert lines[start + 1] == "change_pct > 0.5 0.5 unknown not_in_store"
    assert "ccc is no hit: it is not in the universe of 'screen'; did you mean 'CCC'?" in lines


def _configuration(folder: Path) -> None:
    window = [{"start": "09:40", "end": "10:00", "interval": "5m"}]
    few = {"name": "few", "universe": "three.txt", "where": "volume > 10", "rank": "close", "take": 1}
    fresh = {"name": "fresh", "universe": "three.txt", "where": "volume > 10", "max_age_minutes": 1}
    mine = {"module": "mine_now", "config": {"universe": "three.txt"}, "regular_session": window}
    screens = [{**one, "regular_session": window} for one in (few, fresh)]
    whole = {"session_data_config": {"scanners": [*screens, mine]}}
    (folder / "many.json").write_text(json.dumps(whole, indent=2))


def _of_file(name: str, *more: str) -> tuple[str, ...]:
    return ("scan", "many.json", "--scanner", name, "--at", "10:00", *_scan()[2:6], *more)


def test_a_scanner_of_a_configuration(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _configuration(project)
    ended = call(capsys, *_of_file("few", "--symbol", "CCC", "--symbol", "BBB"))
    assert (ended.code, ended.err) == (0, "")
    lines = _lines(ended.out)
    assert [line.split()[:2] for line in lines if line.startswith("1 C")] == [["1", "CCC"]]
    assert lines[-1].startswith("1 found, 3 of 4 judged")
    assert any("BBB · few · " in one and "it meets all conditions, place 3 of 3 " in one for one in lines)
    assert "take 1 3 1 -2 false 2 IQR" in lines
    ended = call(capsys, *_of_file("mine_now", "--symbol", "BBB"))
    assert "the scanner gives no reasons: above is what it had to read" in ended.out
    whole = call(capsys, "run", "many.json", "--store", "store", "--date", DAY, "--csv", "--out", "out")
    assert whole.code == 0
    with (project / "out" / "hits.csv").open(newline="") as file:
        at_ten = [row for row in csv.DictReader(file) if f"{DAY}T10:00" in row["scan_at_local"]]
    assert [row["symbol"] for row in at_ten if row["scanner"] == "few"] == ["CCC"]


def test_a_symbol_that_has_not_traded_for_long(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _configuration(project)
    late = ("--at", "10:45", *_scan()[2:6], "--symbol", "AAA")
    ended = call(capsys, "scan", "many.json", "--scanner", "fresh", *late)
    lines = _lines(ended.out)
    told = "unknown: stale (1 of 2 clauses unknown) last bar 10:30 (15 min before)"
    assert f"AAA · fresh · {DAY} 10:45 · {told}" in lines
    assert "minutes_since_bar <= 1 15 1 -14 unknown stale" in lines


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (_scan()[2:], "give one of the three: a module, a configuration (a .json file), or --where"),
        (("mine_now", *_screen()[1:]), "give one of the three: a module"),
        (("mine_now.py", *_scan()[2:]), "mine_now.py: give the module's name instead of its file: mine_now"),
        (("mine_now", "--scanner", "x", *_scan()[2:]), "--scanner names a scanner of a configuration; give"),
        (("many.json", *_scan()[2:]), "many.json has 3 scanners; say which with --scanner: few, fresh, mine"),
        (
            ("many.json", "--scanner", "fw", *_scan()[2:]),
            "many.json has no scanner 'fw'; did you mean 'few'?",
        ),
        (("no.json", *_scan()[2:]), "no.json: there is no such file"),
        (("many.json", "--config", "{}", *_scan()[2:]), "--config is in many.json already; change it there"),
        (("--where", "closs > 2", *_scan()[2:]), "--where: 'closs' is not known; did you mean 'close'?"),
        (("--where", "", *_scan()[2:]), "--where: "),
        (("bad.json", *_scan()[2:6]), "bad.json:3:31: session_data_config.scanners[0].where: 'closs' is not"),
        (
            ("bad.json", "--scanner", "two", *_scan()[2:6]),
            "bad.json:4:33: session_data_config.scanners[1].mod",
        ),
        (("bad.json", "--scanner", "one", *_scan()[2:6], "--universe", "no"), "--universe: there is no univ"),
    ],
)
def test_messages_name_what_the_user_has(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    _configuration(project)
    more = '"pre_session": true'
    two = f', {{"name": "two", "module": "gone_away", {more}}}' if "two" in arguments else ""
    where = "close > 2" if "two" in arguments or "one" in arguments else "closs > 2"
    one = f'{{"name": "one", "where": "{where}", "universe": "three.txt", {more}}}'
    text = '{"session_data_config": {\n  "scanners": [\n    ' + f"{one}\n    {two}" + "]}}"
    (project / "bad.json").write_text(text)
    ended = call(capsys, "scan", *arguments, "--at", "10:00")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {message}")


def test_whom_earlier_scans_could_not_judge_is_no_part_of_it(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first scan knows nothing of a last one; it is made before the one that was asked for."""
    times = [{"start": "09:35", "end": "15:55", "interval": "5m"}]
    screen = {"name": "rising", "universe": "./three.txt", "where": "close > last_scan.close"}
    whole = {"session_data_config": {"scanners": [{**screen, "regular_session": times}]}}
    (project / "rising.json").write_text(json.dumps(whole))
    ended = call(capsys, "scan", "rising.json", "--store", "store", "--date", DAY, "--at", "10:00")
    assert "its 5 before this one were made first" in ended.out
    assert ended.out.splitlines()[-1] == "2 found, 3 of 4 judged; unknown: not_in_store 1"
