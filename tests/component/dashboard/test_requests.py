"""What the dashboard answers, what it refuses, and what it never says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from starlette.testclient import TestClient

from support.hostile_run import KEY, OTHER, SCANNER, SECRET, SYMBOL, write_hostile_run
from symscan.dashboard.application import QUERIES, make_application
from symscan.dashboard.opened_runs import OpenedRuns
from symscan.dashboard.parameters import MOST_CHARACTERS, MOST_ROWS
from symscan.dashboard.queries.lists import harmless
from symscan.dashboard.security import CONTENT_SECURITY_POLICY, Access
from symscan.dashboard.sign_in import SignIn
from symscan.errors import InputError

OWN = "http://localhost:8737"
DAY = "2018-02-27"
TOKEN = "t" * 43


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hostile run, one that is damaged, and things that are none."""
    folder = tmp_path_factory.mktemp("runs")
    run = write_hostile_run(folder)
    damaged = Path(shutil.copytree(run, folder / "damaged"))
    (damaged / "scans.csv").unlink()
    (folder / "notes.txt").write_text(SECRET)
    (folder / "empty").mkdir()
    (folder.parent / "outside").mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def client(runs: Path) -> Iterator[TestClient]:
    with TestClient(make_application(OpenedRuns(runs), Access()), base_url=OWN) as made:
        yield made


def _address(runs: Path, end: str = "") -> str:
    (run,) = (one.name for one in runs.iterdir() if one.name.startswith("<u>"))
    return f"/api/v1/runs/{quote(run, safe='')}{end}"


PARAMS: dict[str, dict[str, Any]] = {
    "/times": {"session": DAY},
    "/overview": {"session": DAY},
    "/stays": {"session": DAY},
    "/now": {"session": DAY},
    "/hits": {"session": DAY, "symbol": SYMBOL},
    "/lanes": {"session": DAY, "symbol": OTHER},
    "/symbols": {"prefix": "<"},
    "/why": {"session": DAY, "symbol": SYMBOL},
    "/scanner": {"scanner": SCANNER},
    "/study": {"scanner": SCANNER},
}


@pytest.mark.parametrize("end", sorted(set(QUERIES) - {"/bars", "/indicators"}))
def test_hostile_names_are_data_in_every_answer(client: TestClient, runs: Path, end: str) -> None:
    answer = client.get(_address(runs, end), params=PARAMS.get(end, {}))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert SECRET not in answer.text
    again = client.get(_address(runs, end), params=PARAMS.get(end, {}))
    assert again.content == answer.content


def test_names_come_as_they_are(client: TestClient, runs: Path) -> None:
    stays = client.get(_address(runs, "/stays"), params={"session": DAY, "sort": "symbol"}).json()["rows"]
    assert stays["symbol"] == [OTHER, OTHER, SYMBOL]
    assert set(stays["scanner"]) == {SCANNER}
    assert KEY in stays["values"][2]
    # A scan that failed ends no stay; the scanner's last one ends them all.
    assert stays["scans"] == [1, 1, 2]
    assert stays["last_price"] == [0.25, 2.0, 0.5]


def test_every_answer_confines_the_page(client: TestClient, runs: Path) -> None:
    for address in ("/", "/static/app.js", _address(runs), "/nothing", "/api/v1/runs/none"):
        headers = client.get(address).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "localhost@evil.example", "192" + ".168.0.7", "", "[", "a b"],
)
def test_a_foreign_host_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/api/v1/runs", headers={"host": host})
    assert (answer.status_code, answer.json()["error"]) == (400, "this server is not known by that name")


@pytest.mark.parametrize("host", ["localhost", "localhost:8737", "[::1]:8737", "127" + ".0.0.1:1"])
def test_names_of_this_computer_are_known(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/runs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
    ],
)
def test_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.get("/api/v1/runs", headers=headers).status_code == 403


