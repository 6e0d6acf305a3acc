"""/"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from aijobs import health
from tests.aijobs.api.answers import error_of
from tests.clients import HTTP, Caller

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
HEALTHY = "The service is healthy."
NOT_READY = "The service is not ready."


@pytest.fixture(autouse=True)
def _nothing_checked_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """And however busy the machine is, what answers at all answers in time, and is remembered for long enough."""
    monkeypatch.setattr(health, "LIMIT_SECONDS", 60)
    monkeypatch.setattr(health, "WRITE_CACHE_SECONDS", 600.0)
    monkeypatch.setattr(health, "SELFCHECK_CACHE_SECONDS", 600.0)
    health.forget()
    yield
    health.forget()


def page(client: Client, accept: str = BROWSER) -> str:
    response = client.get("/", headers={"accept": accept} if accept else {})
    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    return response.content.decode()


@pytest.mark.parametrize("accept", [BROWSER, "*/*", "", "text/html", "image/png", "nonsense;q=x"])
def test_a_browser_and_whoever_asks_for_nothing_gets_a_page(client: Client, db: None, accept: str) -> None:
    assert HEALTHY in page(client, accept)


@pytest.mark.parametrize(
    "accept", ["application/json", "application/json, text/plain, */*;q=0.1", "text/html;q=0.5,*/*"]
)
def test_json_for_who_asks_for_it(client: Client, db: None, accept: str) -> None:
    response = client.get("/", headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.json()["data"] == {
        "name": "AI Jobs",
        "status": "ready",
        "checks": {"database": "ok", "broker": "ok", "migrations": "ok"},
        "resources": "/api/",
        "guide": "/api/docs/guide",
        "reference": "/api/docs",
        "schema": "/api/schema",
        "admin": "/admin/",
    }


def test_every_address_that_it_names_answers(admin_client: Client) -> None:
    named = admin_client.get("/", headers={"accept": "application/json"}).json()["data"]
    paths = [value for value in named.values() if str(value).startswith("/")]
    assert {path: admin_client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_it_leads_to_the_guide_the_tour_the_reference_and_the_admin(client: Client, db: None) -> None:
    shown = page(client)
    for path in (
        "/api/docs/guide",
        "/api/docs/guide#tour",
        "/api/docs",
        "/admin/",
        "/api/",
        "/readyz",
        "/api/schema",
    ):
        assert f'href="{path}"' in shown


def test_the_command_names_the_address_that_was_asked_and_no_key(owner: Caller) -> None:
    response = HTTP.get("/", headers={"accept": BROWSER, "host": "localhost:8123"})
    shown = response.content.decode()
    assert "URL=http://localhost:8123<" in shown
    assert "curl -s $URL/api/ai-jobs -H &quot;Authorization: Bearer $KEY&quot;" in shown
    assert owner.key not in shown
    assert owner.tenant.name not in shown


def test_a_broker_that_is_down_is_said_in_words(client: Client, db: None, settings: Any) -> None:
    settings.BROKER_URL = "redis://:hunter2@127.0.0.1:1/0"
    shown = page(client)
    assert NOT_READY in shown
    assert HEALTHY not in shown
    assert "Broker: down: cannot connect." in shown
    assert "hunter2" not in shown
    assert client.get("/", headers={"accept": "application/json"}).json()["data"]["status"] == "not_ready"


def test_it_is_there_without_the_database(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "HOST", str(tmp_path))
    shown = page(client)
    assert NOT_READY in shown
    assert "Database: down: cannot connect." in shown


def test_head(client: Client, db: None) -> None:
    response = client.head("/")
    assert (response.status_code, response.content) == (200, b"")


def test_other_methods_are_refused_as_elsewhere(client: Client, db: None) -> None:
    error_of(client.post("/"), 405, "METHOD_NOT_ALLOWED")


def test_other_parameters_change_nothing(client: Client, db: None) -> None:
    assert client.get("/?utm_source=mail").status_code == 200
