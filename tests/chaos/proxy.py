"""A proxy on a unix socket that hands bytes on, and cuts a connection where its rule says so."""

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CHUNK = 65536


class Rule(ABC):
    """Looks at what passes. One per connection; both directions have a thread of their own."""

    @abstractmethod
    def lets_request(self, data: bytes) -> bool:
        """Whether the client's bytes go on to the server; otherwise the connection is cut."""

    @abstractmethod
    def lets_answer(self, data: bytes) -> bool:
        """Whether the server's bytes go on to the client; otherwise the connection is cut."""


class Proxy:
    """Listens at `address` for as long as it is open, and connects each client to `upstream`."""

    def __init__(self, address: Path, upstream: Path, rule: Callable[[], Rule]) -> None:
        self.upstream = upstream
        self.rule = rule
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(address))
        self._listening.listen(64)
        self._accepting = self._thread(self._accept)

    def close(self) -> None:
        _cut(self._listening)
        self._accepting.join()
        for each in self._sockets:
            _cut(each)
        for thread in self._threads:
            thread.join()
        for each in [self._listening, *self._sockets]:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            self._sockets += [client, server]
            try:
                server.connect(str(self.upstream))
            except OSError:
                _cut(client)
                continue
            rule = self.rule()
            self._thread(lambda c=client, s=server, r=rule: self._hand_on(c, s, r.lets_request))  # type: ignore[misc]
            self._thread(lambda c=client, s=server, r=rule: self._hand_on(s, c, r.lets_answer))  # type: ignore[misc]

    def _hand_on(self, source: socket.socket, target: socket.socket, lets: Callable[[bytes], bool]) -> None:
        with suppress(OSError):
            while (data := source.recv(CHUNK)) and lets(data):
                target.sendall(data)
        _cut(source)
        _cut(target)

    def _thread(self, run: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=run, name="proxy", daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread


def _cut(one: socket.socket) -> None:
    """Both directions; a thread that waits for it wakes up."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
