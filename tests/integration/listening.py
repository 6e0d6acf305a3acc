"""A caller of streams that reads lines, and can be cut at any of them. It says by EOFError that it was cut off."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson


@dataclass(frozen=True)
class Told:
    """An event of a stream: where to go on, and what happened."""

    id: str
    event: dict[str, Any]


class Stream:
    """A connection to a stream. Its lines are read as they come, without a client that hides how it ends."""

    def __init__(self, base_url: str, path: str, headers: dict[str, str], seconds: float = 120.0) -> None:
        address = urlsplit(base_url)
        assert address.hostname
        assert address.port
        self.socket = socket.create_connection((address.hostname, address.port), seconds)
        fields = {"Host": "localhost", "Accept": "text/event-stream", **headers}
        request = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        self._received = self.socket.makefile("rb")
        self.last_id = ""
        try:
            self.socket.sendall("\r\n".join(request).encode())
            self.status = self._read_status()
            self.headers = dict(self._header_lines())
        except BaseException:
            self.close()
            raise

    def _read_status(self) -> int:
        words = self._received.readline().split()
        if len(words) < 2:
            raise EOFError("the connection was cut before the answer")
        return int(words[1])

    def _header_lines(self) -> Iterator[tuple[str, str]]:
        while line := self._received.readline().strip():
            name, _, value = line.decode().partition(":")
            yield name.lower(), value.strip()

    def _lines(self) -> Iterator[str]:
        """Of the body, out of its chunks. Raises EOFError where it is cut off."""
        rest = b""
        while True:
            size = self._received.readline()
            if not size:
                raise EOFError("the connection was cut")
            chunk = self._received.read(int(size, 16) + 2)
            if not int(size, 16):
                return
            *lines, rest = (rest + chunk[:-2]).split(b"\n")
            yield from (line.decode() for line in lines)

    def blocks(self) -> Iterator[dict[str, str]]:
        """What stands between blank lines, with comments under ""."""
        block: dict[str, str] = {}
        for line in self._lines():
            if line:
                name, _, value = line.partition(":")
                block[name] = value.strip()
            elif block:
                self.last_id = block.get("id", self.last_id)
                yield block
                block = {}

    def told(self) -> Iterator[Told]:
        """Events, until the stream ends."""
        for block in self.blocks():
            if "data" in block:
                yield Told(block["id"], orjson.loads(block["data"]))

    def cut(self) -> None:
        """From another thread: whoever reads is told at once."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._received.close()
        self.socket.close()
