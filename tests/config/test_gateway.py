"""What comes over real sockets, through granian and the gateway, to a WSGI application (tests/config/echo.py)."""

import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path

import pytest

from config.gateway import IMPORTS, LARGEST, SLOWEST_BYTES_PER_SECOND, THREADS
from config.local import processes
from config.local.stack import GRANIAN, HOST
from tests.config.echo import PART, SILENCE_SECONDS, WAIT_SECONDS
from tests.integration.processes import unused_port

ROOT = Path(__file__).parents[2]
# Of what should not take long, on a busy machine too.
PATIENCE_SECONDS = 120.0
HEAD_TIMEOUT_MILLISECONDS = 1_000
LARGE = b"x" * 300_000
# Read as it comes, in a thread.
STREAMED = IMPORTS.encode() + b"read"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = unused_port()
    command = [*GRANIAN, "--host", HOST, "--port", str(port)]
    command += ["--http1-header-read-timeout", str(HEAD_TIMEOUT_MILLISECONDS), "tests.config.echo:application"]
    log = tmp_path_factory.mktemp("gateway") / "granian.log"
    process = processes.spawn(command, log, folder=ROOT)
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while b"Started worker-1" not in log.read_bytes():
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)
        yield port
    finally:
        processes.stop(process, signal.SIGTERM, 5)


class Connection:
    """A connection of a client with ideas of its own."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        self.socket.sendall(b"".join(parts))

    def answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers and body of the next answer."""
        status = int(self.file.readline().split()[1])
        headers: dict[bytes, bytes] = {}
        while (line := self.file.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        return status, headers, self.file.read(int(headers[b"content-length"]))

    def environ(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.answer()[2])
        return found

    def ends(self) -> bool:
        """Waits until the server closes the connection. False where it stays open."""
        try:
            return self.file.read() == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def connection(port: int) -> Iterator[Connection]:
    with Connection(port) as opened:
        yield opened


def head(path: bytes = b"/", *lines: bytes, method: bytes = b"GET") -> bytes:
    return b"\r\n".join([method + b" " + path + b" HTTP/1.1", b"Host: localhost", *lines, b"", b""])


def post(path: bytes, body: bytes, length: int | None = None, media_type: bytes = b"text/csv") -> bytes:
    lines = (b"Content-Type: " + media_type, b"Content-Length: %d" % (len(body) if length is None else length))
    return head(path, *lines, method=b"POST") + body


# --- Headers


@pytest.mark.parametrize(
    ("smuggled", "key"),
    [
        (b"X_Tenant_ID", "HTTP_X_TENANT_ID"),
        (b"X-Tenant_ID", "HTTP_X_TENANT_ID"),
        (b"Idempotency_Key", "HTTP_IDEMPOTENCY_KEY"),
        (b"X_Forwarded_Proto", "HTTP_X_FORWARDED_PROTO"),
        (b"X_Forwarded_For", "HTTP_X_FORWARDED_FOR"),
        (b"X_REQUEST_ID", "HTTP_X_REQUEST_ID"),
        (b"_Authorization", "HTTP__AUTHORIZATION"),
        (b"Content_Type", "HTTP_CONTENT_TYPE"),
    ],
)
def test_a_header_with_an_underscore_is_not_there(connection: Connection, smuggled: bytes, key: str) -> None:
    connection.send(head(b"/", smuggled + b": evil"))
    environ = connection.environ()
    assert key not in environ
    assert "evil" not in environ.values()


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["before", "after"])
def test_an_underscore_beside_the_real_header_changes_nothing(connection: Connection, order: slice) -> None:
    lines = [b"X_Tenant_ID: evil", b"X-Tenant-ID: mine"][order]
    connection.send(head(b"/", *lines))
    assert connection.environ()["HTTP_X_TENANT_ID"] == "mine"


def test_a_content_length_with_an_underscore_is_no_length(connection: Connection) -> None:
    connection.send(head(b"/read", b"Content_Length: 5", method=b"POST"), head(b"/refuse"))
    assert connection.answer()[2] == b"0"
    assert connection.answer()[2] == b"refused"


def test_a_header_that_comes_twice_is_joined(connection: Connection) -> None:
    connection.send(head(b"/", b"X-Tenant-ID: one", b"X-Tenant-ID: two", b"Cookie: a=1", b"Cookie: b=2"))
    environ = connection.environ()
    assert (environ["HTTP_X_TENANT_ID"], environ["HTTP_COOKIE"]) == ("one,two", "a=1; b=2")


def test_a_header_that_is_not_ascii_is_there_and_empty(connection: Connection) -> None:
    """Were it left out, a job would be dispatched as though it had no Idempotency-Key."""
    connection.send(head(b"/", b"Idempotency-Key: \xe9"))
    assert connection.environ()["HTTP_IDEMPOTENCY_KEY"] == ""


