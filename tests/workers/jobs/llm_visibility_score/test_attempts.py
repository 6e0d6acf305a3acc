"""Budgets, limits and crashes: what is answered is kept, and what is missing is said."""

import pytest

from aijobs.engine import queueing
from aijobs.errors import RunPostponed
from aijobs.models import Job
from aijobs.states import Status
from tests import engine
from tests.clients import Caller
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import FakeProvider, error
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.jobs.llm_visibility_score.steps import (
    BRAND,
    PRAISE,
    QUESTIONS,
    dispatched,
    result_of,
    run,
    saying,
    shop,
)
from workers.context import JobContext
from workers.jobs.llm_visibility_score.limits import LIMITS
from workers.jobs.llm_visibility_score.run import run as handler
from workers.jobs.llm_visibility_score.shapes import VisibilityParams
from workers.running import execute

pytestmark = pytest.mark.django_db


def test_what_the_budget_does_not_allow_is_missing_and_marked(owner: Caller, provider: FakeProvider) -> None:
    shop(owner)
    # A call may cost 0.8 dollars at most, and costs less.
    configure(owner, provider, input_price_per_million=0, output_price_per_million=1000)
    provider.answer = saying(lambda _: PRAISE)
    result = result_of(run(owner, questions=QUESTIONS, samples=1, max_cost=0.81))
    assert 0 < result["processed_count"] < len(QUESTIONS)
    assert result["is_partial"]
    assert result["failure_count"] == len(QUESTIONS) - result["processed_count"]
    assert {each["code"] for each in result["failures"]} == {"BUDGET_EXCEEDED"}
    assert result["overall"]["answer_count"] == result["processed_count"]
    assert result["cost"] <= 0.81


def test_a_budget_for_not_even_one_answer_fails(owner: Caller, provider: FakeProvider) -> None:
    shop(owner)
    configure(owner, provider, input_price_per_million=0, output_price_per_million=1000)
    job = run(owner, questions=QUESTIONS, samples=1, max_cost=0.1)
    assert (job.status, job.error_code) == (Status.FAILED, "BUDGET_EXCEEDED")
    assert provider.requests == []


def test_a_later_attempt_asks_only_what_was_not_answered(owner: Caller, provider: FakeProvider) -> None:
    shop(owner)
    configure(owner, provider)
    provider.answer = saying(lambda _: PRAISE)
    provider.instead = [error(429, "Slow down.", "rate_limit_error", "rate_limit_exceeded", retry_after="600")]
    job_id = dispatched(owner, questions=QUESTIONS, samples=1)
    execute(engine.start(job_id))
    waiting = Job.objects.get(id=job_id)
    # It waits in PostgreSQL for as long as the provider has asked for.
    assert waiting.status == Status.QUEUED
    assert (waiting.run_after - waiting.created_at).total_seconds() > 500
    asked = len(provider.requests)
    engine.let_backoff_pass([job_id])
    queueing.release_due()
    execute(engine.start(job_id))
    result = result_of(Job.objects.get(id=job_id))
    assert result["processed_count"] == len(QUESTIONS)
    prompts = [request.prompt for request in provider.requests]
    refused = len(prompts) - len(set(prompts))
    assert refused <= 1
    assert len(prompts) - asked < len(QUESTIONS)


def test_a_limit_that_lets_little_through_at_a_time_costs_no_attempt(owner: Caller, provider: FakeProvider) -> None:
    shop(owner)
    configure(owner, provider)
    provider.answer = saying(lambda _: PRAISE)
    job_id = dispatched(owner, questions=QUESTIONS, samples=1)
    for left in range(len(QUESTIONS) - 1, 0, -1):
        provider.instead = [error(429, "Slow down.", "rate_limit_error", retry_after="600")] * left
        execute(engine.start(job_id))
        waiting = Job.objects.get(id=job_id)
        assert (waiting.status, waiting.failures) == (Status.QUEUED, 0)
        engine.let_backoff_pass([job_id])
        queueing.release_due()
    execute(engine.start(job_id))
    result = result_of(Job.objects.get(id=job_id))
    assert (result["processed_count"], result["failure_count"]) == (len(QUESTIONS), 0)


