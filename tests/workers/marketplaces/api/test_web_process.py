"""A process of the API tries connections without what reads pages, and assistants without an SDK."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients import Caller
from tests.integration.processes import database_url
from workers.marketplaces.connectors import CONNECTORS

PROGRAM = """
import json, sys

import config.rsgi
from django.test import Client

key, tenant = sys.argv[1:]
client = Client(headers={"host": "localhost", "authorization": f"Bearer {key}", "x-tenant-id": tenant})
told = {
    each["name"]: client.post(f"/api/{kind}/{each['name']}/test", content_type="application/json").json()
    for kind in ("marketplaces", "assistants")
    for each in client.get(f"/api/{kind}").json()["data"]
}
print(json.dumps([told, sorted(sys.modules)]))
"""
BODIES: dict[str, dict[str, object]] = {
    "amazon": {
        "settings": {
            "seller_id": "A1",
            "country": "DE",
            "endpoint": "https://127.0.0.1",
            "token_endpoint": "https://127.0.0.1",
        },
        "credentials": {"client_id": "app", "client_secret": "hush", "refresh_token": "hush"},
    },
    "shopify": {
        "settings": {"shop": "my-shop.myshopify.com", "endpoint": "https://127.0.0.1"},
        "credentials": {"access_token": "hush"},
    },
}


@pytest.mark.django_db(transaction=True)
def test_no_connection_that_is_tried_loads_what_reads_pages(owner: Caller) -> None:
    for name in CONNECTORS:
        body = {"connector": name, **BODIES.get(name, {})}
        assert owner.request("PUT", f"/api/marketplaces/{name}", body).status_code == 201
    settings = {"base_url": "https://127.0.0.1/v1", "model": "gpt-5-mini"}
    assistant = {"connector": "openai_compatible", "settings": settings}
    assert owner.request("PUT", "/api/assistants/openai", assistant).status_code == 201
    told, loaded = tried(owner)
    assert {name: answer["data"]["code"] for name, answer in told.items()} == {
        "amazon": "ADDRESS_REFUSED",
        "catalogue": None,
        "openai": "ADDRESS_REFUSED",
        "shopify": "ADDRESS_REFUSED",
        "web": None,
    }
    assert "workers.marketplaces.web.connector" in loaded
    assert "workers.assistants.openai_compatible.connector" in loaded
    assert [name for name in ("numpy", "lxml", "protego", "openai", "httpx2") if name in loaded] == []


def tried(who: Caller) -> tuple[dict[str, dict[str, dict[str, object]]], list[str]]:
    """What each of the caller's connections says in a process of its own, and the modules that it has loaded."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, who.key, who.tenant.name],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database_url(),
            "LOG_LEVEL": "ERROR",
        },
        cwd=Path(__file__).parents[4],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    told, loaded = json.loads(process.stdout.splitlines()[-1])
    return told, loaded