def test_the_application_learns_what_was_asked(connection: Connection) -> None:
    connection.send(post("/grüße%2Fx?a=1&a=%202".encode(), b"{}"))
    environ = connection.environ()
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/grüße/x"
    assert environ["QUERY_STRING"] == "a=1&a=%202"
    assert (environ["REQUEST_METHOD"], environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == (
        "POST",
        "text/csv",
        "2",
    )
    assert (environ["REMOTE_ADDR"], environ["HTTP_HOST"]) == (HOST, "localhost")
    # Variables of the process are none of the request's.
    assert "PATH" not in environ


# --- Bodies


@pytest.mark.parametrize("size", [1, 64 * 1024, 64 * 1024 + 1, 3_000_000])
def test_a_body_is_read_to_its_end(connection: Connection, size: int) -> None:
    body = b"x" * size
    connection.send(post(STREAMED, body))
    assert connection.answer()[2] == b"%d" % size
    chunk = b"%x\r\n%b\r\n" % (size, body)
    connection.send(head(STREAMED, b"Transfer-Encoding: chunked", method=b"POST"), chunk, chunk, b"0\r\n\r\n")
    assert connection.answer()[2] == b"%d" % (2 * size)


def test_an_import_of_json_may_be_as_long_as_one_of_csv(connection: Connection) -> None:
    connection.send(post(STREAMED, b"x" * 3_000_000, media_type=b"application/json"))
    assert connection.answer()[2] == b"3000000"


@pytest.mark.parametrize("body", [b"{}", LARGE], ids=["small", "large"])
def test_what_was_refused_unread_is_not_taken_for_the_next_request(connection: Connection, body: bytes) -> None:
    connection.send(post(b"/refuse", body), head(b"/refuse"))
    for _ in range(2):
        status, headers, answer = connection.answer()
        assert (status, answer) == (401, b"refused")
        # A header of the hop, which is the server's own.
        assert b"connection" not in headers


def test_a_caller_that_is_still_sending_sees_why_it_is_refused(port: int) -> None:
    """Closing at once would reset the connection: then the answer is lost on its way."""
    with Connection(port) as caller:
        caller.send(post(b"/refuse", b"x" * 2_000_000))
        assert caller.answer()[0] == 401


def test_no_more_than_so_much_is_read_of_a_refused_body(port: int) -> None:
    with Connection(port) as caller:
        caller.send(post(b"/refuse", LARGE, length=10**12))
        assert caller.answer()[0] == 401
        assert caller.ends()


def test_a_body_that_ends_early_is_an_error_of_reading(port: int) -> None:
    with Connection(port) as caller:
        caller.send(post(STREAMED, LARGE, length=10**6))
        caller.socket.shutdown(socket.SHUT_WR)
        assert caller.answer()[2].startswith(b"the body ended after")


@pytest.mark.parametrize("sent", [b"4000\r\nxxx", b""], ids=["in_a_chunk", "between_two"])
def test_a_chunked_body_that_ends_early_is_an_error_of_reading(port: int, sent: bytes) -> None:
    """Taken for a whole one, half a line of an import would be a price."""
    chunk = b"%x\r\n%b\r\n" % (len(LARGE), LARGE)
    with Connection(port) as caller:
        caller.send(head(STREAMED, b"Transfer-Encoding: chunked", method=b"POST"), chunk, sent)
        caller.socket.shutdown(socket.SHUT_WR)
        assert caller.answer()[2].startswith(b"the body ended after")


def test_a_call_that_dies_costs_no_thread(port: int) -> None:
    for _ in range(THREADS + 1):
        with Connection(port) as caller:
            assert _ask(caller, b"/exit")[0] == 500


def test_an_application_that_fails_answers_500(connection: Connection) -> None:
    connection.send(head(b"/fail"), head(b"/refuse"))
    assert connection.answer()[0] == 500
    assert connection.answer()[0] == 401


# --- Silence


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: loc", head(b"/refuse")], ids=["nothing", "half", "idle"]
)
def test_a_connection_without_a_whole_head_is_closed(connection: Connection, sent: bytes) -> None:
    connection.send(sent)
    if sent.endswith(b"\r\n\r\n"):
        assert connection.answer()[0] == 401
    began = time.monotonic()
    assert connection.ends()
    assert time.monotonic() - began < PATIENCE_SECONDS


def test_half_a_body_is_answered_408_and_the_connection_closed(connection: Connection) -> None:
    connection.send(post(b"/read", b"{", length=100))
    status, headers, body = connection.answer()
    assert (status, headers[b"content-type"]) == (408, b"application/json")
    assert json.loads(body)["error"]["code"] == "REQUEST_TIMEOUT"
    assert connection.ends()


