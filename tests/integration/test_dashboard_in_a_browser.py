"""The dashboard in a real browser: every page, both themes, two widths, keys, replay, a server that dies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import symscan
from support.cli import started
from support.hostile_run import SCANNER, SYMBOL, write_hostile_run
from support.waiting import LIMIT, wait_for_file

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this computer"),
]

DAY = "2026-01-15"
WIDTHS = {390: 780, 1440: 900}
PAGES = {
    "overview": "",
    "hits": "",
    "hits, now": "&view=now&at=13:05",
    "hits, all scans": "&view=scans",
    "symbol": "&symbol=GEN045&at=13:05&why=1",
    "scanner": "",
    "runs": "&with=hostile",
    "config": "",
    "about": "",
}
MILLISECONDS = LIMIT * 1000


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a generated run and a hostile one."""
    project = tmp_path_factory.mktemp("project")
    process = started(project, "demo", "--symbols", "60")
    said = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said
    runs = project / "runs"
    runs.mkdir()
    (project / "demo" / "run").rename(runs / "demo")
    write_hostile_run(project).rename(runs / "hostile")
    return runs


@contextmanager
def _served(runs: Path, port: int = 0) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a server of its own, and its process."""
    arguments = ("--store", str(runs.parent / "demo" / "store"), "--port", str(port), "--no-open")
    process = started(runs.parent, "dashboard", str(runs), *arguments)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[2], process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def served(runs: Path) -> Iterator[str]:
    with _served(runs) as (address, _):
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        yield opened
        opened.close()


def _expect(locator: Any) -> Any:
    """Return what waits for a state of an element as long as a busy machine takes."""
    api.expect.set_options(timeout=MILLISECONDS)
    return api.expect(locator)


class Tab:
    """A tab that keeps what went wrong in it."""

    def __init__(self, browser: Any, address: str) -> None:
        self.context = browser.new_context(viewport={"width": 1440, "height": 900})
        self.context.set_default_timeout(MILLISECONDS)
        self.page = self.context.new_page()
        self.address = address
        self.faults: list[str] = []
        self.answers: list[Any] = []
        self.page.on("console", lambda said: said.type == "error" and self.faults.append(said.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(dialog.message))
        self.page.on("request", lambda one: one.url.startswith(address) or self._off_this_host(one.url))
        self.page.on("response", lambda one: self.answers.append(one))

    def _off_this_host(self, url: str) -> None:
        if not url.startswith(("data:", "about:", "blob:")):
            self.faults.append(f"request to {url}")

    def open(self, page: str, run: str = "demo", more: str = "") -> None:
        """Show a page by its address."""
        self.go(f"#/{page.partition(',')[0]}?run={run}{more}")

    def go(self, place: str) -> None:
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}{place}")
        self.shown(place)

    def shown(self, place: str) -> None:
        """Wait until a place is shown."""
        _expect(self.page.locator("main")).to_have_attribute("data-shown", place)

    def evaluate(self, script: str) -> Any:
        return self.page.evaluate(script)


@pytest.fixture
def tab(browser: Any, served: str) -> Iterator[Tab]:
    made = Tab(browser, served)
    yield made
    made.context.close()
    assert made.faults == []


def _violations(page: Any) -> list[tuple[str, str]]:
    """What axe finds on a page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page).response["violations"]
    return [(one["id"], node["html"][:200]) for one in found for node in one["nodes"]]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_shown_and_accessible(tab: Tab, page: str) -> None:
    tab.open(page, more=PAGES[page])
    assert tab.page.locator("[role=alert]").count() == 0
    for theme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=theme)
        assert _violations(tab.page) == [], theme
    for width, height in WIDTHS.items():
        tab.page.set_viewport_size({"width": width, "height": height})
        wider = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, width


def test_hostile_names_make_nothing(tab: Tab) -> None:
    from urllib.parse import quote

    places = {**PAGES, "symbol": f"&symbol={quote(SYMBOL)}", "scanner": f"&scanner={quote(SCANNER)}"}
    for page, more in places.items():
        tab.open(page, run="hostile", more=more.replace("&at=13:05", ""))
        made = "main img, main script, main b, main i, main u, header script, header img"
        assert tab.page.locator(made).count() == 0, page
        assert tab.page.locator("script").count() == 1
        assert [one for one in tab.faults if "status of 400" not in one] == [], page
    tab.faults.clear()  # it has no bars, which the server said
    tab.open("hits", run="hostile")
    _expect(tab.page.locator(".grid")).to_contain_text(SYMBOL)


