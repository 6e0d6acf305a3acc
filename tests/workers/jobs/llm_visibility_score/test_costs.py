"""What a job costs at most, before it is dispatched."""

from decimal import Decimal
from typing import Any

import pytest

from tests.aijobs.api.answers import data_of
from tests.clients import Caller
from tests.workers.jobs.llm_visibility_score.steps import BRAND, QUESTIONS, shop
from workers.assistants.models import Connection

SETTINGS = {"base_url": "https://api.example.com/v1", "model": "m"}


@pytest.fixture(autouse=True)
def assistants(owner: Caller) -> None:
    shop(owner)
    for name, price in (("cheap", 1.0), ("dear", 10.0)):
        prices = {"output_price_per_million": price, "price_per_request": price / 1_000}
        Connection.objects.create(
            tenant=owner.tenant, name=name, connector="openai_compatible", settings=SETTINGS | prices
        )


def cost(owner: Caller, **params: object) -> Any:
    sent = {"marketplace": "amazon_us", "brand": BRAND, **params}
    body = {"type": "llm_visibility_score", "params": sent}
    return data_of(owner.post("/api/ai-jobs?validate_only=true", body))["cost"]


def test_it_is_questions_times_samples_times_assistants_at_their_prices(owner: Caller) -> None:
    # 800 tokens at most, and a request.
    once = {"cheap": Decimal("0.0018"), "dear": Decimal("0.018")}
    asked = {"questions": QUESTIONS, "samples": 4}
    assert cost(owner, **asked, assistants=["dear"]) == {"most": float(8 * 4 * once["dear"])}
    assert cost(owner, **asked) == {"most": float(8 * 4 * (once["cheap"] + once["dear"]))}
    # As many questions as are made at most.
    assert cost(owner, samples=1, assistants=["cheap"]) == {"most": float(23 * once["cheap"])}


def test_the_jobs_own_limit_and_what_costs_nothing(owner: Caller) -> None:
    assert cost(owner, questions=QUESTIONS, max_cost=0.05) == {"most": 0.05}
    assert cost(owner, questions=QUESTIONS, assistants=["local-retrieval"]) == {"most": 0}


def test_of_a_batch_it_is_the_sum(owner: Caller) -> None:
    params = {"marketplace": "amazon_us", "brand": BRAND, "questions": QUESTIONS, "max_cost": 0.05}
    job = {"type": "llm_visibility_score", "params": params}
    found = data_of(owner.post("/api/ai-jobs/batch?validate_only=true", {"jobs": [job, job, {"type": "test_probe"}]}))
    assert [each["cost"] for each in found["jobs"]] == [{"most": 0.05}, {"most": 0.05}, None]
    assert found["cost"] == {"most": 0.1}