def test_half_a_large_body_frees_its_thread(connection: Connection) -> None:
    connection.send(post(STREAMED, LARGE, length=10**6))
    assert connection.answer()[2] == b"the body ended after %d bytes" % (len(LARGE) // 10_000 * 10_000)
    assert connection.ends()


def test_bodies_that_stall_hold_no_thread(port: int) -> None:
    callers = [Connection(port) for _ in range(2 * THREADS)]
    try:
        for caller in callers:
            caller.send(post(b"/read", b"{", length=100))
        with Connection(port) as other:
            other.send(head(b"/refuse"))
            # If it had to wait for a thread, it would be told that all are busy.
            assert other.answer()[0] == 401
    finally:
        for caller in callers:
            caller.__exit__()


def test_bodies_that_come_a_byte_at_a_time_hold_no_thread(port: int) -> None:
    """Four of them stopped the API for everybody."""
    callers = [Connection(port) for _ in range(2 * THREADS)]
    try:
        for caller in callers:
            caller.send(post(b"/read", LARGE, length=10**6))
        with Connection(port) as other:
            for _ in range(5):
                for caller in callers:
                    # Where we were too slow ourselves, it was given up, and holds no thread either.
                    with suppress(OSError):
                        caller.send(b"x")
                assert _ask(other, b"/other")[0] == 200
    finally:
        for caller in callers:
            caller.__exit__()


def test_an_import_that_comes_a_byte_at_a_time_is_given_up(connection: Connection) -> None:
    sent = b"x" * 70_000
    connection.send(post(STREAMED, sent, length=10**6))
    began = time.monotonic()
    connection.socket.settimeout(SILENCE_SECONDS / 20)
    answer = b""
    while not answer:
        connection.send(b"x")
        try:
            answer = connection.socket.recv(10_000)
        except TimeoutError:
            assert time.monotonic() - began < PATIENCE_SECONDS
    assert b"the body ended after" in answer
    # Longer than silence is borne with, had there been any.
    assert time.monotonic() - began > len(sent) / SLOWEST_BYTES_PER_SECOND > SILENCE_SECONDS


def test_no_more_is_read_ahead_than_any_endpoint_takes(connection: Connection) -> None:
    chunk = b"%x\r\n%b\r\n" % (LARGEST, b"x" * LARGEST)
    connection.send(head(b"/read", b"Transfer-Encoding: chunked", method=b"POST"), chunk, chunk, b"0\r\n\r\n")
    told = connection.answer()[2]
    assert told.startswith(b"the body ended after")
    assert LARGEST < int(told.split()[4]) < 1.5 * LARGEST


def test_the_beginning_of_a_body_is_never_taken_for_the_whole(connection: Connection) -> None:
    connection.send(post(b"/read", b"x" * (2 * LARGEST)))
    assert connection.answer()[2].startswith(b"the body ended after")


def test_connections_that_say_nothing_leave_room_for_others(port: int) -> None:
    """Granian takes 1,024 by itself."""
    silent: list[socket.socket] = []
    try:
        silent.extend(socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS) for _ in range(1_500))
        with Connection(port) as other:
            assert _ask(other, b"/healthz")[0] == 200
    finally:
        for each in silent:
            each.close()


def test_where_no_thread_is_free_probes_are_answered_and_the_others_refused(port: int) -> None:
    """Four requests that waited for a frozen database held /healthz too."""
    callers = [Connection(port) for _ in range(THREADS)]
    for caller in callers:
        caller.send(head(b"/hold"))
    with Connection(port) as other:
        until = time.monotonic() + PATIENCE_SECONDS
        while (told := _ask(other, b"/other"))[0] != 503:
            # Was there before the others.
            assert time.monotonic() < until
        assert told == (503, b"busy")
        # One has waited in vain: nobody waits now.
        began = time.monotonic()
        for _ in range(8):
            assert _ask(other, b"/other") == (503, b"busy")
            assert _ask(other, b"/healthz")[0] == 200
        assert time.monotonic() - began < 8 * WAIT_SECONDS
        # The page at / waits for the same as /readyz, and has its threads.
        assert _ask(other, b"/")[0] == 200
        assert _ask(other, b"/readyz") == (200, b"ready")
        for caller in callers:
            with caller:
                assert caller.answer()[2] == b"released"
        assert _ask(other, b"/other")[0] == 200


def _ask(connection: Connection, path: bytes) -> tuple[int, bytes]:
    connection.send(head(path))
    status, _, body = connection.answer()
    return status, body


# --- What is streamed


