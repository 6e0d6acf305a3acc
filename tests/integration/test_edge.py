"""What reaches the API over a real socket, in production's server and in Django's `runserver`."""

import json
import socket
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from config.local.stack import HOST
from tests.clients import Caller
from tests.integration.processes import Api, Processes, unused_port

BODIES = {"small": b"{}", "large": b"[" + b" " * 2_000_000 + b"]"}
Answer = tuple[int, dict[str, str], bytes]


def exchange(port: int, *requests: bytes) -> list[Answer]:
    """Send requests on one connection, one behind the other; their answers, up to the end of the connection."""
    answers: list[Answer] = []
    with socket.create_connection((HOST, port), timeout=120) as connection, connection.makefile("rb") as file:
        connection.sendall(b"".join(requests))
        for _ in requests:
            line = file.readline()
            if not line:
                break
            headers: dict[str, str] = {}
            while (header := file.readline().decode()) != "\r\n":
                name, _, value = header.partition(":")
                headers[name.lower()] = value.strip()
            answers.append((int(line.split()[1]), headers, file.read(int(headers["content-length"]))))
    return answers


def request(
    method: str, path: str, headers: dict[str, str], body: bytes = b"", media_type: str = "text/plain"
) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += [f"Content-Length: {len(body)}", f"Content-Type: {media_type}"]
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode("latin-1") + body


@pytest.fixture(params=["granian", "runserver"])
def port(request: pytest.FixtureRequest, processes: Processes) -> Iterator[int]:
    if request.param == "granian":
        api: Api = request.getfixturevalue("server")
        yield int(urlsplit(api.base_url).port or 0)
        return
    port = unused_port()
    command = [sys.executable, "manage.py", "runserver", "--noreload", "--nostatic", f"{HOST}:{port}"]
    processes.other("runserver", command, "Quit the server")
    yield port


def test_the_edge_is_the_same_in_both_servers(port: int, owner: Caller) -> None:
    """One case, as a server takes seconds to start."""
    refused_then_served(port, owner)
    underscores_are_left_out(port, owner)
    too_long_is_refused_whole(port, owner)
    what_is_not_ascii_is_refused(port, owner)


def refused_then_served(port: int, owner: Caller) -> None:
    key = {"Authorization": f"Bearer {owner.key}"}
    for body in BODIES.values():
        for headers, status in (({}, 401), (key, 415)):
            answers = exchange(port, request("POST", "/api/ai-jobs", headers, body), request("GET", "/healthz", {}))
            assert answers[0][0] == status
            assert json.loads(answers[0][2])["error"]
            # Either the next request is served, or the connection is closed; what is left of a body is neither.
            assert [answer[0] for answer in answers[1:]] in ([200], [])


def underscores_are_left_out(port: int, owner: Caller) -> None:
    key = {"Authorization": f"Bearer {owner.key}"}
    mine, foreign = owner.tenant.name, "another-shop"
    for headers in (
        {"X_Tenant_ID": foreign},
        {"X_Tenant_ID": foreign, "X-Tenant-ID": mine},
        {"X-Tenant-ID": mine, "X_Tenant_ID": foreign},
    ):
        (answer,) = exchange(port, request("GET", "/api/ai-jobs", key | headers))
        assert answer[0] == 200
    for headers in ({"X-Tenant-ID": foreign}, {"X-Tenant-ID": foreign, "X_Tenant_ID": mine}):
        (answer,) = exchange(port, request("GET", "/api/ai-jobs", key | headers))
        assert answer[0] == 403
    (answer,) = exchange(port, request("GET", "/api/ai-jobs", {"_Authorization": f"Bearer {owner.key}"}))
    assert answer[0] == 401


def too_long_is_refused_whole(port: int, owner: Caller) -> None:
    """Its beginning alone would be a job."""
    key = {"Authorization": f"Bearer {owner.key}"}
    body = b'{"type": "test_probe"}' + b" " * 2_000_000 + b"and more"
    (answer,) = exchange(port, request("POST", "/api/ai-jobs", key, body, "application/json"))
    assert (answer[0], json.loads(answer[2])["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


def what_is_not_ascii_is_refused(port: int, owner: Caller) -> None:
    """Were it left out, each repeat would make another job, and another tenant would be taken for one's own."""
    key = {"Authorization": f"Bearer {owner.key}"}
    body = b'{"type": "test_probe"}'
    for headers, status in (({"Idempotency-Key": "k\xe4y"}, 400), ({"X-Tenant-ID": "sh\xf6p"}, 403)):
        (answer,) = exchange(port, request("POST", "/api/ai-jobs", key | headers, body, "application/json"))
        assert answer[0] == status