def test_numbers_are_those_of_the_files(tab: Tab, runs: Path) -> None:
    scans = pl.read_csv(runs / "demo" / "scans.csv")
    stays = pl.read_parquet(runs / "demo" / "episodes" / "*.parquet")
    tab.open("overview")
    cards = tab.page.locator(".cards dd").all_text_contents()
    sums = (scans.height, scans["found"].sum(), scans["new"].sum(), stays.height, stays["symbol"].n_unique())
    assert cards[:5] == [f"{one:,}" for one in sums]
    tab.open("hits", more="&sort=-highest_pct")
    best = stays.sort("highest_pct", descending=True, nulls_last=True).row(0, named=True)
    first = tab.page.locator(".grid-row").first
    _expect(first).to_contain_text(best["symbol"])
    _expect(first).to_contain_text(f"+{best['highest_pct']:.2f}")
    tab.page.get_by_role("button", name="price").click()
    tab.shown("#/hits?run=demo&sort=-price")
    dearest = stays.sort("price", descending=True)["price"][0]
    _expect(tab.page.locator(".grid-row").first).to_contain_text(f"{dearest:.2f}")
    assert int(tab.page.locator(".grid").get_attribute("aria-rowcount")) == stays.height + 1


def _instants(answer: Any) -> Iterator[float]:
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, list):
        for one in answer:
            yield from _instants(one)
    elif isinstance(answer, int | float) and 1.7e9 < answer < 1.9e9:
        yield answer


def test_nothing_later_than_the_slider_is_fetched(tab: Tab) -> None:
    until = 1_768_500_300  # 13:05 in New York
    for page in ("overview", "hits", "hits, now", "symbol", "scanner"):
        tab.answers.clear()
        tab.open(page, more=PAGES[page].replace("&at=13:05", "") + f"&session={DAY}&at=13:05")
        asked = [one for one in tab.answers if "/api/" in one.url and "/times?" not in one.url]
        assert len(asked) >= 2
        assert [at for one in asked for at in _instants(one.json()) if at > until] == [], page