def test_questions_that_wait_for_a_limit_are_not_processed(owner: Caller, provider: FakeProvider) -> None:
    shop(owner)
    configure(owner, provider)
    provider.answer = saying(lambda _: PRAISE)
    provider.instead = [error(429, "Slow down.", "rate_limit_error", retry_after="600")] * 3
    params = {"marketplace": MARKETPLACE, "brand": BRAND, "questions": QUESTIONS, "samples": 1}
    context = JobContext(engine.start(dispatched(owner, questions=QUESTIONS, samples=1)))
    with pytest.raises(RunPostponed):
        handler(VisibilityParams.model_validate(params), context)
    assert (context.processed, context.total) == (len(QUESTIONS) - 3, len(QUESTIONS))


def test_the_services_own_limit_costs_no_attempt_although_nothing_could_be_asked(
    owner: Caller, provider: FakeProvider
) -> None:
    shop(owner)
    configure(owner, provider, requests_per_minute=6)
    job_id = dispatched(owner, questions=QUESTIONS, samples=1)
    for _ in range(LIMITS.attempts + 1):
        execute(engine.start(job_id))
        engine.let_backoff_pass([job_id])
        queueing.release_due()
    waiting = Job.objects.get(id=job_id)
    assert (waiting.status, waiting.failures, len(provider.requests)) == (Status.QUEUED, 0, 1)


def test_a_provider_that_only_refuses_leaves_what_others_have_answered(owner: Caller, provider: FakeProvider) -> None:
    shop(owner)
    configure(owner, provider)
    job_id = dispatched(owner, questions=QUESTIONS[:2], samples=1)
    # One question is answered by the first run, and the other one never.
    for run_number in range(LIMITS.attempts + 1):
        limited = error(429, "Slow down.", "rate_limit_error", retry_after="600")
        provider.instead = [limited]
        execute(engine.start(job_id))
        assert Job.objects.get(id=job_id).failures == min(run_number, LIMITS.attempts - 1)
        engine.let_backoff_pass([job_id])
        queueing.release_due()
    result = result_of(Job.objects.get(id=job_id))
    assert (result["processed_count"], [each["code"] for each in result["failures"]]) == (1, ["THROTTLED"])


def test_what_an_assistant_refuses_is_listed_beside_the_others_answers(owner: Caller, provider: FakeProvider) -> None:
    shop(owner)
    configure(owner, provider)
    configure(owner, provider, "wrong", model="no-such-model")
    provider.answer = saying(lambda _: PRAISE)
    result = result_of(run(owner, questions=QUESTIONS, samples=1))
    assert {each["assistant"]: each["summary"] is None for each in result["assistants"]} == {
        "openai": False,
        "wrong": True,
    }
    assert {each["assistant"] for each in result["failures"]} == {"wrong"}
    assert result["overall"]["answer_count"] == len(QUESTIONS)


def test_the_questions_of_an_attempt_are_those_of_the_first(owner: Caller, provider: FakeProvider) -> None:
    product = shop(owner)
    configure(owner, provider)
    provider.answer = saying(lambda _: PRAISE)
    provider.instead = [error(429, "Slow down.", "rate_limit_error", "rate_limit_exceeded", retry_after="600")]
    job_id = dispatched(owner, samples=1)
    execute(engine.start(job_id))
    product.category, product.listing.category = "Lamps", "Lamps"
    product.save()
    product.listing.save()
    engine.let_backoff_pass([job_id])
    queueing.release_due()
    execute(engine.start(job_id))
    asked = {each["question"] for each in result_of(Job.objects.get(id=job_id))["questions"]}
    assert not any("lamps" in text for text in asked)
