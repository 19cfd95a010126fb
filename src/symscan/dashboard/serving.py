"""Serve the dashboard until it is stopped: its sockets, its address, its end."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from time import monotonic
from typing import Final
from urllib.parse import quote

from symscan.dashboard.opened_runs import OpenedRuns
from symscan.errors import InputError

LOOPBACK: Final = "localhost"
TOKEN_VARIABLE: Final = "SYMSCAN_DASHBOARD_TOKEN"
_MOST_CONNECTIONS: Final = 128
_LARGEST_HEAD: Final = 32_768
_PORTS_TRIED: Final = 20
_NO_SUCH_ADDRESS: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@dataclass(frozen=True, slots=True)
class ServingAddress:
    """Where the dashboard is served.

    Attributes
    ----------
    host
        A name or an address of this computer.
    port
        0 for any that is free.
    names
        Further names by which it may be addressed, of a proxy before it.
    token_file
        Holds the token; None for the environment's.
    """

    host: str = LOOPBACK
    port: int = 8737
    names: Sequence[str] = ()
    token_file: Path | None = None


def serve(folder: OpenedRuns, address: ServingAddress, started: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Parameters
    ----------
    started
        Is called with the address to open, once it answers.

    Raises
    ------
    InputError
        If the extra is not installed, the host is not of this computer, the port is taken, or a token is
        needed and there is none.
    """
    try:
        import uvicorn

        from symscan.dashboard.application import make_application
        from symscan.dashboard.security import Access
        from symscan.dashboard.sign_in import SignIn
    except ImportError as error:
        if (error.name or "").startswith("symscan"):
            raise
        raise InputError(
            f"the dashboard needs {error.name}; install it with: pip install 'symscan[dashboard]'"
        ) from None
    folder.listed()  # says so now where there is no such folder
    token = _token(address)
    sign_in = None if token is None else SignIn(token, monotonic)
    is_loopback = _is_loopback(address.host)
    names = (address.host.lower(), socket.gethostname().lower(), *map(str.lower, address.names))
    sockets = _bind(address)
    app = make_application(
        folder, Access(is_loopback, () if is_loopback and not address.names else names, sign_in)
    )
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=_MOST_CONNECTIONS,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    started(_url(address, sockets[0].getsockname()[1], token))
    try:
        uvicorn.Server(config).run(sockets=sockets)
    except KeyboardInterrupt:
        return  # which is how it ends
    finally:
        for one in sockets:
            one.close()


def _url(address: ServingAddress, port: int, token: str | None) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    shown = socket.gethostname() if address.host in ("0.0.0.0", "::") else host
    return f"http://{shown}:{port}/" + ("" if token is None else f"#token={quote(token, safe='')}")


def _token(address: ServingAddress) -> str | None:
    """Return the token; None on the loopback, where none is needed unless one is given.

    Raises
    ------
    InputError
        If there is none where one is needed, or others may read its file.
    """
    if address.token_file is not None:
        return _token_of(address.token_file)
    token = os.environ.get(TOKEN_VARIABLE)
    if token is None and not _is_loopback(address.host):
        raise InputError(
            f"--host {address.host} can be reached from other computers, and needs a token: give "
            f"--token-file FILE, or set {TOKEN_VARIABLE}; without --host only this computer reaches it"
        )
    return token


def _token_of(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"{path}: the token cannot be read ({reason})") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(f"{path}: others may read the token; 'chmod 600 {path}' makes it yours alone")
    return token


def _is_loopback(host: str) -> bool:
    if host.lower() == LOOPBACK:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(address: ServingAddress) -> list[socket.socket]:
    """Bind every address of the host: of this computer's both, of version 4 and 6.

    Raises
    ------
    InputError
        If it is not of this computer, or the port is taken.
    """
    try:
        places = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError:
        raise InputError(f"there is no host '{address.host}'; give an address of this computer") from None
    bound: list[socket.socket] = []
    port = address.port
    for family, kind, protocol, _, place in sorted(set(places), key=lambda one: one[0]):
        try:
            bound.append(_listening(family, kind, protocol, (place[0], port)))
        except OSError as error:
            if bound and error.errno in _NO_SUCH_ADDRESS:
                continue  # a computer without version 6
            for one in bound:
                one.close()
            raise _refused(address, error) from None
        port = bound[0].getsockname()[1]
    return bound


def _listening(family: int, kind: int, protocol: int, place: tuple[str | int, int]) -> socket.socket:
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(place)
        made.listen(_MOST_CONNECTIONS)
    except OSError:
        made.close()
        raise
    return made


def _refused(address: ServingAddress, error: OSError) -> InputError:
    free = next(
        (one for one in range(address.port + 1, address.port + _PORTS_TRIED) if _is_free(address, one)), None
    )
    hint = f"; --port {free} is free" if free is not None else ""
    return InputError(f"port {address.port} of {address.host} cannot be used ({error.strerror}){hint}")


def _is_free(address: ServingAddress, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address.host, port))
        except OSError:
            return False
        return True
