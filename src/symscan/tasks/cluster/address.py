"""The address of a scheduler: whoever can connect to it runs code on its workers."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final

from symscan.errors import InputError

_ADDRESS: Final = re.compile(r"(?:(tcp|tls)://)?(\[[0-9A-Fa-f:.%]+\]|[\w.-]+):(\d{1,5})/?")
_EXAMPLE: Final = "write it as tls://scheduler.example:8786"


def checked_address(given: str, *, allows_insecure: bool) -> str:
    """Return a scheduler's address with its protocol.

    Parameters
    ----------
    allows_insecure
        Whether it may be elsewhere and not encrypted.

    Raises
    ------
    InputError
        If it is no address, or one of another computer that neither encrypts nor authenticates.
    """
    found = _ADDRESS.fullmatch(given)
    if found is None or not 0 < int(found[3]) < 1 << 16:
        raise InputError(f"'{given}' is no address of a Dask scheduler; {_EXAMPLE}")
    protocol, host = found[1] or "tcp", found[2]
    address = f"{protocol}://{host}:{found[3]}"
    if protocol == "tcp" and not allows_insecure and not _is_here(host):
        raise InputError(
            f"{address}: tcp:// neither encrypts nor authenticates, and whoever reaches a scheduler runs "
            "code on its workers; use tls://, or in a network that is yours --insecure-cluster "
            "(insecure_cluster=True)"
        )
    return address


def _is_here(host: str) -> bool:
    """Whether a host is this computer's loopback."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
