"""The port on which `up` serves: free, or in use by whom."""

import errno
import os
import socket
from contextlib import suppress

import httpx

from config.doctor.findings import Finding, broken, fine
from config.doctor.place import Place

try:
    import psutil
except ImportError:
    # Production has no such package; the port is said to be in use all the same.
    psutil = None  # type: ignore[assignment]

CHECK = "port"
HOST = "127.0.0.1"
DEFAULT = 8000


def check(place: Place) -> Finding:
    served = _ports_of(place.up)
    if served and place.port in (None, *served):
        return fine(CHECK, f"The `up` of this folder (process {place.up}) serves on port {served[0]}.")
    if place.up and place.port is None:
        return fine(CHECK, f"The `up` of this folder (process {place.up}) has its port.")
    port = DEFAULT if place.port is None else place.port
    number = _refusal(port)
    if number is None:
        return fine(CHECK, f"Port {port} on {HOST} is free." if port else "Any free port will do.")
    if number != errno.EADDRINUSE:
        found = f"Port {port} cannot be used ({os.strerror(number)})."
        return broken(CHECK, found, "Start `up` with a --port above 1023.")
    return broken(
        CHECK,
        f"Port {port} is in use by {_user_of(port)}.",
        "Stop that program, or start `up` with another --port.",
    )


def _refusal(port: int) -> int | None:
    """The error's number where the port cannot be had."""
    with socket.socket() as probe:
        # As the server will: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.errno
    return None


def _ports_of(up: str | None) -> list[int]:
    """Those on which an `up` and its children listen; only its API does so on a port."""
    found: set[int] = set()
    if psutil and up and up.isdigit():
        with suppress(psutil.Error):
            for child in psutil.Process(int(up)).children(recursive=True):
                with suppress(psutil.Error):
                    found |= {
                        each.laddr.port for each in child.net_connections("tcp") if each.status == psutil.CONN_LISTEN
                    }
    return sorted(found)


def _user_of(port: int) -> str:
    """Who listens there, as far as this user may know."""
    what = "another AI Jobs, " if _is_ai_jobs(port) else ""
    if psutil:
        with suppress(psutil.Error):
            for each in psutil.net_connections("tcp"):
                if each.status == psutil.CONN_LISTEN and tuple(each.laddr)[1:] == (port,) and each.pid:
                    return f"{what}{psutil.Process(each.pid).name()} (process {each.pid})"
    return f"{what}a program whose name this user may not see"


def _is_ai_jobs(port: int) -> bool:
    try:
        answer = httpx.get(f"http://{HOST}:{port}/healthz", timeout=1)
        return bool(answer.json() == {"data": {"status": "alive"}})
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return False
