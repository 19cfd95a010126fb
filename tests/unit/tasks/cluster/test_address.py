"""Whoever can connect to a scheduler runs code on its workers: elsewhere it has to be encrypted."""

from __future__ import annotations

import pytest

from symscan.errors import InputError
from symscan.tasks.cluster.address import checked_address


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("localhost:8786", "tcp://localhost:8786"),
        ("tcp://localhost:8786/", "tcp://localhost:8786"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"),
        ("tls://scheduler.example:8786", "tls://scheduler.example:8786"),
    ],
)
def test_this_computer_and_encrypted_ones(given: str, address: str) -> None:
    assert checked_address(given, allows_insecure=False) == address


@pytest.mark.parametrize("given", ["scheduler:8786", "tcp://scheduler.example:8786", "192.0.2.1:8786"])
def test_others_have_to_be_allowed(given: str) -> None:
    with pytest.raises(InputError, match=r"neither encrypts nor authenticates.*use tls://, or .*--insecure"):
        checked_address(given, allows_insecure=False)
    assert checked_address(given, allows_insecure=True).startswith("tcp://")


@pytest.mark.parametrize("given", ["", "scheduler", "tls://scheduler", "udp://a:1", "a:0", "a:70000"])
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(InputError, match="is no address of a Dask scheduler; write it as tls://"):
        checked_address(given, allows_insecure=True)
