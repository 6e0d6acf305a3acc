"""Servers on the loopback, and a fake of the resolver. Everything else is real."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

# What no client may be led to.
NOT_PUBLIC = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0/",
    "http://localhost/",
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://100.100.100.200/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b:1::808:808]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fd00:ec2::254]/",
    "http://public@127.0.0.1/",
    "http://user:secret@8.8.8.8/",
    "http://8.8.8.8:6379/",
    "http://8.8.8.8:443/",
    "https://8.8.8.8:80/",
    "http://8.8.8.8:0/",
    "ftp://8.8.8.8/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
]

Answering = Callable[[socket.socket], None]
Serve = Callable[[Answering], int]


@pytest.fixture
def serve(settings: Any) -> Iterator[Serve]:
    """Starts a server that says to each connection what the test wants; returns its port, which is allowed."""
    listeners: list[socket.socket] = []

    def start(answer: Answering) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        port: int = listener.getsockname()[1]
        settings.AIJOBS_OUTBOUND_ALLOW = [f"page:127.0.0.1:{port}"]
        threading.Thread(target=_accept, args=[listener, answer], daemon=True).start()
        return port

    yield start
    for listener in listeners:
        # Who waits in `accept` hears of this, and not of a close.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, answer: Answering) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                answer(connection)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Names resolve to each of the answers in turn; literal addresses are left alone. Returns who was asked for."""
    real, asked, left = socket.getaddrinfo, list[str](), list(answers)

    def fake(host: str, port: int | None, *arguments: Any, **options: Any) -> Any:
        try:
            return real(host, port, *arguments, **{**options, "flags": socket.AI_NUMERICHOST})
        except socket.gaierror:
            asked.append(host)
            addresses = left.pop(0)
            families = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in addresses]
            return [(family, 1, 6, "", (each, port)) for family, each in zip(families, addresses, strict=True)]

    monkeypatch.setattr(socket, "getaddrinfo", fake)
    return asked
