"""Callers of the API: the owner of a tenant, a teammate with another key of it, an outsider of another tenant."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client

from aijobs import auth
from aijobs.engine import statistics
from aijobs.models import Tenant
from aijobs.postgresql.patience import patience
from tests.factories import ALL_SCOPES, TenantFactory, key_for

# One for all: it loads the middleware once.
HTTP = Client(raise_request_exception=False)


@dataclass(frozen=True)
class Caller:
    """One key, speaking JSON to the API in this process."""

    tenant: Tenant
    key: str

    def request(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        sent = {"authorization": f"Bearer {self.key}", "x-tenant-id": self.tenant.name, **headers}
        content_type = sent.pop("content_type", "application/json")
        return HTTP.generic(method, path, content, content_type=content_type, headers=sent)

    def get(self, path: str, **query: str | int) -> Any:
        return self.request("GET", path + ("?" + urlencode(query) if query else ""))

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        return self.request("POST", path, body, **headers)

    def put(self, path: str, body: object) -> Any:
        return self.request("PUT", path, body)

    def delete(self, path: str) -> HttpResponse:
        response: HttpResponse = self.request("DELETE", path)
        return response

    def dispatch(self, **changes: object) -> dict[str, Any]:
        """Dispatch a probe job that must be accepted; returns its data."""
        body = {"type": "test_probe", "params": {}, **changes}
        response = self.post("/api/ai-jobs", body)
        assert response.status_code == 201, response.content
        data: dict[str, Any] = response.json()["data"]
        return data


def caller(tenant: Tenant, scopes: tuple[str, ...] = ALL_SCOPES) -> Caller:
    return Caller(tenant, key_for(tenant, scopes=scopes)[1])


@pytest.fixture(autouse=True)
def _fresh_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process remembers for a second or five reaches no other test, and this one to its end, however slow."""
    monkeypatch.setattr(auth, "CACHE_SECONDS", 600.0)
    monkeypatch.setattr(statistics, "CACHE_SECONDS", 600.0)
    auth.cache.clear()
    statistics.forget()
    # Set by what is loaded or called in this process: config.wsgi, the end of a worker.
    patience.limit(None)


@pytest.fixture
def owner(db: None) -> Caller:
    return caller(TenantFactory())


@pytest.fixture
def teammate(owner: Caller) -> Caller:
    return caller(owner.tenant)


@pytest.fixture
def outsider(db: None) -> Caller:
    return caller(TenantFactory())