def test_criteria_are_what_why_says_of_that_scan(
    tab: Tab, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(runs.parent)  # where the configuration's universe is
    run = symscan.open_run(runs / "demo")
    symbol = run.hits["symbol"][-1]
    said = run.why(symbol, "13:00", store=runs.parent / "demo" / "store").record
    tab.open("symbol", more=f"&symbol={symbol}&at=13:00&why=1")
    panel = tab.page.locator(".criteria")
    for one in said["scanners"]:
        for scan in one["scans"]:
            rows = tab.page.get_by_role("region", name=f"clauses of {one['scanner']}").locator("tbody tr")
            _expect(rows).to_have_count(len(scan["clauses"]))
            _expect(panel).to_contain_text(scan["verdict"])
            for place, clause in enumerate(scan["clauses"]):
                word = {"true": "yes", "false": "NO", "unknown": "unknown", None: "–"}[clause["holds"]]
                _expect(rows.nth(place).locator("td").first).to_contain_text(clause["clause"])
                _expect(rows.nth(place).locator("td").last).to_have_text(word)


def test_keys_and_links_lead_where_they_say(tab: Tab) -> None:
    tab.open("overview")
    tab.page.keyboard.press("g")
    tab.page.keyboard.press("h")
    tab.shown("#/hits?run=demo")
    tab.page.keyboard.press("j")
    tab.page.keyboard.press("j")
    _expect(tab.page.locator(".grid-row[aria-selected=true]")).to_have_count(1)
    tab.page.keyboard.press("ArrowLeft")
    _expect(tab.page.locator(".as-of")).to_have_text("as of 16:00")
    tab.page.keyboard.press("Shift+ArrowLeft")
    _expect(tab.page.locator("main")).to_have_attribute("data-shown", tab.evaluate("location.hash"))
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("GEN045")
    tab.page.keyboard.press("Enter")
    _expect(tab.page.locator(".page-symbol h1")).to_contain_text("GEN045")
    tab.page.go_back()
    _expect(tab.page.locator(".grid")).to_be_visible()
    tab.page.keyboard.press("Escape")
    _expect(tab.page.locator(".as-of")).to_have_text("whole session")
    tab.page.keyboard.press("?")
    _expect(tab.page.get_by_role("dialog")).to_be_visible()


def test_what_is_wrong_says_the_next_step(browser: Any, served: str) -> None:
    tab = Tab(browser, served)
    said = {
        "#/overview?run=none": "there is no such run here",
        "#/hits?run=demo&where=nothing>1": "the filter is refused",
        f"#/hits?run=demo&session={DAY}&where=price>1e9": "Filters hide all",
        "#/symbol?run=demo&symbol=NONE": "has no bars of 'NONE'",
        "#/symbol?run=demo": "Which symbol?",
        "#/symbol?run=hostile&symbol=A": "has no bars of 'A'",
    }
    for place, words in said.items():
        tab.page.goto("about:blank")
        tab.page.goto(f"{served}{place}")
        _expect(tab.page.locator("main .empty").first).to_contain_text(words)
        assert tab.page.locator("main .empty p").count() >= 2
    tab.context.close()


def test_a_tab_outlives_its_server(browser: Any, runs: Path) -> None:
    with _served(runs) as (address, process):
        tab = Tab(browser, address)
        tab.open("overview")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        tab.page.keyboard.press("g")
        tab.page.keyboard.press("h")
        _expect(tab.page.locator("#banner")).to_contain_text("The server is gone")
        port = int(address.rsplit(":", 1)[1].strip("/"))
        with _served(runs, port):
            _expect(tab.page.locator("#banner")).to_be_empty()
            tab.shown("#/hits?run=demo")
            _expect(tab.page.locator(".grid-row").first).to_be_visible()
        tab.context.close()


def test_ctrl_c_ends_it_with_a_tab_open(browser: Any, runs: Path) -> None:
    with _served(runs) as (address, process):
        tab = Tab(browser, address)
        tab.open("overview")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
        assert (process.returncode, out, err) == (0, "", "")
        tab.context.close()


def _came_and_went(folder: Path) -> list[tuple[str, str]]:
    """Who came to a list or left it in a live session, by its events."""
    lists: dict[str, list[str]] = {}
    told = []
    for event in symscan.follow(folder):
        if event.kind == "scan_finished" and event.data["outcome"] == "ok":
            before, here = lists.get(event.data["scanner"], []), event.data["hits"]["symbols"]
            told += [("came", one) for one in here if one not in before]
            told += [("left", one) for one in before if one not in here]
            lists[event.data["scanner"]] = here
    return told


def test_a_session_is_followed_though_the_server_is_killed(browser: Any, runs: Path, tmp_path: Path) -> None:
    market = runs.parent / "demo"
    config = json.loads((market / "demo.json").read_text())
    (tmp_path / "demo.json").write_text(json.dumps({**config, "mode": "live"}))
    shutil.copytree(market / "data", tmp_path / "data")
    of = ("--store", str(market / "store"), "--source", "replay", "--date", DAY, "--from", "15:00")
    session = started(tmp_path, "live", "demo.json", *of, "--speed", "240", "--out", "live/one", "--quiet")
    wait_for_file(tmp_path / "live" / "one" / "session.sqlite")
    with _served(tmp_path / "live") as (address, process):
        tab = Tab(browser, address)
        tab.page.goto(f"{address}#/live")
        _expect(tab.page.locator(".state")).to_contain_text("the session's time is")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with _served(tmp_path / "live", int(address.rsplit(":", 1)[1].strip("/"))):
        said = session.communicate(timeout=LIMIT)
        assert session.returncode == 0, said
        _expect(tab.page.locator(".state")).to_contain_text("the session is over")
        told = _came_and_went(tmp_path / "live" / "one")
        assert len(told) > 10
        _expect(tab.page.locator(".grid")).to_have_attribute("aria-rowcount", str(len(told) + 1))
        for row, (what, symbol) in enumerate(reversed(told[-5:])):
            _expect(tab.page.locator(f"[aria-rowindex='{row + 2}'][role=row]").last).to_contain_text(symbol)
            words = "left" if what == "left" else "↑"
            _expect(tab.page.locator(f"[aria-rowindex='{row + 2}'][role=row]").last).to_contain_text(words)
        tab.context.close()
