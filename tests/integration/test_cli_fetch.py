"""``symscan data fetch`` as a user runs it, against the stand-in server."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("alpaca", reason="the broker's client is an extra")

from support.alpaca.days import bar
from support.alpaca.server import AlpacaServer, ServerSplit
from support.cli import Ended, call, started
from support.waiting import LIMIT
from symscan.model.interval import ONE_DAY, ONE_MINUTE
from symscan.sources.store.bar_store import BarStore


def dates(start: str, end: str) -> tuple[str, ...]:
    return "--start", start, "--end", end


RANGE = dates("2024-03-08", "2024-03-11")
STORE = ("--store", "store")
IEX = ("data", "fetch", "--source", "alpaca", "--feed", "iex", *STORE)
BOTH = ("--interval", "1m", "--interval", "1d")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AlpacaServer]:
    with AlpacaServer(page_limit=3) as server:
        server.rest.add_bars("1Min", [bar("AAA", f"2024-03-08 15:0{minute}") for minute in range(7)])
        server.rest.add_bars("1Day", [bar("AAA", "2024-03-08 05:00"), bar("BBB", "2024-03-11 04:00")])
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        yield server


def fetch(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    return call(capsys, *IEX, *arguments)


def set_clock(server: AlpacaServer, text: str) -> None:
    """Let the market's clock show a time in UTC."""
    server.rest.clock_offset = datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime.now(UTC)


def test_a_universe_is_fetched_and_reported(server: AlpacaServer, capsys: pytest.CaptureFixture[str]) -> None:
    Path("three.txt").write_text("AAA\nBBB\nCCC\n")
    server.rest.splits.append(ServerSplit("BBB", datetime(2024, 3, 11).date(), 2.0))
    ended = fetch(capsys, "--universe", "three.txt", "--symbols", "AAA, DDD", *BOTH, *RANGE)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "Fetched 2 1d bars into store: 4 symbols, 2 sessions from 2024-03-08 to 2024-03-11.",
        "Fetched 7 1m bars into store: 4 symbols, 2 sessions from 2024-03-08 to 2024-03-11.",
        "  1 split new to the store",
        "  symbols without any bar among them: CCC, DDD",
    ]
    store = BarStore(Path("store"))
    assert store.origin == "alpaca:iex"
    assert (store.symbols(ONE_DAY), store.symbols(ONE_MINUTE)) == ({"AAA", "BBB"}, {"AAA"})
    listed = call(capsys, "data", "ls", *STORE).out.splitlines()
    assert listed[-2:] == ["Fetched from alpaca:iex.", "1 split of 1 symbol."]
    assert call(capsys, "data", "check", *STORE).code == 0


