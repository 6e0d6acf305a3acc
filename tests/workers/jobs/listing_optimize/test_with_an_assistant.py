"""With an assistant: what it writes is used if all of it is true and allowed, and its costs are told."""

import json
from datetime import timedelta

import pytest

from aijobs.engine import queueing
from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.workers.assistants import recorded
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import FakeProvider, Mishap, error, json_reply
from tests.workers.changes.jobs import result_of, run, run_again
from tests.workers.jobs.listing_optimize.steps import (
    BULLETS,
    GOOD,
    TITLE,
    data_in,
    dispatched,
    only,
    optimised,
    proposed,
    says,
    sell,
    stored,
    surround,
)
from workers.assistants import connections
from workers.assistants.models import Budget
from workers.catalogue.models import Listing
from workers.changes.models import Change
from workers.marketplaces.models import Connection

pytestmark = pytest.mark.django_db

ASK = {"assistant": "openai"}
# What is not in the data of the listing, or is against a rule.
LIES = {
    "number": {**GOOD, "title": "Acme Steel Bottle 1.5 l"},
    "material": {**GOOD, "description": "A bottle of titanium for 0.7 l."},
    "claim": {**GOOD, "bullets": ["Leakproof and dishwasher safe", *BULLETS[:2]]},
    "rule": {**GOOD, "title": "Acme Stainless Steel Bottle 0.7 l!!!"},
    "contact": {**GOOD, "description": f"{GOOD['description']} Visit www.example.com"},
}


@pytest.fixture
def seller(owner: Caller, provider: FakeProvider) -> Caller:
    surround(sell(owner.tenant, "A"))
    configure(owner, provider, input_price_per_million=1.0, output_price_per_million=2.0)
    says(provider, GOOD)
    return owner


def test_its_texts_are_proposed(seller: Caller, provider: FakeProvider) -> None:
    result = optimised(seller, "A", **ASK)
    report = only(result)
    assert (report["source"], report["fallback"], report["refusals"]) == ("assistant", None, [])
    assert proposed(report) == {name: text for name, text in GOOD.items() if text != stored()[name]}
    assert report["score_after"]["total"] > report["score_before"]["total"]
    assert result["assistant"] == {"assistant": "openai", "model": "gpt-5-mini"}
    # As the provider counts: 21 tokens in, 12 out.
    assert (result["tokens"], result["cost"]) == ({"input": 21, "output": 12}, 0.000045)
    assert (result["failures"], result["budget_exceeded"]) == ([], False)


def test_letters_are_composed_as_imports_compose_them(seller: Caller, provider: FakeProvider) -> None:
    Listing.objects.update(description=f"{GOOD['description']} For a café.")
    says(provider, {**GOOD, "bullets": [*GOOD["bullets"], "Bottle for a cafe\u0301"]})
    report = only(optimised(seller, "A", **ASK))
    assert (report["source"], proposed(report)["bullets"][-1]) == ("assistant", "Bottle for a café")


def test_the_prompt_delimits_what_others_wrote(seller: Caller, provider: FakeProvider) -> None:
    optimised(seller, "A", fields=["title", "bullets"], **ASK)
    [request] = provider.requests
    data = data_in(request)
    assert data["write"] == ["bullets", "title"]
    assert (data["listing"]["title"], data["listing"]["bullets"]) == (TITLE, BULLETS)
    assert "instructions" in request.body["messages"][0]["content"]
    assert any("200" in each for each in data["rules"])


@pytest.mark.parametrize("lies", [("number", "material"), ("claim", "rule"), ("contact", "number")])
def test_what_is_not_true_or_not_allowed_is_refused(
    lies: tuple[str, str], seller: Caller, provider: FakeProvider
) -> None:
    """It is asked twice, and lies in another way each time."""
    says(provider, *(LIES[lie] for lie in lies))
    report = only(optimised(seller, "A", **ASK))
    assert {each["attempt"] for each in report["refusals"]} == {1, 2}


def test_after_a_refusal_it_is_asked_once_more(seller: Caller, provider: FakeProvider) -> None:
    says(provider, LIES["number"], GOOD)
    report = only(optimised(seller, "A", **ASK))
    assert (report["source"], report["fallback"]) == ("assistant", None)
    assert {each["attempt"] for each in report["refusals"]} == {1}
    first, second = (request.prompt for request in provider.requests)
    assert second.startswith(first)
    assert report["refusals"][0]["message"] in second


def test_what_is_refused_twice_is_left_to_the_rules(seller: Caller, provider: FakeProvider) -> None:
    by_rules = only(optimised(seller, "A"))
    says(provider, LIES["number"])
    report = only(optimised(seller, "A", apply=True, **ASK))
    assert (report["source"], report["fallback"]) == ("rules", "REFUSED")
    assert {each["attempt"] for each in report["refusals"]} == {1, 2}
    assert proposed(report) == proposed(by_rules)
    assert len(provider.requests) == 2


