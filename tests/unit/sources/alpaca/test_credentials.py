"""Keys and addresses from the environment."""

from __future__ import annotations

import sys

import pytest

from symscan.errors import InputError
from symscan.sources.alpaca.credentials import AlpacaHosts, AlpacaKeys
from symscan.sources.alpaca.rest import AlpacaRest

KEYS = {"APCA_API_KEY_ID": "PKTHEKEY", "APCA_API_SECRET_KEY": "the-secret"}


def test_keys_come_from_the_environment_and_do_not_show() -> None:
    keys = AlpacaKeys.from_environment(KEYS)
    assert (keys.key_id, keys.secret) == ("PKTHEKEY", "the-secret")
    assert "THEKEY" not in f"{keys!r} {keys}" and "secret" not in f"{keys!r} {keys}"
    assert keys.redact("no: PKTHEKEY/the-secret") == "no: ***/***"


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_key_is_named(name: str, value: str | None) -> None:
    rest = {other: text for other, text in KEYS.items() if other != name}
    with pytest.raises(InputError, match=f"^{name} is not set") as caught:
        AlpacaKeys.from_environment(rest if value is None else rest | {name: value})
    assert "the-secret" not in str(caught.value) and "THEKEY" not in str(caught.value)


def test_both_keys_missing() -> None:
    with pytest.raises(InputError, match="APCA_API_KEY_ID and APCA_API_SECRET_KEY are not set"):
        AlpacaKeys.from_environment({})


def test_the_clock_is_asked_where_the_keys_belong() -> None:
    hosts = AlpacaHosts()
    paper, live = hosts.trading_urls(paper=True)
    assert "paper" in paper and hosts.trading_urls(paper=False) == (live, paper)
    assert AlpacaKeys("PK1", "s").is_paper and not AlpacaKeys("AK1", "s").is_paper


def test_addresses_come_from_the_environment() -> None:
    hosts = AlpacaHosts.from_environment(
        {
            "APCA_API_DATA_URL": "http://localhost:8080/",
            "APCA_API_STREAM_URL": "ws://localhost:8080",
            "APCA_API_BASE_URL": "https://example.org/v2",
        }
    )
    assert hosts == AlpacaHosts("http://localhost:8080", "ws://localhost:8080", "https://example.org")
    assert hosts.trading_urls(paper=True) == ("https://example.org",)
    assert AlpacaHosts.from_environment({}) == AlpacaHosts()


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("APCA_API_DATA_URL", "http://example.org"),
        ("APCA_API_STREAM_URL", "ws://example.org"),
        ("APCA_API_BASE_URL", "http://localhost.example.org"),
    ],
)
def test_keys_do_not_travel_unencrypted(name: str, address: str) -> None:
    with pytest.raises(InputError, match=f"{name}: .*not encrypted"):
        AlpacaHosts.from_environment({name: address})


@pytest.mark.parametrize(
    "address", ["data.alpaca.markets", "https://", "ftp://example.org", "https://[", "wss://x"]
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InputError, match=r"APCA_API_DATA_URL: .*write https://"):
        AlpacaHosts.from_environment({"APCA_API_DATA_URL": address})


def test_a_feed_that_does_not_exist() -> None:
    with pytest.raises(InputError, match="feed 'nyse'"):
        AlpacaRest(AlpacaKeys("k", "s"), AlpacaHosts(), "nyse")


def test_a_missing_client_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "alpaca", None)
    with pytest.raises(InputError, match=r"pip install 'symscan\[alpaca\]'"):
        AlpacaRest(AlpacaKeys("k", "s"), AlpacaHosts(), "iex")
