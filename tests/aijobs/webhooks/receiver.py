"""An endpoint of a tenant's: a real server on the loopback, which answers each path as a test wants."""

import json
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request, and when it was whole."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[socket.socket, Received], None]


def status(code: int, *headers: str, body: bytes = b"") -> Answer:
    """An ordinary answer."""

    def answer(connection: socket.socket, received: Received) -> None:
        lines = [f"HTTP/1.1 {code} X", f"Content-Length: {len(body)}", "Connection: close", *headers]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return answer


OK = status(200, "Content-Type: text/plain", body=b"thank you")


@dataclass
class Receiver:
    """`answers`: by path. Every other path takes whatever comes."""

    address: str
    answers: dict[str, Answer] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    # Ends those that never answer.
    over: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def url(self, path: str = "/") -> str:
        return f"http://{self.address}{path}"

    def at(self, path: str) -> list[Received]:
        with self.arrived:
            return [each for each in self.received if each.path == path]

    def seqs(self, path: str) -> dict[str, list[int]]:
        """What arrived of each job, in that order."""
        found = defaultdict(list)
        for each in self.at(path):
            found[each.event["job_id"]].append(each.event["seq"])
        return dict(found)

    def wait_for(self, number: int, path: str = "/", seconds: float = 60.0) -> list[Received]:
        with self.arrived:
            there = lambda: sum(each.path == path for each in self.received) >= number  # noqa: E731
            assert self.arrived.wait_for(there, seconds), f"{len(self.received)} have arrived"
        return self.at(path)

    def never(self, connection: socket.socket, received: Received) -> None:
        """Takes the request and says nothing."""
        self.over.wait()

    def drip(self, connection: socket.socket, received: Received) -> None:
        """Says 200, and never ends."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with suppress(OSError):
            while not self.over.wait(0.1):
                connection.sendall(b".")

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError):
            received = _read(connection)
            with self.arrived:
                self.received.append(received)
                self.arrived.notify_all()
            self.answers.get(received.path, OK)(connection, received)


def _read(connection: socket.socket) -> Received:
    with connection.makefile("rb") as file:
        _, path, _ = file.readline().decode().split()
        lines = b""
        while (line := file.readline()).strip():
            lines += line
        headers = {name.lower(): value for name, value in BytesParser().parsebytes(lines).items()}
        return Received(path, headers, file.read(int(headers.get("content-length", 0))), time.monotonic())


@contextmanager
def receiver() -> Iterator[Receiver]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        made = Receiver(f"127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=_accept, args=[listener, made], daemon=True).start()
        try:
            yield made
        finally:
            made.over.set()
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, made: Receiver) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=made._serve, args=[connection], daemon=True).start()
