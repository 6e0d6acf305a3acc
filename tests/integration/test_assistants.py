"""Assistants asked by a worker that is killed in the middle."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from threading import Event
from typing import Any

import httpx
import pytest

from tests.clients import Caller
from tests.integration.callers import dispatch, wait_for_the_end
from tests.integration.processes import Processes, Running, wait_until
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import FakeProvider, Request, running
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.jobs.llm_visibility_score.steps import BRAND, PRAISE, QUESTIONS, saying, shop
from workers.assistants.asking import AT_ONCE
from workers.assistants.models import Account, Reservation, StoredAnswer

# Twelve cents for an answer of twelve tokens.
PRICE = 10_000.0
COST = Decimal("0.12")


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    with running() as server:
        yield server


@pytest.fixture
def seller(owner: Caller, provider: FakeProvider) -> Caller:
    shop(owner)
    configure(owner, provider, output_price_per_million=PRICE)
    return owner


def start_worker(processes: Processes, provider: FakeProvider) -> Running:
    return processes.worker(AIJOBS_OUTBOUND_ALLOW=f"assistant:{provider.address}", AIJOBS_LEASE_SECONDS="2")


def test_a_killed_worker_loses_only_the_answers_that_were_under_way(
    http: httpx.Client, processes: Processes, seller: Caller, provider: FakeProvider, sweeping: None
) -> None:
    waits = Event()

    def answer(request: Request) -> Any:
        if request.prompt != QUESTIONS[0] and not waits.is_set():
            # Answered once the worker is dead.
            waits.wait(60)
        return saying(lambda _: PRAISE)(request)

    provider.answer = answer
    lost = start_worker(processes, provider)
    params: dict[str, Any] = {"marketplace": MARKETPLACE, "brand": BRAND, "questions": QUESTIONS, "samples": 3}
    job_id = dispatch(http, type="llm_visibility_score", **params)
    # Three samples of the first question are answered and stored, and as many as may be are under way.
    wait_until(lambda: len(provider.requests) == 3 + AT_ONCE, "calls under way")
    wait_until(lambda: StoredAnswer.objects.count() == 3, "answers that are stored")
    lost.kill()
    waits.set()
    start_worker(processes, provider)
    [job] = wait_for_the_end(http, job_id)
    assert (job["status"], job["retry_count"]) == ("completed", 1)
    assert (job["result"]["processed_count"], job["result"]["failure_count"]) == (3 * len(QUESTIONS), 0)
    asked = Counter(request.prompt for request in provider.requests)
    assert asked[QUESTIONS[0]] == 3
    assert sum(asked.values()) == 3 * len(QUESTIONS) + AT_ONCE
    # What was lost is paid for at the provider, and nobody has told the service. It stays reserved for a while.
    assert Account.objects.get().spent == 3 * len(QUESTIONS) * COST == Decimal(str(job["result"]["cost"]))
    assert Reservation.objects.count() == AT_ONCE
