"""One message through apprise, to a real server that does what services do."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from support.alert_server import AlertServer, Taken, alert_server
from symscan.alerts.delivery import Fate, Service
from symscan.errors import InputError

# apprise takes seconds to import its services, some of which warn of what is old in them.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
pytest.importorskip("apprise")


@pytest.fixture
def server() -> Iterator[AlertServer]:
    with alert_server() as server:
        yield server


@pytest.mark.parametrize(
    ("how", "fate", "reason"),
    [
        ("200", Fate.SENT, ""),
        ("204", Fate.SENT, ""),
        ("400", Fate.REJECTED, "HTTP 400"),
        ("401", Fate.GONE, "HTTP 401"),
        ("404", Fate.GONE, "HTTP 404"),
        ("429", Fate.REFUSED, "HTTP 429"),
        ("503", Fate.REFUSED, "HTTP 503"),
        ("die", Fate.PERHAPS, "the connection broke"),
        ("stall", Fate.PERHAPS, "no answer in time"),
        ("half", Fate.PERHAPS, "JSON does not say that it was sent"),
    ],
)
def test_what_became_of_a_message_is_told_without_the_address(
    server: AlertServer, caplog: pytest.LogCaptureFixture, how: str, fate: Fate, reason: str
) -> None:
    caplog.set_level(logging.DEBUG)
    more = "?rto=0.3" if how == "stall" else ""

    delivery = Service(server.url(how, more)).send("a title", "a <b>text</b>\nof two lines")

    assert (delivery.fate, delivery.reason) == (fate, reason)
    assert delivery.retry_after_seconds == (7.0 if how == "429" else None)
    assert server.taken == [Taken("a title", "a <b>text</b>\nof two lines", f"/{how}/hushpath")]
    assert "hush" not in caplog.text


def test_without_a_server_nothing_is_taken(server: AlertServer) -> None:
    url = server.url().replace(str(server.port), "1")

    assert Service(url).send("a", "b").reason == "no connection"


@pytest.mark.parametrize("url", ["hush://phone", "tgram://hush", "", "hush"])
def test_an_address_that_is_none_is_not_shown(url: str) -> None:
    with pytest.raises(InputError) as caught:
        Service(url)

    assert "hush" not in str(caught.value)
