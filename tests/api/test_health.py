"""`/healthz` and `/readyz`: against the real servers, against closed sockets, and against servers that hang."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from aijobs.api import health

OK = {"database": "ok", "broker": "ok", "migrations": "ok"}
UNKNOWN = "unknown: the database is down"


@pytest.fixture(autouse=True)
def _migrations_not_yet_seen() -> Iterator[None]:
    health._require_migrations.cache_clear()
    yield
    health._require_migrations.cache_clear()


@pytest.fixture
def silent_socket(tmp_path: Path) -> Iterator[Path]:
    """Where a server seems to listen on PostgreSQL's socket, and never says a word."""
    path = tmp_path / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        yield path


@pytest.fixture
def database_at(db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Point new connections to another folder; the test's own connection stays."""
    return lambda folder: monkeypatch.setitem(connections["default"].settings_dict, "HOST", str(folder))


def not_ready(client: Client) -> dict[str, str]:
    """The details of an answer that must be a refusal, given in time."""
    began = time.monotonic()
    response = client.get("/readyz")
    assert time.monotonic() - began < 2 * health.LIMIT_SECONDS
    assert response.status_code == 503
    assert response["Retry-After"] == "2"
    error = response.json()["error"]
    assert error["code"] == "NOT_READY"
    details: dict[str, str] = error["details"]
    return details


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_alive_without_database_and_broker(client: Client, settings: Any, path: str) -> None:
    # Without the `db` fixture, a query would raise.
    settings.REDIS_URL = "redis://127.0.0.1:1"
    response = client.get(path)
    assert (response.status_code, response.json()) == (200, {"data": {"status": "alive"}})


@pytest.mark.parametrize("path", ["/readyz", "/readyz/"])
def test_ready(client: Client, db: None, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()) == (200, {"data": {"status": "ready", "checks": OK}})


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_head(client: Client, db: None, path: str) -> None:
    response = client.head(path)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_wrong_key_does_not_matter(client: Client, db: None, path: str) -> None:
    assert client.get(path, headers={"authorization": "Bearer nonsense"}).status_code == 200


def test_database_down(client: Client, database_at: Any, tmp_path: Path) -> None:
    database_at(tmp_path)
    assert not_ready(client) == {"database": "down: cannot connect", "broker": "ok", "migrations": UNKNOWN}


def test_database_hangs(client: Client, database_at: Any, silent_socket: Path) -> None:
    database_at(silent_socket.parent)
    assert not_ready(client) == {"database": "down: no answer", "broker": "ok", "migrations": UNKNOWN}


def test_broker_down(client: Client, db: None, settings: Any) -> None:
    settings.REDIS_URL = "redis://:hunter2@127.0.0.1:1/0"
    assert not_ready(client) == {**OK, "broker": "down: cannot connect"}


def test_broker_hangs(client: Client, db: None, settings: Any, silent_socket: Path) -> None:
    settings.REDIS_URL = f"unix://{silent_socket}"
    assert not_ready(client) == {**OK, "broker": "down: no answer"}


@pytest.mark.django_db(transaction=True)
def test_ready_once_the_migrations_are_applied(client: Client) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("sessions", "0001_initial")
    try:
        assert not_ready(client) == {**OK, "migrations": "down: 1 not applied; run manage.py migrate"}
    finally:
        recorder.record_applied("sessions", "0001_initial")
    assert client.get("/readyz").status_code == 200


def test_both_are_documented(client: Client, db: None) -> None:
    document = client.get("/api/schema", headers={"accept": "application/json"}).content.decode()
    assert "healthz" in document
    assert "NOT_READY" in document