def test_texts_that_score_worse_than_the_current_ones_are_refused(seller: Caller, provider: FakeProvider) -> None:
    Listing.objects.update(title=GOOD["title"], bullets=GOOD["bullets"], search_terms=GOOD["search_terms"])
    says(provider, {**GOOD, "title": "Bottle", "bullets": [], "search_terms": ""})
    report = only(optimised(seller, "A", **ASK))
    assert (report["source"], report["fallback"]) == ("rules", "REFUSED")
    assert {each["kind"] for each in report["refusals"]} >= {"lower_score"}


@pytest.mark.parametrize(
    "answers", [("not JSON", "[]"), ("{}", json.dumps({**GOOD, "title": 5})), ("I cannot do that.",)]
)
def test_an_answer_of_another_form_is_refused(
    seller: Caller, provider: FakeProvider, answers: tuple[str, ...]
) -> None:
    says(provider, *answers, GOOD)
    report = only(optimised(seller, "A", **ASK))
    assert report["source"] == ("rules" if len(answers) == 2 else "assistant")
    told = [(each["kind"], each["field"]) for each in report["refusals"]]
    assert told == [("MALFORMED_ANSWER", None)] * len(answers)


def test_a_refusal_of_the_model_falls_back_and_says_so(seller: Caller, provider: FakeProvider) -> None:
    provider.answer = lambda request: recorded.openai("", refusal="I can't help with that.")
    result = optimised(seller, "A", **ASK)
    report = only(result)
    assert (report["source"], report["fallback"]) == ("rules", "REFUSED")
    assert [each["kind"] for each in report["refusals"]] == ["REFUSED", "REFUSED"]
    assert result["cost"] > 0


def test_a_provider_that_is_away_falls_back_and_is_listed(seller: Caller, provider: FakeProvider) -> None:
    provider.instead = [error(500, "The server had an error", "server_error")] * 20
    result = optimised(seller, "A", **ASK)
    assert (only(result)["source"], only(result)["fallback"]) == ("rules", "UNAVAILABLE")
    assert [(each["sku"], each["code"]) for each in result["failures"]] == [("A", "UNAVAILABLE")]
    assert only(result)["proposals"]


def test_a_wrong_key_falls_back_and_is_listed(seller: Caller, provider: FakeProvider) -> None:
    provider.key = "another"
    result = optimised(seller, "A", **ASK)
    assert [each["code"] for each in result["failures"]] == ["CREDENTIALS_REFUSED"]
    assert only(result)["fallback"] == "CREDENTIALS_REFUSED"


def test_where_the_jobs_budget_ends_the_rest_is_by_rules(seller: Caller, provider: FakeProvider) -> None:
    """Each answer costs a cent, by the tokens that the provider counts."""
    for sku in ("B", "C"):
        sell(seller.tenant, sku)
    provider.answer = lambda request: {**recorded.openai(json.dumps(GOOD)), "usage": recorded.usage(2000, 4000)}
    result = optimised(seller, "A", "B", "C", max_cost=0.0125, apply=True, **ASK)
    assert (result["budget_exceeded"], result["cost"]) == (True, 0.01)
    sources = sorted(((each["source"], each["fallback"]) for each in result["listings"]), key=str)
    assert sources == [("assistant", None), *[("rules", "BUDGET_EXCEEDED")] * 2]
    assert all(each["proposals"] for each in result["listings"])
    assert {each["code"] for each in result["failures"]} == {"BUDGET_EXCEEDED"}
    assert result["updated_count"] == 3


def test_the_tenants_month_is_a_budget_too(seller: Caller, provider: FakeProvider) -> None:
    Budget.objects.create(tenant=seller.tenant, monthly_limit=0)
    result = optimised(seller, "A", **ASK)
    assert (result["budget_exceeded"], only(result)["source"], result["cost"]) == (True, "rules", 0.0)
    assert provider.requests == []


