"""Many POSTs at a time: behind the same guard, bounded, on connections that are kept for a moment."""

import asyncio
import socket
import ssl
import threading
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aijobs.outbound import guard
from aijobs.outbound.failures import Unavailable
from aijobs.outbound.guard import AddressRefused
from aijobs.outbound.posting import Glance, Poster
from aijobs.outbound.purposes import Purpose
from tests.aijobs.outbound.conftest import NOT_PUBLIC, Answering, Serve, resolve_to

Result = TypeVar("Result")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
PATIENCE_SECONDS = 60.0


def within(
    use: Callable[[Poster], Awaitable[Result]],
    kept_seconds: float = PATIENCE_SECONDS,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
) -> Result:
    """What is done with a poster, in a loop of its own."""

    async def run() -> Result:
        poster = Poster(Purpose.PAGE, kept_seconds=kept_seconds, resolvers=2)
        try:
            return await use(poster)
        finally:
            await poster.close()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(run())


async def send(poster: Poster, url: str, *, seconds: float = PATIENCE_SECONDS, most_bytes: int = 1000) -> Glance:
    return await poster.post(
        httpx.URL(url), {"x-y": "z"}, b"{}", name="The endpoint", most_bytes=most_bytes, seconds=seconds
    )


def post(url: str, **options: Any) -> Glance:
    return within(lambda poster: send(poster, url, **options))


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where connections would have gone, of Python's own loop: there is no network in tests."""
    found: list[str] = []

    async def refuse(self: BaseSelectorEventLoop, connecting: socket.socket, address: tuple[str, int]) -> None:
        found.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", refuse)
    return found


def post_nowhere(url: str) -> Glance:
    return within(lambda poster: send(poster, url), loop_factory=asyncio.new_event_loop)


def test_what_is_not_public_is_not_called(connected: list[str]) -> None:
    async def all_of_them(poster: Poster) -> None:
        # That is the usual port of https.
        encrypted = [url.replace("http://", "https://") for url in NOT_PUBLIC if not url.endswith(":443/")]
        for url in (*NOT_PUBLIC, *encrypted, "http://8.8.8.8/"):
            with pytest.raises(AddressRefused):
                await send(poster, url)

    within(all_of_them, loop_factory=asyncio.new_event_loop)
    assert connected == []


@pytest.mark.parametrize("addresses", [["8.8.8.8", "10.0.0.1"], ["127.0.0.1"], ["fe80::1%eth0"]])
def test_a_name_with_a_private_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, connected: list[str], addresses: list[str]
) -> None:
    resolve_to(monkeypatch, addresses)
    with pytest.raises(AddressRefused):
        post_nowhere("https://shop.example/")
    assert connected == []


def test_the_checked_addresses_are_the_ones_connected_to(
    monkeypatch: pytest.MonkeyPatch, connected: list[str]
) -> None:
    """DNS rebinding: the second answer is private, and nobody asks for it."""
    asked = resolve_to(monkeypatch, ["2606:4700::1", "8.8.8.8"], ["127.0.0.1"])
    with pytest.raises(Unavailable, match="UNREACHABLE"):
        post_nowhere("https://shop.example/")
    assert (asked, connected) == (["shop.example"], ["8.8.8.8", "2606:4700::1"])


@pytest.mark.parametrize("host", ["a\\b.example", f"{'a' * 64}.example"])
def test_a_malformed_host_is_not_reached(connected: list[str], host: str) -> None:
    """Also one that httpx takes for a name, and aiohttp for none."""
    with pytest.raises(Unavailable, match="UNREACHABLE"):
        post_nowhere(f"https://{host}/")
    assert connected == []


def test_what_is_sent_and_what_is_seen(serve: Serve) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        connection.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 12\r\n\r\nHello, world")

    port = serve(answer)
    glance = post(f"http://127.0.0.1:{port}/a%20b?c=d", most_bytes=5)
    assert (glance.status, glance.content, glance.headers["retry-after"]) == (503, b"Hello", "7")
    assert "link" not in glance.headers


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"x-long: " + b"x" * 1000 + b"\r\n")


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nx-long: ")
    connection.recv(1)


@pytest.mark.parametrize(
    "answer",
    [
        flood,
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        lambda connection: connection.sendall(b"220 hello\r\n"),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: "),
    ],
    ids=["endless headers", "two lengths", "no HTTP", "half a head"],
)
def test_what_is_no_answer_is_a_failure(serve: Serve, answer: Answering, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Unavailable, match="NO_ANSWER"):
        post(f"http://127.0.0.1:{serve(answer)}/")
    # Nothing went wrong here.
    assert [each for each in caplog.records if each.name.startswith(("aijobs", "asyncio"))] == []


