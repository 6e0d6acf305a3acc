"""The limit on requests: exact over all processes, whatever Valkey does."""

import socket
import time
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock
from uuid import uuid4

import pytest

from aijobs import limiting
from aijobs.limiting import PARTS, WINDOW_SECONDS, Limiter, Standing
from tests.aijobs.api.answers import at_once

# Servers are started with the database.
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine an answer takes longer, and what a process has taken would be over before it is used."""
    monkeypatch.setattr(limiting, "ANSWER_SECONDS", 60.0)
    monkeypatch.setattr(limiting, "LEASE_SECONDS", 600.0)


@pytest.fixture
def limiters() -> Iterator[list[Limiter]]:
    """As of so many processes."""
    found = [Limiter() for _ in range(3)]
    yield found
    for each in found:
        each.close()


@pytest.fixture
def name() -> str:
    return uuid4().hex


def allowed(standings: list[Standing]) -> int:
    return sum(standing.retry_after is None for standing in standings)


def at_most(limit: int, since: float) -> int:
    """What the limit allows, with what has come back to it since then."""
    return limit + int((time.monotonic() - since) * limit / WINDOW_SECONDS) + 1


def test_a_small_limit_is_exact_over_all_processes(limiters: list[Limiter], name: str) -> None:
    began = time.monotonic()
    standings = [limiters[number % 3].use(name, 10) for number in range(40)]
    assert 10 <= allowed(standings) <= at_most(10, began)
    first, last = standings[0], standings[-1]
    assert (first.limit, first.left, first.seconds) == (10, 9, 6)
    assert last.left == 0
    # A request comes back every six seconds.
    assert last.retry_after is not None
    assert 1 <= last.retry_after <= 6


def test_many_threads_get_no_more_than_there_is(limiters: list[Limiter], name: str) -> None:
    limit = 10 * PARTS
    began = time.monotonic()
    found = at_once(24, lambda number: [limiters[number % 3].use(name, limit) for _ in range(125)], threads=8)
    standings = [each for part in found for each in part]
    # What a process holds of it at the end, others do not get.
    assert limit - 3 * limit // PARTS <= allowed(standings) <= at_most(limit, began)


def test_what_is_not_used_is_given_back(limiters: list[Limiter], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow key takes a part each time, and uses one request of it."""
    monkeypatch.setattr(limiting, "LEASE_SECONDS", 0.0)
    limit = 100 * PARTS
    standings = [limiters[0].use(name, limit) for _ in range(50)]
    assert allowed(standings) == 50
    assert standings[-1].left >= limit - 50


def test_keys_have_allowances_of_their_own(limiters: list[Limiter], name: str) -> None:
    assert limiters[0].use(name, 1).retry_after is None
    assert limiters[1].use(name, 1).retry_after == WINDOW_SECONDS
    assert limiters[1].use(f"{name}-other", 1).retry_after is None


def test_another_limit_counts_at_once(limiters: list[Limiter], name: str) -> None:
    limiters[0].use(name, 1)
    assert limiters[0].use(name, 1).retry_after is not None
    assert limiters[0].use(name, 2).retry_after is None


def test_few_requests_ask_valkey(limiters: list[Limiter], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Mock(wraps=limiters[0].script)
    monkeypatch.setattr(limiters[0], "script", script)
    for _ in range(250):
        limiters[0].use(name, 100 * PARTS)
    assert script.call_count == 3


def test_without_valkey_each_process_counts_for_itself(name: str, settings: Any) -> None:
    with socket.socket() as taken:
        # Nobody listens there.
        taken.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{taken.getsockname()[1]}/0"
        alone, other = Limiter(), Limiter()
        began = time.monotonic()
        assert 20 <= allowed([alone.use(name, 20) for _ in range(60)]) <= at_most(20, began)
        assert other.use(name, 20).retry_after is None