def test_answers_that_are_stored_are_not_asked_for_again(seller: Caller, provider: FakeProvider) -> None:
    """A run crashed after its answers had come: the next attempt goes on with them."""
    job_id = dispatched(seller, "A", apply=True, **ASK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workers.jobs.listing_optimize.proposing.report_of", lambda written: 1 / 0)
        assert run(job_id).status == "queued"
    result = result_of(run_again(job_id))
    assert len(provider.requests) == 1
    assert (only(result)["source"], result["tokens"]) == ("assistant", {"input": 21, "output": 12})
    assert stored()["title"] == GOOD["title"]


def test_a_limit_of_the_provider_is_waited_for_in_the_database(seller: Caller, provider: FakeProvider) -> None:
    """The run ends without a failure, and the next one asks only for what is missing."""
    for sku in ("B", "C"):
        sell(seller.tenant, sku)
    limited = error(429, "Rate limit reached", "requests", "rate_limit_exceeded", retry_after="60")
    provider.instead = [json_reply(recorded.openai(json.dumps(GOOD))), limited, limited]
    job_id = dispatched(seller, "A", "B", "C", **ASK)
    job = run(job_id)
    assert (job.status, job.failures) == ("queued", 0)
    assert job.run_after > engine.clock() + timedelta(seconds=30)
    asked = len(provider.requests)
    engine.let_backoff_pass([job_id])
    queueing.release_due()
    result = result_of(run(job_id))
    assert [each["source"] for each in result["listings"]] == ["assistant"] * 3
    assert len(provider.requests) - asked == 2


def test_a_pause_of_days_is_left_to_the_rules(seller: Caller, provider: FakeProvider) -> None:
    provider.instead = [error(429, "Slow down.", "rate_limit_error", retry_after="259200")]
    result = optimised(seller, "A", **ASK)
    assert (only(result)["source"], only(result)["fallback"]) == ("rules", "THROTTLED")
    assert "Ask it again after 20" in result["failures"][0]["message"]


def test_a_limit_that_lets_nothing_through_is_a_failure(seller: Caller, provider: FakeProvider) -> None:
    provider.instead = [error(429, "Rate limit reached", "requests", "rate_limit_exceeded", retry_after="60")] * 3
    job = run(dispatched(seller, "A", **ASK))
    assert (job.status, job.failures) == ("queued", 1)
    assert job.run_after > engine.clock() + timedelta(seconds=30)


def test_an_assistant_that_is_not_configured_is_refused_at_dispatch(seller: Caller) -> None:
    body = {
        "type": "listing_optimize",
        "params": {"skus": ["A"], "marketplace": "amazon_us", "assistant": "claude"},
    }
    answer = seller.post("/api/ai-jobs", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "ASSISTANT_NOT_CONFIGURED")
    assert "You have these assistants: openai." in answer.json()["error"]["message"]


def test_an_assistant_that_was_removed_meanwhile_fails_the_job(seller: Caller) -> None:
    job_id = dispatched(seller, "A", **ASK)
    connections.delete(seller.tenant.pk, "openai")
    job: Job = run(job_id)
    assert (job.status, job.error_code) == ("failed", "ASSISTANT_NOT_CONFIGURED")


def test_a_long_description_is_not_cut_short(seller: Caller, provider: FakeProvider) -> None:
    Listing.objects.update(description="A bottle of stainless steel. " * 210)
    optimised(seller, "A", **ASK)
    assert data_in(provider.requests[0])["write"] == ["bullets", "search_terms", "title"]
    report = only(optimised(seller, "A", fields=["description"], **ASK))
    assert (report["source"], report["fallback"]) == ("rules", "NOTHING_TO_WRITE")


def test_it_is_not_asked_for_texts_whose_denials_nobody_here_knows(seller: Caller, provider: FakeProvider) -> None:
    Connection.objects.create(tenant=seller.tenant, name="amazon_it", connector="catalogue")
    sell(seller.tenant, "A", marketplace="amazon_it", bullets=["Senza pile!"])
    report = only(optimised(seller, "A", marketplace="amazon_it", **ASK))
    assert (report["source"], report["fallback"], report["refusals"]) == ("rules", "LANGUAGE_NOT_CHECKED", [])
    assert provider.requests == []


def test_apply_writes_what_the_assistant_wrote(seller: Caller) -> None:
    result = optimised(seller, "A", apply=True, **ASK)
    assert result["updated_count"] == 1
    assert stored() == GOOD
    assert Change.objects.get().status == "applied"


def test_a_connection_that_breaks_is_tried_again(seller: Caller, provider: FakeProvider) -> None:
    provider.instead = [Mishap.LOST]
    assert only(optimised(seller, "A", **ASK))["source"] == "assistant"


def test_a_run_without_time_goes_on_later_with_its_answers(
    seller: Caller, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run here has time for one chunk, and takes the next one's answers from where the last one ended."""
    sell(seller.tenant, "B")
    monkeypatch.setattr("workers.jobs.listing_optimize.proposing.CHUNK", 1)
    monkeypatch.setattr("workers.jobs.listing_optimize.proposing.WORK_SECONDS", -1.0)
    job_id = dispatched(seller, "A", "B", **ASK)
    first = run(job_id)
    assert (first.status, first.failures, len(provider.requests)) == ("queued", 0, 1)
    assert [each["source"] for each in result_of(run_again(job_id))["listings"]] == ["assistant"] * 2
    assert len(provider.requests) == 2