def stream(parts: int, end: bytes, name: bytes = b"", *fields: bytes) -> bytes:
    """So many parts of 64 KiB and the end, or a failure in its place."""
    return head(b"/admin/export/?%s&%d&%s" % (name, parts, end), *fields)


def response_of(connection: Connection) -> HTTPResponse:
    """To read from; reading raises IncompleteRead where it has no end."""
    response = HTTPResponse(connection.socket)
    response.begin()
    assert response.status == 200
    return response


def test_what_is_streamed_comes_to_its_end(connection: Connection) -> None:
    for parts in (1, 40, 2):
        connection.send(stream(parts, b"end"))
        assert response_of(connection).read() == PART * parts + b"end"


def test_a_short_one_has_a_length(connection: Connection) -> None:
    connection.send(stream(0, b"end"))
    status, headers, body = connection.answer()
    assert (status, headers[b"content-type"], headers[b"content-length"], body) == (200, b"text/csv", b"3", b"end")


def test_of_a_head_nothing_is_streamed(connection: Connection, port: int) -> None:
    """Granian does not read what it does not send: the pipe stayed for as long as a caller who takes nothing has."""
    connection.send(head(b"/admin/export/?headed&2&end", method=b"HEAD"))
    response = HTTPResponse(connection.socket, method="HEAD")
    response.begin()
    assert (response.status, response.getheader("content-type")) == (200, "text/csv")
    # The length of a GET's answer is not known.
    assert response.getheader("content-length") is None
    with Connection(port) as other:
        assert _ask(other, b"/closed?headed") == (200, b"yes")
        assert _ask(other, b"/written?headed") == (200, b"0")


def test_one_that_fails_at_once_is_answered_500(connection: Connection) -> None:
    connection.send(stream(0, b""))
    assert connection.file.readline().split()[1] == b"500"


@pytest.mark.parametrize("parts", [1, 2, 40])
def test_one_that_fails_later_has_no_end(port: int, parts: int) -> None:
    with Connection(port) as caller:
        caller.send(stream(parts, b""))
        with pytest.raises(IncompleteRead) as cut:
            response_of(caller).read()
        # Whatever of it arrived, that was right.
        assert (PART * parts + b"\n").startswith(cut.value.partial)
    with Connection(port) as other:
        other.send(stream(2, b"end"))
        assert response_of(other).read() == PART * 2 + b"end"


def test_its_beginning_comes_while_it_is_written(port: int) -> None:
    with Connection(port) as caller:
        caller.send(head(b"/api/ai-jobs/export"))
        assert response_of(caller).read(8) == b"row,row,"


def test_callers_who_take_their_time_keep_nobody_waiting(port: int) -> None:
    """There is one thread for what is streamed at this path, and no thread waits for a caller."""
    slow = [Connection(port) for _ in range(5)]
    try:
        for each in slow:
            each.send(stream(1_000, b"end"))
            assert each.file.readline().split()[1] == b"200"
    finally:
        for each in slow:
            each.__exit__()


@pytest.mark.parametrize("body", [b"", b"x", b"x" * 2 * LARGEST], ids=["without", "with-a-body", "with-a-large-body"])
def test_no_more_is_written_than_is_taken(port: int, connection: Connection, body: bytes) -> None:
    """A caller who takes nothing for too long has no end of it, either. Nobody reads what a GET brings along."""
    name = b"untaken-%d" % len(body)
    with Connection(port) as caller:
        caller.send(stream(2_000, b"end", name, b"Content-Length: %d" % len(body)), body)
        response = response_of(caller)
        assert _ask(connection, b"/closed?%b" % name) == (200, b"yes")
        # What the system's buffers take: some megabytes of the 125.
        assert int(_ask(connection, b"/written?%b" % name)[1]) < 500
        with pytest.raises(IncompleteRead):
            response.read()


def test_one_of_which_nothing_is_found_keeps_nobody_waiting_and_ends_when_its_caller_is_gone(
    port: int, connection: Connection
) -> None:
    with Connection(port) as caller:
        caller.send(head(b"/admin/nothing/export/"))
        assert _ask(connection, b"/begun?nothing") == (200, b"yes")
        with Connection(port) as other:
            other.send(stream(2, b"end"))
            assert response_of(other).read() == PART * 2 + b"end"
    assert _ask(connection, b"/closed?nothing") == (200, b"yes")


def test_a_caller_who_is_gone_ends_what_is_written_for_him(port: int, connection: Connection) -> None:
    with Connection(port) as caller:
        caller.send(head(b"/api/ai-jobs/export"))
        assert _ask(connection, b"/begun?endless") == (200, b"yes")
    assert _ask(connection, b"/closed?endless") == (200, b"yes")