def test_a_link_of_another_site_opens_the_page(client: TestClient) -> None:
    opened = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client.get("/", headers=opened).status_code == 200
    assert client.get("/", headers={"origin": OWN, "sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "outside",
        "notes.txt",
        "empty",
        "../outside",
        "%2e%2e",
        "..\\outside",
        "/etc",
        "\0",
        "damaged/../empty",
    ],
)
def test_a_name_is_never_a_path(client: TestClient, name: str) -> None:
    answer = client.get(f"/api/v1/runs/{quote(name, safe='')}")
    assert answer.status_code in (400, 404)
    assert SECRET not in answer.text


@pytest.mark.parametrize("name", ["", ".", "..", "empty/..", "notes.txt"])
def test_a_run_is_one_of_the_folder(runs: Path, name: str) -> None:
    with pytest.raises(InputError):
        OpenedRuns(runs).open(name)


@pytest.mark.parametrize(
    "address", ["/static/../application.py", "/static/%2e%2e/application.py", "/static/vendor/VENDOR.toml"]
)
def test_files_beside_the_page_are_not_served(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_symbols_are_looked_up_and_never_a_path(client: TestClient, runs: Path) -> None:
    answer = client.get(_address(runs, "/bars"), params={"session": DAY, "symbol": OTHER})
    assert answer.status_code == 400
    assert "does not say where its store was" in answer.json()["error"]


@pytest.mark.parametrize(
    ("end", "params", "said"),
    [
        ("/stays", {"session": "today"}, "'session' is 'today', which is no date"),
        ("/stays", {"session": "2018-02-28"}, "the run has no session of 2018-02-28"),
        ("/stays", {}, "'session' is missing"),
        ("/stays", {"session": DAY, "until": "soon"}, "'until' is 'soon'; give seconds since 1970"),
        ("/stays", {"session": DAY, "until": "1e999"}, "give seconds since 1970"),
        ("/stays", {"session": DAY, "limit": MOST_ROWS + 1}, f"give a whole number from 0 to {MOST_ROWS}"),
        ("/stays", {"session": DAY, "offset": "-1"}, "give a whole number"),
        ("/stays", {"session": DAY, "offset": "٣"}, "give a whole number"),
        ("/stays", {"session": DAY, "sort": "values"}, "'sort' is 'values'; it is one of"),
        ("/stays", {"session": DAY, "scanner": "no"}, "there is no scanner 'no' in the run"),
        ("/stays", {"session": DAY, "where": "price >"}, "the filter is refused"),
        ("/stays", {"session": DAY, "where": "close > 1"}, "which stays do not have"),
        ("/stays", {"session": DAY, "where": "AVG(price) > 1"}, "compares symbols with one another"),
        ("/stays", {"session": [DAY, DAY]}, "is given 2 times"),
        ("/stays", {"session": DAY, "user": "x"}, "there is no parameter 'user' here"),
        ("/lanes", {"session": DAY}, "give 1 to 20"),
        ("/lanes", {"session": DAY, "symbol": [str(one) for one in range(21)]}, "give 1 to 20"),
        ("/lanes", {"session": DAY, "symbol": [str(one) for one in range(101)]}, "at most 100"),
        ("/symbols", {"prefix": "x" * 301}, "longer than 300 characters"),
        ("/symbols", {"limit": 201}, "from 0 to 200"),
        ("/bars", {"session": DAY, "symbol": "A", "interval": "1s"}, "it is one of 1m, 5m"),
        ("/scanner", {}, "'scanner' is missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_says_what_can(
    client: TestClient, runs: Path, end: str, params: dict[str, Any], said: str
) -> None:
    answer = client.get(_address(runs, end), params=params)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert answer.json()["hint"]


def test_an_address_has_a_limit(client: TestClient, runs: Path) -> None:
    assert client.get(_address(runs, f"?prefix={'x' * MOST_CHARACTERS}")).status_code == 414
    assert client.request("DELETE", _address(runs)).status_code == 405
    assert client.post(_address(runs)).status_code == 405


def test_a_damaged_run_is_listed_and_says_what_is_wrong(client: TestClient) -> None:
    listed = client.get("/api/v1/runs").json()["runs"]
    assert {one["name"] for one in listed} == {"damaged", "<u>run &"}
    answer = client.get("/api/v1/runs/damaged")
    assert answer.status_code == 409
    assert "scans.csv: the file is missing; run it anew" in answer.json()["error"]


def test_what_has_not_changed_is_not_sent_again(client: TestClient, runs: Path) -> None:
    first = client.get(_address(runs, "/stays"), params={"session": DAY})
    tag = {"if-none-match": first.headers["etag"]}
    assert client.get(_address(runs, "/stays"), params={"session": DAY}, headers=tag).status_code == 304
    assert (
        client.get(_address(runs, "/stays"), params={"session": DAY, "limit": 1}, headers=tag).status_code
        == 200
    )


def test_pages_of_rows_are_the_whole(client: TestClient, runs: Path) -> None:
    address, of = _address(runs, "/stays"), {"session": DAY, "sort": "-price"}
    whole = client.get(address, params=of).json()
    parts = [
        client.get(address, params={**of, "offset": at, "limit": 1}).json()["rows"]
        for at in range(whole["total"])
    ]
    frame = pl.concat([pl.DataFrame(one, infer_schema_length=None) for one in parts], how="vertical_relaxed")
    assert frame.select("symbol", "entered").rows() == list(
        zip(whole["rows"]["symbol"], whole["rows"]["entered"], strict=True)
    )


def test_a_file_of_stays_is_no_program_of_a_spreadsheet(client: TestClient, runs: Path) -> None:
    answer = client.get(_address(runs, "/stays.csv"), params={"session": DAY, "sort": "symbol"})
    assert answer.headers["content-disposition"] == 'attachment; filename="stays.csv"'
    assert pl.read_csv(answer.content)["symbol"].to_list() == [OTHER, OTHER, SYMBOL]
    texts = ["=1+1", "@SUM(A1)", "-2", "+3", "\t=1", "AMD", "BRK.B", None]
    written = pl.DataFrame({"text": texts}).select(harmless("text"))["text"].to_list()
    assert written == ["'=1+1", "'@SUM(A1)", "'-2", "'+3", "'\t=1", "AMD", "BRK.B", None]


def test_a_fault_of_ours_shows_nothing_of_it(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(OpenedRuns, "listed", fail)
    app = make_application(OpenedRuns(runs), Access())
    answer = TestClient(app, base_url=OWN, raise_server_exceptions=False).get("/api/v1/runs")
    assert answer.status_code == 500
    assert SECRET not in answer.text
    assert "content-security-policy" in answer.headers


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_beyond_this_computer_only_the_token_opens_it(runs: Path) -> None:
    clock = _Clock()
    access = Access(False, ("desk",), SignIn(TOKEN, clock))
    client = TestClient(make_application(OpenedRuns(runs), access), base_url="http://desk:8737")
    assert client.get("/").status_code == 200
    assert client.get("/api/v1/runs").status_code == 401
    assert client.get("/api/v1/runs", headers={"cookie": "symscan_session="}).status_code == 401
    wrong = [client.post("/api/v1/sign-in", json={"token": f"{at}"}).status_code for at in range(6)]
    assert wrong == [401, 401, 401, 401, 401, 429]
    assert client.post("/api/v1/sign-in", json={"token": TOKEN}).status_code == 429
    clock.now = 61.0
    foreign = client.post("/api/v1/sign-in", json={"token": TOKEN}, headers={"origin": "http://evil.example"})
    assert foreign.status_code == 403
    assert client.post("/api/v1/sign-in", content=f'{{"token":"{TOKEN}"}}').status_code == 415
    assert client.post("/api/v1/sign-in", json={"token": "x" * 3000}).status_code == 413
    done = client.post("/api/v1/sign-in", json={"token": TOKEN})
    assert done.status_code == 204
    cookie = done.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and TOKEN not in cookie
    assert client.get("/api/v1/runs").status_code == 200
