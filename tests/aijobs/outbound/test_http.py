"""The guard, attacked. Names are resolved by a fake; everything else is real."""

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from aijobs.outbound.http import AddressRefused, GuardedTransport, TooLarge, glance, is_public, open_client, send
from aijobs.outbound.purposes import Purpose

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
        listener.close()


def _accept(listener: socket.socket, answer: Answering) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                answer(connection)


def get(url: str, *, most_bytes: int = 1000, seconds: float = 5.0, https_only: bool = False) -> httpx.Response:
    with open_client(Purpose.PAGE, https_only=https_only) as client:
        return send(client, client.build_request("GET", url), most_bytes=most_bytes, seconds=seconds)


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


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where connections would have gone: there is no network in tests."""
    found: list[str] = []

    def refuse(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        found.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return found


@pytest.mark.parametrize(
    "url",
    [
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
    ],
)
def test_what_is_not_public_is_not_called(connected: list[str], url: str) -> None:
    with pytest.raises(AddressRefused):
        get(url)
    assert connected == []


def test_no_secret_of_a_refused_address_is_told() -> None:
    with pytest.raises(AddressRefused) as refused:
        get("http://user:secret@127.0.0.1/")
    assert "secret" not in refused.value.message


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_the_public_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_http_is_refused_where_https_is_wanted() -> None:
    with pytest.raises(AddressRefused):
        get("http://8.8.8.8/", https_only=True)


@pytest.mark.parametrize("url", ["http://xn--zzzzzzzzzz.example/", f"http://{'a' * 64}.example/"])
def test_a_malformed_host_is_refused_or_not_found(connected: list[str], url: str) -> None:
    with pytest.raises((AddressRefused, httpx.ConnectError)):
        get(url)


def test_one_private_address_of_several_refuses_the_name(
    monkeypatch: pytest.MonkeyPatch, connected: list[str]
) -> None:
    resolve_to(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        get("http://shop.example/")
    assert connected == []


def test_the_checked_address_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch, connected: list[str]) -> None:
    """DNS rebinding: the second answer is private, and nobody asks for it."""
    asked = resolve_to(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    with pytest.raises(httpx.ConnectError):
        get("http://shop.example/")
    assert (asked, connected) == (["shop.example"], ["8.8.8.8"])


def test_each_request_is_checked_anew(monkeypatch: pytest.MonkeyPatch, connected: list[str]) -> None:
    resolve_to(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    with pytest.raises(httpx.ConnectError):
        get("http://shop.example/")
    with pytest.raises(AddressRefused):
        get("http://shop.example/")
    assert connected == ["8.8.8.8"]


def test_few_of_many_addresses_are_tried_ipv4_first(monkeypatch: pytest.MonkeyPatch, connected: list[str]) -> None:
    resolve_to(monkeypatch, ["2606:4700::1", *(f"8.8.8.{last}" for last in range(1, 9))])
    with pytest.raises(httpx.ConnectError):
        get("http://shop.example/")
    assert connected == ["8.8.8.1", "8.8.8.2", "8.8.8.3", "8.8.8.4"]


def test_an_exception_is_for_its_host_and_port_only(serve: Serve, settings: Any) -> None:
    port = serve(lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
    assert get(f"http://127.0.0.1:{port}/").content == b"hi"
    for url in (f"http://localhost:{port}/", f"http://127.0.0.1.:{port}/", "http://127.0.0.1/"):
        with pytest.raises(AddressRefused):
            get(url)


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch, serve: Serve) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    port = serve(lambda connection: connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"))
    assert get(f"http://127.0.0.1:{port}/").status_code == 204


def test_a_redirect_is_told_and_not_followed(serve: Serve) -> None:
    port = serve(
        lambda connection: connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
        )
    )
    answer = get(f"http://127.0.0.1:{port}/")
    assert answer.next_request
    with pytest.raises(AddressRefused):
        get(str(answer.next_request.url))


@pytest.mark.parametrize("location", ["http://xn--a/", "http://a:b/", "//" + "\u00fc" * 30_000])
def test_a_malformed_redirect_is_refused(serve: Serve, location: str) -> None:
    head = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    port = serve(lambda connection: connection.sendall(head))
    with pytest.raises((AddressRefused, httpx.HTTPError)):
        get(f"http://127.0.0.1:{port}/")


def _drip(start: bytes, piece: bytes) -> Answering:
    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(piece)
            time.sleep(0.02)

    return answer


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", b";x"),
    ],
)
def test_a_server_that_drips_is_left_in_time(serve: Serve, start: bytes, piece: bytes) -> None:
    port = serve(_drip(start, piece))
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        get(f"http://127.0.0.1:{port}/", seconds=0.2)
    assert time.monotonic() - began < 10


def _encoded(encoding: str, body: bytes) -> Answering:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return lambda connection: connection.sendall(head + body)


def test_a_zip_bomb_is_not_inflated(serve: Serve) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    port = serve(_encoded("gzip", bomb))
    tracemalloc.start()
    with pytest.raises(TooLarge):
        get(f"http://127.0.0.1:{port}/", most_bytes=100_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # What one read of the socket brings would be 60 MB.
    assert most < 5_000_000


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "compress"])
def test_encodings_that_were_not_asked_for_are_not_decoded(serve: Serve, encoding: str) -> None:
    port = serve(_encoded(encoding, gzip.compress(gzip.compress(bytes(1000)))))
    with pytest.raises(httpx.DecodingError):
        get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"hello" * 50)[:-9]], ids=["none", "cut off"])
def test_a_broken_body_is_an_error(serve: Serve, body: bytes) -> None:
    port = serve(_encoded("gzip", body))
    with pytest.raises(httpx.DecodingError):
        get(f"http://127.0.0.1:{port}/")


def test_a_compressed_body_is_read_and_what_follows_it_is_not(serve: Serve) -> None:
    port = serve(_encoded("gzip", gzip.compress(b"hello") + bytes(100_000)))
    answer = get(f"http://127.0.0.1:{port}/")
    assert (answer.content, "content-encoding" in answer.headers) == (b"hello", False)


def test_a_body_beyond_the_limit_is_refused(serve: Serve) -> None:
    port = serve(lambda connection: connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + bytes(1001)))
    with pytest.raises(TooLarge):
        get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(("kept_seconds", "connections"), [(60.0, 1), (0.0, 3)])
def test_a_connection_is_kept_for_who_asks_for_it(serve: Serve, kept_seconds: float, connections: int) -> None:
    answered = list[socket.socket]()

    def answer(connection: socket.socket) -> None:
        answered.append(connection)
        said = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
        connection.sendall(said)
        while connection.recv(65536):
            connection.sendall(said)

    url = f"http://127.0.0.1:{serve(answer)}/"
    with GuardedTransport(Purpose.PAGE, kept_seconds=kept_seconds) as transport:
        for _ in range(3):
            response = glance(transport, httpx.Request("GET", url), most_bytes=1000, seconds=5)
            assert (response.status_code, response.content) == (200, b"hi")
    assert len(answered) == connections
