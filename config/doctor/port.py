"""The port on which `up` serves: free, or in use by whom."""

import errno
import os
import socket
from contextlib import suppress

import httpx

from config.doctor.findings import Finding, broken, fine, reason
from config.doctor.place import Place

try:
    import psutil
except ImportError:
    # Production has no such package; the port is said to be in use all the same.
    psutil = None  # type: ignore[assignment]

CHECK = "port"
STREAMS = "streams"
API, EVENTS = "config.rsgi:application", "config.asgi:application"
HOST = "127.0.0.1"
DEFAULT = 8000


def check(place: Place) -> Finding:
    served = ports_of(place.up, API)
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


def ports_of(up: str | None, application: str) -> list[int]:
    """Those on which the child of an `up` that serves this application listens, itself or by its own children."""
    found: set[int] = set()
    if psutil and up and up.isdigit():
        with suppress(psutil.Error):
            for child in psutil.Process(int(up)).children():
                with suppress(psutil.Error):
                    if application in child.cmdline():
                        for each in (child, *child.children(recursive=True)):
                            found |= _listens_on(each)
    return sorted(found)


def _listens_on(process: "psutil.Process") -> set[int]:
    return {each.laddr.port for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN}


def _user_of(port: int) -> str:
    """Who listens there, as far as this user may know."""
    what = "another AI Jobs, " if _is_ai_jobs(port) else ""
    if psutil:
        with suppress(psutil.Error):
            for each in psutil.net_connections("tcp"):
                if each.status == psutil.CONN_LISTEN and tuple(each.laddr)[1:] == (port,) and each.pid:
                    return f"{what}{psutil.Process(each.pid).name()} (process {each.pid})"
    return f"{what}a program whose name this user may not see"


def streams(place: Place) -> Finding:
    """Whether the events process answers, where anybody is sent to it."""
    served = ports_of(place.up, EVENTS)
    address = os.environ.get("AIJOBS_EVENTS_URL", "").rstrip("/") or (f"http://{HOST}:{served[0]}" if served else "")
    if not address and place.up:
        return broken(STREAMS, "The events process of this `up` does not listen.", "See events.log in its logs.")
    if not address:
        found = "AIJOBS_EVENTS_URL is not set: the API has no streams and waits, unless a proxy routes them."
        return fine(STREAMS, found)
    try:
        if is_alive(address):
            return fine(STREAMS, f"The events process answers at {address}.")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        found = f"The events process does not answer at {address}: {reason(error)}."
        return broken(STREAMS, found, "Start it, or correct AIJOBS_EVENTS_URL. Callers poll meanwhile.")
    return broken(STREAMS, f"Something else answers at {address}.", "Correct AIJOBS_EVENTS_URL.")


def _is_ai_jobs(port: int) -> bool:
    try:
        return is_alive(f"http://{HOST}:{port}")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return False


def is_alive(address: str) -> bool:
    """Whether the service answers there. Raises httpx's errors, and ValueError for what is no JSON."""
    answer = httpx.get(f"{address}/healthz", timeout=1)
    return bool(answer.json() == {"data": {"status": "alive"}})
