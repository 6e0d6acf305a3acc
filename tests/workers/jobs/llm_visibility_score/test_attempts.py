"""Budgets, limits and crashes: what is answered is kept, and what is missing is said."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID

import pytest
from django.db import connection

from aijobs.engine import lifecycle, queueing
from aijobs.errors import RunPostponed
from aijobs.identifiers import JOB_PREFIX, encode
from aijobs.models import Job
from aijobs.outbound import throttle
from aijobs.states import Status
from tests import engine
from tests.clients import Caller
from tests.workers.assistants import recorded
from tests.workers.assistants.providers import configure
from tests.workers.assistants.recorded import Json
from tests.workers.assistants.server import KEY, MODEL, FakeProvider, Request, error, json_reply
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
from workers.assistants.asking import AT_ONCE
from workers.assistants.models import Account, Budget, Connection, StoredAnswer
from workers.assistants.openai_compatible.connector import SMALLEST_BURST
from workers.context import JobContext
from workers.jobs.llm_visibility_score.limits import LIMITS
from workers.jobs.llm_visibility_score.run import run as handler
from workers.jobs.llm_visibility_score.shapes import VisibilityParams, VisibilityResult
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


def test_a_later_attempt_begins_with_the_progress_of_what_is_stored(owner: Caller, provider: FakeProvider) -> None:
    shop(owner)
    configure(owner, provider)
    provider.answer = saying(lambda _: PRAISE)
    provider.instead = [error(429, "Slow down.", "rate_limit_error", "rate_limit_exceeded", retry_after="600")]
    job_id = dispatched(owner, questions=QUESTIONS, samples=1)
    execute(engine.start(job_id))
    engine.let_backoff_pass([job_id])
    queueing.release_due()
    context = JobContext(engine.start(job_id))
    seen: list[int] = []
    context.progress = lambda processed, total=None: seen.append(processed)  # type: ignore[method-assign]
    sent = {"marketplace": MARKETPLACE, "brand": BRAND, "questions": QUESTIONS, "samples": 1}
    handler(VisibilityParams.model_validate(sent), context)
    answered = len(QUESTIONS) - 1
    assert (seen[0], seen[-1]) == (answered, len(QUESTIONS))
    assert seen == sorted(seen)


def test_the_services_own_limit_costs_no_attempt_although_nothing_could_be_asked(
    owner: Caller, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where Valkey does not answer in time, no burst is allowed.
    monkeypatch.setattr(throttle, "ANSWER_SECONDS", 60)
    shop(owner)
    configure(owner, provider, requests_per_minute=SMALLEST_BURST)
    job_id = dispatched(owner, questions=QUESTIONS, samples=1)
    for _ in range(LIMITS.attempts + 1):
        execute(engine.start(job_id))
        engine.let_backoff_pass([job_id])
        queueing.release_due()
    waiting = Job.objects.get(id=job_id)
    assert (waiting.status, waiting.failures) == (Status.QUEUED, 0)
    # As many as may be sent at once, and those whose turn has come meanwhile.
    assert SMALLEST_BURST <= len(provider.requests) < len(QUESTIONS)


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


DAYS = error(429, "Slow down.", "rate_limit_error", retry_after="259200")


def test_an_assistant_that_asks_for_a_pause_of_days_does_not_hold_up_the_others(
    owner: Caller, provider: FakeProvider
) -> None:
    shop(owner)
    configure(owner, provider)
    configure(owner, provider, "busy", model="busy")
    provider.answer, provider.of_model = saying(lambda _: PRAISE), {"busy": DAYS}
    result = result_of(run(owner, questions=QUESTIONS, samples=1))
    assert (result["processed_count"], result["overall"]["answer_count"]) == (len(QUESTIONS), len(QUESTIONS))
    assert {(each["assistant"], each["code"]) for each in result["failures"]} == {("busy", "THROTTLED")}
    # It was asked by as many as are asked at once, and then no more.
    assert len(provider.requests) <= len(QUESTIONS) + AT_ONCE
    assert re.search(
        r"too many requests at the moment\. Ask it again after 20\d\d-\d\d-\d\d \d\d:\d\d UTC",
        result["failures"][0]["message"],
    )


def test_where_only_pauses_of_days_are_asked_for_the_job_fails_and_says_when_to_ask_again(
    owner: Caller, provider: FakeProvider
) -> None:
    shop(owner)
    configure(owner, provider)
    configure(owner, provider, "wrong", model="no-such-model")
    provider.of_model = {MODEL: DAYS}
    job = run(owner, questions=QUESTIONS, samples=1, assistants=["openai", "wrong"])
    assert (job.status, job.error_code, job.retry_count) == (Status.FAILED, "THROTTLED", 0)
    assert "openai: " in job.error_message
    assert "Ask it again after 20" in job.error_message
    assert "wrong: 127.0.0.1 does not have the model no-such-model" in job.error_message


def test_a_short_pause_is_waited_for_although_another_assistant_asks_for_days(
    owner: Caller, provider: FakeProvider
) -> None:
    shop(owner)
    configure(owner, provider)
    configure(owner, provider, "busy", model="busy")
    provider.answer = saying(lambda _: PRAISE)
    minutes = error(429, "Slow down.", "rate_limit_error", retry_after="600")
    provider.of_model = {"busy": DAYS, MODEL: minutes}
    job_id = dispatched(owner, questions=QUESTIONS[:2], samples=1)
    execute(engine.start(job_id))
    waiting = Job.objects.get(id=job_id)
    assert waiting.status == Status.QUEUED
    assert 500 < (waiting.run_after - waiting.created_at).total_seconds() < 3600
    provider.of_model = {"busy": DAYS}
    run_again(job_id)
    assert result_of(Job.objects.get(id=job_id))["processed_count"] == 2


@pytest.mark.parametrize("names", [["openai", "local-retrieval"], ["local-retrieval"]])
def test_an_empty_catalogue_is_a_failure_of_the_search_only(
    owner: Caller, provider: FakeProvider, names: list[str]
) -> None:
    configure(owner, provider)
    provider.answer = saying(lambda _: PRAISE)
    job = run(owner, questions=QUESTIONS, samples=1, assistants=names)
    if names == ["local-retrieval"]:
        assert (job.status, job.error_code) == (Status.FAILED, "EMPTY_CATALOGUE")
        assert "neither products nor competitors' listings to search" in job.error_message
        return
    result = result_of(job)
    assert result["processed_count"] == len(QUESTIONS)
    assert {(each["assistant"], each["code"]) for each in result["failures"]} == {
        ("local-retrieval", "EMPTY_CATALOGUE")
    }


def test_an_assistant_that_was_removed_or_cannot_be_opened_is_missing_only_itself(
    owner: Caller, provider: FakeProvider
) -> None:
    shop(owner)
    for name in ("openai", "removed", "unreadable"):
        configure(owner, provider, name)
    provider.answer = saying(lambda _: PRAISE)
    job_id = dispatched(owner, questions=QUESTIONS, samples=1, assistants=["removed", "openai", "unreadable"])
    Connection.objects.get(name="removed").delete()
    Connection.objects.filter(name="unreadable").update(sealed_credentials="nonsense")
    execute(engine.start(job_id))
    result = result_of(Job.objects.get(id=job_id))
    assert result["processed_count"] == len(QUESTIONS)
    assert {(each["assistant"], each["code"]) for each in result["failures"]} == {
        ("removed", "ASSISTANT_NOT_CONFIGURED"),
        ("unreadable", "CREDENTIALS_UNREADABLE"),
    }


def test_a_job_that_waits_for_a_limit_can_be_cancelled_and_its_answers_serve_the_next(
    owner: Caller, provider: FakeProvider
) -> None:
    shop(owner)
    configure(owner, provider)
    provider.answer = saying(lambda _: PRAISE)
    provider.instead = [error(429, "Slow down.", "rate_limit_error", retry_after="600")]
    job_id = dispatched(owner, questions=QUESTIONS, samples=1)
    execute(engine.start(job_id))
    answer = owner.delete(f"/api/ai-jobs/{encode(JOB_PREFIX, job_id)}")
    assert answer.status_code in (200, 204), answer.content
    engine.let_backoff_pass([job_id])
    queueing.release_due()
    assert lifecycle.claim(job_id, engine.WORKER) is None
    assert Job.objects.get(id=job_id).status == Status.CANCELLED
    assert result_of(run(owner, questions=QUESTIONS, samples=1))["processed_count"] == len(QUESTIONS)
    # Asked again was only what had no answer.
    assert len(provider.requests) == len(QUESTIONS) + 1


def test_a_key_that_the_server_echoes_is_neither_stored_nor_shown_nor_logged(
    owner: Caller, provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shop(owner)
    configure(owner, provider)
    provider.answer = saying(lambda prompt: f"1. **Northfield {KEY}** – see https://{KEY.lower()}.example/{prompt}")
    provider.instead = [
        error(400, f"Bad key {KEY}.", "invalid_request_error"),
        json_reply(recorded.openai("", refusal=KEY)),
        json_reply({KEY: KEY}),
        error(429, KEY, KEY, retry_after="600"),
    ]
    job_id = dispatched(owner, questions=QUESTIONS, samples=1)
    execute(engine.start(job_id))
    run_again(job_id)
    result = result_of(Job.objects.get(id=job_id))
    assert (result["processed_count"], result["failure_count"]) == (len(QUESTIONS) - 1, 1)
    assert "…" in result["questions"][1]["mentions"][0]["quote"]
    stored = str([*StoredAnswer.objects.values_list("text", "citations", "model")])
    shown = owner.get(f"/api/ai-jobs/{encode(JOB_PREFIX, job_id)}").content.decode()
    for text in (stored, shown, str(result), caplog.text):
        assert KEY.lower() not in text.lower()


def run_again(job_id: UUID) -> None:
    engine.let_backoff_pass([job_id])
    queueing.release_due()
    execute(engine.start(job_id))


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


def test_a_refusal_in_plain_words_is_a_failure_and_lowers_no_rate(owner: Caller, provider: FakeProvider) -> None:
    shop(owner)
    configure(owner, provider)
    sorry = "I'm sorry, but I can't help with that. Is there anything else I can do for you?"
    provider.answer = saying(lambda prompt: sorry if "number 3" in prompt else PRAISE)
    result = result_of(run(owner, questions=QUESTIONS, samples=1))
    assert [(each["question"], each["code"]) for each in result["failures"]] == [(QUESTIONS[2], "REFUSED")]
    assert sorry in result["failures"][0]["message"]
    assert (result["processed_count"], result["overall"]["mention_rate"]["value"]) == (len(QUESTIONS) - 1, 1.0)


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


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_once_share_the_months_budget_and_keep_what_they_have(
    owner: Caller, provider: FakeProvider
) -> None:
    shop(owner)
    configure(owner, provider, output_price_per_million=10_000)
    both = Event()

    def answer(request: Request) -> Json:
        """Seven dollars, where eight are reserved. Nobody is answered before both jobs ask as often as they may."""
        if len(provider.requests) >= 2 * AT_ONCE:
            both.set()
        both.wait(60)
        return {**recorded.openai(PRAISE), "usage": recorded.usage(completion=700)}

    provider.answer = answer
    # After sixteen answers for 112 dollars, eleven or twelve more fit, and neither job has all of its own.
    Budget.objects.create(tenant=owner.tenant, monthly_limit=200)
    others = [question.replace("hiking", "travelling") for question in QUESTIONS]

    def asked(questions: list[str]) -> VisibilityResult:
        sent = {"marketplace": MARKETPLACE, "brand": BRAND, "questions": questions, "samples": 4}
        try:
            run = engine.start(dispatched(owner, **sent))
            return handler(VisibilityParams.model_validate(sent), JobContext(run))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(asked, [QUESTIONS, others]))
    for result in results:
        assert result.is_partial
        assert {each.code for each in result.failures} == {"BUDGET_EXCEEDED"}
        assert result.processed_count + result.failure_count == 4 * len(QUESTIONS)
        assert result.overall is not None
        assert result.overall.answer_count == result.processed_count >= AT_ONCE
    account = Account.objects.get()
    assert account.spent == sum(each.cost for each in results) == len(provider.requests) * 7
    assert account.spent <= 200
    assert account.reserved == 0
