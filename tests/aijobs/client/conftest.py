"""A server that answers what a test tells it, over a real socket, and both clients of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from aijobs.client import AsyncClient, Client, aio, sync

KEY = "key-of-a-test"
PATIENCE = 2.0


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the clients would wait between requests, which they do not: tests last as long as their answers."""
    found: list[float] = []

    async def pause(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(sync, "sleep", found.append)
    monkeypatch.setattr(aio, "sleep", pause)
    return found


@pytest.fixture(params=["sync", "async"])
def use_at(request: pytest.FixtureRequest) -> Callable[[str], Callable[..., Any]]:
    """Of a URL: calls a method of the client by its name and returns its answer; of a stream the first ones."""
    return _use if request.param == "sync" else _use_async


@pytest.fixture
def use(use_at: Callable[[str], Callable[..., Any]], httpserver: HTTPServer) -> Callable[..., Any]:
    """The same of the server that answers what a test tells it."""
    return use_at(httpserver.url_for(""))


def _use(url: str) -> Callable[..., Any]:
    def use(method: str, *arguments: Any, most: int = 100, **named: Any) -> Any:
        with Client(url, api_key=KEY, tenant="acme", patience=PATIENCE) as client:
            found = getattr(client, method)(*arguments, **named)
            return list(islice(found, most)) if isinstance(found, Iterator) else found

    return use


def _use_async(url: str) -> Callable[..., Any]:
    async def first(found: AsyncIterator[Any], most: int) -> list[Any]:
        kept = []
        async for each in found:
            kept.append(each)
            if len(kept) == most:
                break
        return kept

    async def use(method: str, *arguments: Any, most: int = 100, **named: Any) -> Any:
        async with AsyncClient(url, api_key=KEY, tenant="acme", patience=PATIENCE) as client:
            found = getattr(client, method)(*arguments, **named)
            return await found if isinstance(found, Awaitable) else await first(found, most)

    return lambda *arguments, **named: asyncio.run(use(*arguments, **named))