def test_a_head_that_does_not_end_is_left_in_time(serve: Serve) -> None:
    with pytest.raises(Unavailable, match="NO_ANSWER"):
        post(f"http://127.0.0.1:{serve(drip)}/", seconds=0.2)


class Keeping:
    """A server that keeps its connections, and answers the requests of each as it is told, until that is used up."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers
        self.connections = 0
        self.ended = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        self.connections += 1
        for number, answer in enumerate(self.answers):
            if number and not connection.recv(65536):
                self.ended.set()
                return
            if not answer:
                return
            connection.sendall(answer)
        if not connection.recv(65536):
            self.ended.set()


def test_a_connection_is_kept_and_used_again(serve: Serve) -> None:
    server = Keeping(OK, OK, OK)
    url = f"http://127.0.0.1:{serve(server)}/"

    async def three(poster: Poster) -> list[int]:
        return [(await send(poster, url)).status for _ in range(3)]

    assert within(three) == [200, 200, 200]
    assert server.connections == 1
    assert server.ended.wait(PATIENCE_SECONDS)


def test_a_kept_connection_is_closed_when_nobody_uses_it(serve: Serve) -> None:
    server = Keeping(OK, OK)
    url = f"http://127.0.0.1:{serve(server)}/"

    async def once(poster: Poster) -> bool:
        await send(poster, url)
        return await asyncio.get_running_loop().run_in_executor(None, server.ended.wait, PATIENCE_SECONDS)

    assert within(once, kept_seconds=0.01)


def twice(url: str) -> Callable[[Poster], Awaitable[list[int]]]:
    async def send_both(poster: Poster) -> list[int]:
        return [(await send(poster, url)).status for _ in range(2)]

    return send_both


def test_what_a_closed_connection_did_not_take_is_sent_at_once_on_a_new_one(serve: Serve) -> None:
    """The server closes it just when the second request arrives."""
    server = Keeping(OK, b"")
    assert within(twice(f"http://127.0.0.1:{serve(server)}/")) == [200, 200]
    assert server.connections == 2


def test_a_new_connection_that_is_closed_is_a_failure(serve: Serve) -> None:
    server = Keeping(b"")
    with pytest.raises(Unavailable, match="NO_ANSWER"):
        post(f"http://127.0.0.1:{serve(server)}/")
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK + OK,
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
    ],
    ids=["an answer that nobody asked for", "HTTP/1.0", "the server closes"],
)
def test_what_is_not_clean_is_not_kept(serve: Serve, answer: bytes) -> None:
    server = Keeping(answer, OK)
    assert within(twice(f"http://127.0.0.1:{serve(server)}/")) == [200, 200]
    assert server.connections == 2


def test_a_name_whose_server_is_silent_keeps_no_other_one_waiting(
    monkeypatch: pytest.MonkeyPatch, serve: Serve
) -> None:
    port = serve(lambda connection: connection.sendall(OK))
    over, real = threading.Event(), socket.getaddrinfo

    def look_up(host: str, *arguments: Any, **options: Any) -> Any:
        if host == "silent.example":
            over.wait()
            raise socket.gaierror
        return real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)

    async def both(poster: Poster) -> int:
        silent = asyncio.ensure_future(send(poster, "https://silent.example/"))
        quick = await send(poster, f"http://127.0.0.1:{port}/")
        over.set()
        with pytest.raises(Unavailable, match="UNREACHABLE"):
            await silent
        return quick.status

    assert within(both) == 200


def certified(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server with a certificate for the name, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))


@pytest.mark.parametrize(
    ("name", "trusted", "reached"),
    [
        ("hooks.example", True, True),
        ("hooks.example", False, False),
        ("other.example", True, False),
    ],
)
def test_certificates_are_verified(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Path,
    serve: Serve,
    name: str,
    trusted: bool,
    reached: bool,
) -> None:
    server, client = certified("hooks.example", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        threading.Thread(target=_serve_encrypted, args=[listener, server], daemon=True).start()
        settings.AIJOBS_OUTBOUND_ALLOW = [f"page:{name}:{port}"]
        resolve_to(monkeypatch, ["127.0.0.1"])
        if trusted:
            monkeypatch.setattr(guard, "ssl_context", lambda: client)
        if reached:
            assert post(f"https://{name}:{port}/").content == b"hi"
        else:
            with pytest.raises(Unavailable, match="UNREACHABLE"):
                post(f"https://{name}:{port}/")


def _serve_encrypted(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    try:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            encrypted.recv(65536)
            encrypted.sendall(OK)
    except OSError:
        # The client has refused the certificate.
        connection.close()
