"""A tenant's assistant on a port of this machine."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import Caller
from tests.workers.assistants.server import MODEL, FakeProvider, running
from workers.assistants import connections
from workers.assistants.models import Connection


def settings_of(server: FakeProvider, **more: object) -> dict[str, Any]:
    return {"base_url": server.base_url, "model": MODEL, **more}


def configure(who: Caller, server: FakeProvider, name: str = "openai", **more: object) -> Connection:
    """The caller's assistant of this name, with these settings besides the address and the model."""
    key = {"api_key": server.key} if server.key else {}
    return connections.save(who.tenant.pk, name, "openai_compatible", settings_of(server, **more), key)[0]


@pytest.fixture
def provider(settings: Any) -> Iterator[FakeProvider]:
    with running() as server:
        settings.AIJOBS_OUTBOUND_ALLOW = [f"assistant:{server.address}"]
        yield server