def test_the_same_command_again_fetches_nothing(
    server: AlpacaServer, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("--symbols", "AAA,CCC", "--interval", "1m,1d", *RANGE)
    assert fetch(capsys, *command).code == 0
    asked = len(server.rest.requests)
    ended = fetch(capsys, *command)
    assert (ended.code, ended.out) == (0, "Nothing to fetch: store has all from 2024-03-08 to 2024-03-11.\n")
    assert {path for path, _ in server.rest.requests[asked:]} == {"/v2/clock"}


def test_a_session_that_is_not_over_is_left_out(
    server: AlpacaServer, capsys: pytest.CaptureFixture[str]
) -> None:
    set_clock(server, "2024-03-12 00:10")
    ended = fetch(capsys, "--symbols", "AAA", "--interval", "1d", *RANGE)
    assert ended.out.splitlines() == [
        "Fetched 1 1d bar into store: 1 symbol, 1 session from 2024-03-08 to 2024-03-08.",
        "  2024-03-11 is left out: it can be fetched whole from 20:16 EDT on",
    ]
    ended = fetch(capsys, "--symbols", "AAA", "--interval", "1d", *dates("2024-03-11", "2024-03-12"))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "error: the session of 2024-03-11 is not over; it can be fetched from 20:16 EDT on\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--interval", "1m", *RANGE), "whose bars? give --universe NAME, or --symbols A,B"),
        (("--symbols", "A", "--interval", "5m", *RANGE), "--interval 5m: 1m and 1d are fetched"),
        (
            ("--symbols", "A", "--interval", "1m", *dates("2024-03-09", "2024-03-10")),
            "no session from",
        ),
        (
            ("--symbols", "A", "--interval", "1m", *dates("2024-03-11", "2024-03-08")),
            "swap the dates",
        ),
        (("--symbols", "A", *RANGE), "missing option '--interval'"),
        (("--universe", "nothing", "--interval", "1m", *RANGE), "there is no universe 'nothing'"),
    ],
)
def test_what_cannot_be_fetched_is_said_and_nothing_is_left(
    server: AlpacaServer, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    ended = fetch(capsys, *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert server.rest.requests == []
    assert not Path("store").exists()


@pytest.mark.usefixtures("server")
def test_the_feed_is_never_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "data", "fetch", *STORE, "--symbols", "A", "--interval", "1m", *RANGE)
    assert ended.code == 2
    assert "Alpaca has two feeds; say --feed iex or --feed sip" in ended.err
    ended = call(
        capsys, "data", "fetch", "--feed", "otc", *STORE, "--symbols", "A", "--interval", "1m", *RANGE
    )
    assert ended.code == 2
    assert "--feed otc: Alpaca has iex (one exchange, free) and sip (all of them)" in ended.err


@pytest.mark.usefixtures("server")
def test_another_feed_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    command = ("--symbols", "AAA", "--interval", "1d", *RANGE)
    fetch(capsys, *command)
    ended = call(capsys, "data", "fetch", "--feed", "sip", *STORE, *command)
    assert ended.code == 2
    assert (
        "store: the store holds bars fetched from alpaca:iex, and those of alpaca:sip do not mix" in ended.err
    )
    Path("A.csv").write_text("date,open,high,low,close,volume\n2024-03-08,1,1,1,1,5\n")
    ended = call(capsys, "data", "import", "A.csv", *STORE, "--interval", "1d")
    assert ended.code == 2
    assert "imported ones do not mix" in ended.err


@pytest.mark.usefixtures("server")
def test_wrong_keys_and_none_at_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("--symbols", "AAA", "--interval", "1d", *RANGE)
    monkeypatch.setenv("APCA_API_SECRET_KEY", "wrong-secret")
    ended = fetch(capsys, *command)
    assert ended.code == 1
    assert "check APCA_API_KEY_ID and APCA_API_SECRET_KEY" in ended.err
    assert ended.err.endswith("; nothing was fetched\n")
    assert "wrong-secret" not in ended.err
    monkeypatch.delenv("APCA_API_SECRET_KEY")
    ended = fetch(capsys, *command)
    assert ended.code == 2
    assert "APCA_API_SECRET_KEY is not set" in ended.err
    assert not Path("store").exists()


@pytest.mark.slow
def test_ctrl_c_keeps_whole_sessions_and_the_same_command_goes_on(
    server: AlpacaServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    many = [f"S{number:04}" for number in range(1300)]  # so many that every session is a part of its own
    Path("many.txt").write_text("\n".join(["AAA", *many]))
    server.rest.add_bars("1Min", [bar("AAA", "2024-03-11 15:00")])
    command = (*IEX, "--universe", "many.txt", "--interval", "1m", *RANGE)
    server.rest.held = lambda _, query: query.get("start", "").startswith("2024-03-11")
    process = started(tmp_path, *command)
    server.wait(lambda: bool(_asked(server, "2024-03-11")))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=LIMIT)
    server.rest.held = lambda *_: False
    assert (process.returncode, out) == (130, "")
    assert err == "interrupted; what came before is in store, and the same command goes on from there\n"
    assert BarStore(Path("store")).sessions(ONE_MINUTE) == [datetime(2024, 3, 8).date()]
    ended = call(capsys, *command)
    assert ended.out.startswith("Fetched 1 1m bar into store: 1,301 symbols, 1 session")
    assert len(BarStore(Path("store")).sessions(ONE_MINUTE)) == 2


def _asked(server: AlpacaServer, day: str) -> list[dict[str, str]]:
    return [query for query in server.rest.asked("/v2/stocks/bars") if query["start"].startswith(day)]


def test_symbols_that_the_broker_refuses_are_named(
    server: AlpacaServer, capsys: pytest.CaptureFixture[str]
) -> None:
    set_clock(server, "2024-03-12 12:00")
    server.rest.invalid.add("B-B")
    days = ("--start", "2024-03-08", "--end", "2024-03-08", *BOTH)
    ended = fetch(capsys, "--symbols", "AAA,B-B", *days)
    assert (ended.code, ended.err) == (0, "")
    assert "  Alpaca refuses B-B: invalid symbol: B-B\n" in ended.out
    ended = fetch(capsys, "--symbols", "B-B", *days)
    assert ended.code == 1
    assert "Alpaca refuses every one of the 1 symbols (invalid symbol: B-B)" in ended.err
