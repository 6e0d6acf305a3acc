"""A small WSGI application behind the gateway, for tests/config/test_gateway.py: it tells what it was given."""

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import UnreadablePostError

from config import streaming
from config.gateway import BUSY, Gateway

# Longer than a busy machine lets one of us wait for its turn.
SILENCE_SECONDS = 2.0
WAIT_SECONDS = 1.5

PART = b"0123456789abcde\n" * 4096
# So that nobody waits for three minutes. No caller of these tests is slower by itself.
streaming.TAKE_SECONDS = 5.0

released = threading.Event()
# Of each stream by its name: others may still be on their way to their ends.
begun: defaultdict[str, threading.Event] = defaultdict(threading.Event)
closed: defaultdict[str, threading.Event] = defaultdict(threading.Event)
written: Counter[str] = Counter()


class Streamed:
    """As Django's streaming responses are. So many parts of 64 KiB, with an end or a failure."""

    streaming = True

    def __init__(self, name: str, parts: int, end: bytes) -> None:
        self.name = name
        self.parts = parts
        self.end = end

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.parts):
            written[self.name] += 1
            yield PART
        if not self.end:
            raise RuntimeError("as it happens")
        yield self.end

    def close(self) -> None:
        closed[self.name].set()


class Endless:
    """As long as somebody wants it."""

    streaming = True

    def __init__(self, name: str, chunk: bytes) -> None:
        self.name = name
        self.chunk = chunk

    def __iter__(self) -> Iterator[bytes]:
        while True:
            begun[self.name].set()
            time.sleep(0.001)
            yield self.chunk

    def close(self) -> None:
        closed[self.name].set()


def echo(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    if BUSY in environ:
        start_response("503 Service Unavailable", [])
        return [b"busy"]
    match environ["PATH_INFO"]:
        case "/hold":
            held = released.wait(120)
            start_response("200 OK", [])
            return [b"released" if held else b"forgotten"]
        case "/readyz":
            released.set()
            start_response("200 OK", [])
            return [b"ready"]
        case "/admin/export/":
            start_response("200 OK", [("Content-Type", "text/csv")])
            name, parts, end = environ["QUERY_STRING"].split("&")
            return Streamed(name, int(parts), end.encode())
        case "/written":
            start_response("200 OK", [])
            return [b"%d" % written[environ["QUERY_STRING"]]]
        case "/api/ai-jobs/export":
            start_response("200 OK", [("Content-Type", "text/csv")])
            return Endless("endless", b"row,")
        case "/admin/nothing/export/":
            start_response("200 OK", [("Content-Type", "text/csv")])
            return Endless("nothing", b"")
        case "/begun" | "/closed":
            events = begun if environ["PATH_INFO"] == "/begun" else closed
            is_set = events[environ["QUERY_STRING"]].wait(120)
            start_response("200 OK", [])
            return [b"yes" if is_set else b"not yet"]
        case "/refuse":
            start_response("401 Unauthorized", [])
            return [b"refused"]
        case "/exit":
            raise SystemExit
        case "/fail":
            raise RuntimeError("as it happens")
        case "/read" | "/api/catalogue/read":
            start_response("200 OK", [])
            return [_read(environ)]
        case _:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({name: str(value) for name, value in environ.items()}).encode()]


def _read(environ: dict[str, Any]) -> bytes:
    size = 0
    try:
        while block := environ["wsgi.input"].read(10_000):
            size += len(block)
    except UnreadablePostError:
        return b"the body ended after %d bytes" % size
    return b"%d" % size


application = Gateway(echo, silence_seconds=SILENCE_SECONDS, wait_seconds=WAIT_SECONDS)
