from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from redis import Redis

from aijobs.outbound.pace import Pace
from tests.workers.marketplaces.paces import Leaping
from workers.connections.shapes import NoCredentials
from workers.marketplaces.protocols import Scope
from workers.marketplaces.web import robots
from workers.marketplaces.web.connector import Web
from workers.marketplaces.web.settings import WebSettings

Opener = Callable[..., Web]


@pytest.fixture
def shop(httpserver: HTTPServer, settings: Any) -> HTTPServer:
    """A shop that nobody knows the robots.txt of, and that may be called."""
    settings.AIJOBS_OUTBOUND_ALLOW = [f"page:127.0.0.1:{httpserver.port}"]
    robots.forget()
    return httpserver


@pytest.fixture
def open_web(servers: None, settings: Any, still_clock: None) -> Iterator[Opener]:
    """Nobody has asked any host for a page before."""
    with Redis.from_url(settings.REDIS_URL) as valkey:
        valkey.delete("-", *valkey.keys("ai-jobs.throttle.web.*"))
    with ExitStack() as stack:

        def opened(pace: Pace | None = None) -> Web:
            return stack.enter_context(Web(WebSettings(), NoCredentials(), pace or Leaping(), Scope(1, "test")))

        yield opened
