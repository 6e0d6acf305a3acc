"""A provider on a port of this machine that speaks OpenAI's protocol, and what may happen to a request on its way.

`answer` says what it answers to a prompt; `instead` has what it does instead, for its next requests.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any

from tests.workers.assistants import recorded
from tests.workers.assistants.recorded import Json

KEY = "sk-proj-do-not-tell-anybody"
MODEL = "gpt-5-mini"


class Mishap(Enum):
    """What becomes of a request instead of an answer."""

    # The connection ends without one.
    LOST = auto()
    # It stays open without one for as long as the test runs.
    HANGS = auto()


@dataclass(frozen=True)
class Reply:
    """An answer, or what stands in its place."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    # How much of the body is sent, where the connection ends before it.
    sent: int | None = None


def json_reply(body: object, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(body).encode(), status, {"content-type": "application/json", **named})


def error(status: int, message: str, kind: str, code: str | None = None, **headers: str) -> Reply:
    """As OpenAI puts it."""
    return json_reply({"error": {"message": message, "type": kind, "param": None, "code": code}}, status, **headers)


def streamed(events: list[Json], *, end: bytes = b"data: [DONE]\n\n") -> Reply:
    lines = [_event(each) for each in events]
    return Reply("".join(lines).encode() + end, 200, {"content-type": "text/event-stream"})


def _event(data: Json) -> str:
    name = f"event: {data['type']}\n" if "type" in data else ""
    return f"{name}data: {json.dumps(data)}\n\n"


@dataclass(frozen=True)
class Request:
    """One call as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: Json

    @property
    def prompt(self) -> str:
        """What the user says."""
        asked = self.body["messages"][-1]["content"] if "messages" in self.body else self.body["input"]
        return str(asked)


def a_text(request: Request) -> Json:
    """What a provider without a script says."""
    return recorded.openai_responses("OK") if request.path.endswith("/responses") else recorded.openai("OK")


class FakeProvider(ThreadingHTTPServer):
    # Joined at the end: a test leaves no thread and no socket behind.
    daemon_threads = False
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.key: str | None = KEY
        self.models = {MODEL}
        # Whether it is one of the models that refuse `max_tokens`.
        self.newer = False
        # How long it thinks.
        self.seconds = 0.0
        self.answer: Callable[[Request], Json] = a_text
        self.instead: list[Mishap | Reply] = []
        # The same for all requests that name such a model.
        self.of_model: dict[str, Mishap | Reply] = {}
        self.requests: list[Request] = []
        self.most_at_once = 0
        self.ended = Event()
        self._lock = Lock()
        self._under_way = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"http://{self.address}/v1"

    @contextmanager
    def handling(self, request: Request) -> Iterator[Mishap | Reply | None]:
        """What it does instead of answering this request."""
        with self._lock:
            self.requests.append(request)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            of_model = self.of_model.get(str(request.body.get("model")))
            instead = self.instead.pop(0) if self.instead else of_model
        try:
            yield instead
        finally:
            with self._lock:
                self._under_way -= 1

    def reply_to(self, request: Request) -> Reply:
        if problem := self._problem(request):
            return problem
        answer = self.answer(request)
        if not request.body.get("stream"):
            return json_reply(answer)
        if request.path.endswith("/responses"):
            return streamed(recorded.events_of(answer), end=b"")
        return streamed(recorded.chunks_of(answer))

    def _problem(self, request: Request) -> Reply | None:
        body = request.body
        if self.key is not None and request.headers.get("authorization") != f"Bearer {self.key}":
            told = f"Incorrect API key provided: {KEY[:6]}**********body. You can find your API key at …"
            return error(401, told, "invalid_request_error", "invalid_api_key")
        if request.path not in ("/v1/chat/completions", "/v1/responses"):
            return Reply(b"404 page not found", 404, {"content-type": "text/plain"})
        if body.get("model") not in self.models:
            told = f"The model `{body.get('model')}` does not exist or you do not have access to it."
            return error(404, told, "invalid_request_error", "model_not_found")
        if self.newer and "max_tokens" in body:
            told = "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            told += "'max_completion_tokens' instead."
            return error(400, told, "invalid_request_error", "unsupported_parameter")
        if not request.prompt:
            return error(400, "The prompt is empty.", "invalid_request_error")
        return None


class Handler(BaseHTTPRequestHandler):
    server: FakeProvider

    def log_message(self, format: str, *args: Any) -> None:
        """The tests ask what was called."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, body)
        # Sent when it is under way no more: whoever has the answer may ask the next question at once.
        with self.server.handling(request) as instead:
            # Ends at once where the test does.
            self.server.ended.wait(None if instead is Mishap.HANGS else self.server.seconds)
            reply = instead or self.server.reply_to(request)
        if isinstance(reply, Reply):
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        # A client that has given up is no matter of the provider's.
        with suppress(ConnectionError):
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: reply.sent])


@contextmanager
def running() -> Iterator[FakeProvider]:
    with FakeProvider() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
