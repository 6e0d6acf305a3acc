"""The guard, attacked. Names are resolved by a fake; everything else is real."""

import gzip
import socket
import time
import tracemalloc
from typing import Any

import httpx
import pytest

from aijobs.outbound.guard import AddressRefused, is_public
from aijobs.outbound.http import TooLarge, open_client, send
from aijobs.outbound.purposes import Purpose
from tests.aijobs.outbound.conftest import NOT_PUBLIC, Answering, Serve, resolve_to


def get(url: str, *, most_bytes: int = 1000, seconds: float = 60.0, https_only: bool = False) -> httpx.Response:
    with open_client(Purpose.PAGE, https_only=https_only) as client:
        return send(client, client.build_request("GET", url), most_bytes=most_bytes, seconds=seconds)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where connections would have gone: there is no network in tests."""
    found: list[str] = []

    def refuse(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        found.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return found


@pytest.mark.parametrize("url", NOT_PUBLIC)
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
    assert time.monotonic() - began < 60


def _encoded(encoding: str, body: bytes) -> Answering:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return lambda connection: connection.sendall(head + body)


def test_a_zip_bomb_is_not_inflated(serve: Serve) -> None:
    bomb = gzip.compress(bytes(80_000_000), 9)
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
