"""A shop on a port of this machine, and what may happen to a request on its way."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from tests.workers.marketplaces.shopify.admin import Admin, Json

TOKEN = "shpat_0123456789abcdef0123456789abcdef"
PATH = "/admin/api/2026-10/graphql.json"


class Mishap(Enum):
    """What becomes of a request instead of an answer."""

    LOST = auto()
    ANSWER_LOST = auto()
    HANGS = auto()
    ANSWER_HANGS = auto()


@dataclass(frozen=True)
class Reply:
    """An answer that is not the shop's."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(body: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(body).encode(), status, named)


class FakeShopify(ThreadingHTTPServer):
    # Joined at the end: a test leaves no thread and no socket behind.
    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.admin = Admin()
        self.token = TOKEN
        # By the operation's name, for its next requests.
        self.instead: dict[str, list[Mishap | Reply]] = defaultdict(list)
        self.operations: list[str] = []
        # That a request hangs.
        self.hangs = Event()
        self.ended = Event()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: FakeShopify

    def log_message(self, format: str, *args: object) -> None:
        """The tests ask what was called."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != PATH:
            self._send(json_reply({"errors": "Not Found"}, 404))
        elif self.headers["X-Shopify-Access-Token"] != self.server.token:
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            self._send(json_reply({"errors": message}, 401))
        elif self.headers["Content-Type"] != "application/json":
            self._send(json_reply({"errors": "Unsupported Media Type"}, 415))
        else:
            self._answer(json.loads(body))

    def _answer(self, request: Json) -> None:
        name = request["operationName"]
        self.server.operations.append(name)
        instead = self.server.instead[name].pop(0) if self.server.instead[name] else None
        if isinstance(instead, Reply):
            self._send(instead)
        elif instead in (Mishap.LOST, Mishap.HANGS):
            self._fall_silent(instead)
        else:
            reply = json_reply(self.server.admin.answer(request))
            self._fall_silent(instead) if instead else self._send(reply)

    def _fall_silent(self, mishap: Mishap) -> None:
        """The connection ends without an answer, or stays open without one for as long as the test runs."""
        if mishap in (Mishap.HANGS, Mishap.ANSWER_HANGS):
            self.server.hangs.set()
            self.server.ended.wait()

    def _send(self, reply: Reply) -> None:
        # A client that has given up is no matter of the shop's.
        with suppress(ConnectionError):
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)


@contextmanager
def running() -> Iterator[FakeShopify]:
    with FakeShopify() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
