"""The page of a job: why, how it came, what it found and changed; and all that others wrote as text."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from lxml import html  # type: ignore[import-untyped]  # it has no types of its own

from aijobs import identifiers, registry
from aijobs.admin import job_page
from aijobs.admin.effects import Effect
from aijobs.auth import TenantAccess
from aijobs.engine import inserting, lifecycle
from aijobs.engine.inserting import NewJob
from aijobs.engine.outcomes import Failed
from aijobs.models import ApiKey, Job, JobEvent, Tenant
from aijobs.states import Priority
from tests import engine
from tests.clients import Caller
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db

MARKUP = "<script>alert(1)</script>"


def page(client: Client, job_id: UUID) -> str:
    answer = client.get(reverse("admin:aijobs_job_change", args=[job_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def text_of(shown: str) -> str:
    return re.sub(r"\s+", " ", html.fromstring(shown).text_content())


def public(job_id: UUID) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job_id)


def one(tenant: Tenant, **more: Any) -> UUID:
    [job_id] = engine.dispatch(tenant, **more)
    return job_id


def test_it_begins_with_the_sentence_and_what_to_do(admin_client: Client) -> None:
    job_id = one(TenantFactory())
    engine.fail(engine.start(job_id))
    shown = text_of(page(admin_client, job_id))
    sentence = "The job failed once, and is not tried again. The last failure was PROBE_FAILED: asked to fail."
    assert sentence in shown
    assert "Mend what the message names, then retry the job." in shown


def test_it_draws_the_attempts(admin_client: Client) -> None:
    job_id = one(TenantFactory())
    lifecycle.record(engine.start(job_id), Failed("PROBE_BUSY", "busy", True, retry_after=60))
    shown = page(admin_client, job_id)
    assert ">attempt 1</th>" in shown
    assert "retried: PROBE_BUSY" in shown
    assert ">not started</th>" in shown
    assert 'class="tone-backoff"' in shown


def test_it_lists_the_events_with_what_they_say(admin_client: Client) -> None:
    job_id = one(TenantFactory())
    engine.fail(engine.start(job_id))
    shown = page(admin_client, job_id)
    assert "<td>code: PROBE_FAILED<br>message: asked to fail</td>" in shown


def test_of_many_events_it_lists_the_last(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_page, "MOST_EVENTS", 2)
    job_id = one(TenantFactory())
    engine.complete(engine.start(job_id))
    shown = page(admin_client, job_id)
    assert "These are the last 2 events." in shown
    assert "<td>Queued</td>" not in shown
    assert "<td>Completed</td>" in shown


def test_it_shows_pictures_of_a_result(admin_client: Client) -> None:
    job_id = one(TenantFactory(), type="pricing_recalculate")
    engine.complete(engine.start(job_id), registry.get("pricing_recalculate").example["result"])
    shown = page(admin_client, job_id)
    assert "Price ladder" in shown
    assert "14.99 → 13.49" in shown


def test_a_result_of_another_release_has_tables_and_no_pictures(admin_client: Client) -> None:
    job_id = one(TenantFactory(), type="pricing_recalculate")
    engine.complete(engine.start(job_id), {"was": "another"})
    shown = page(admin_client, job_id)
    assert "Another release of the service made this result" in shown
    assert "<td>another</td>" in shown


def test_numbers_are_as_they_were_written(admin_client: Client) -> None:
    job_id = one(TenantFactory())
    engine.start(job_id)
    Job.objects.filter(id=job_id).update(status="completed")
    text = '{"count": 12345678901234567890, "price": 13.490}'
    with connection.cursor() as cursor:
        cursor.execute("UPDATE aijobs_job SET result = %s::json WHERE id = %s", [text, job_id])
    shown = page(admin_client, job_id)
    assert "12345678901234567890" in shown
    assert "13.490" in shown


def test_it_says_how_it_came(admin_client: Client, owner: Caller) -> None:
    body = {"type": "test_probe"}
    sent = owner.post("/api/ai-jobs", body, **{"x-request-id": "req-1", "idempotency-key": "order-1"})
    job = Job.objects.get()
    shown = page(admin_client, job.id)
    key = ApiKey.objects.get()
    assert f"{key.prefix}…" in shown
    assert owner.key not in shown
    assert reverse("admin:aijobs_apikey_change", args=[key.pk]) in shown
    assert ">req-1</a>" in shown
    assert ">order-1</a>" in shown
    assert sent.status_code == 201


def test_it_names_the_job_that_it_repeats_and_those_that_repeat_it(admin_client: Client) -> None:
    tenant = TenantFactory()
    first = one(tenant)
    again = NewJob(identifiers.new_id(), "test_probe", {}, Priority.NORMAL, retry_of=first)
    inserting.insert(TenantAccess.of(tenant), [again], identifiers.created_at(again.id))

    def named(words: str, job_id: UUID) -> str:
        address = reverse("admin:aijobs_job_change", args=[job_id])
        return f'<dt>{words}</dt><dd><a href="{address}">{public(job_id)}</a></dd>'

    assert named("Retried as", again.id) in page(admin_client, first)
    assert named("Retry of", first) in page(admin_client, again.id)


def test_it_shows_its_neighbours_in_the_batch(admin_client: Client) -> None:
    _, jobs = engine.dispatch_batch(TenantFactory(), 3)
    shown = page(admin_client, jobs[1])
    for job_id in (jobs[0], jobs[2]):
        assert f'<a href="{reverse("admin:aijobs_job_change", args=[job_id])}">{public(job_id)}</a>' in shown
    assert f'class="job-itself"><td>2</td><td>{public(jobs[1])}</td>' in shown


def test_it_has_a_command_that_shows_what_the_customer_sees(admin_client: Client) -> None:
    tenant = TenantFactory(name="my-shop")
    job_id = one(tenant)
    [shown] = html.fromstring(page(admin_client, job_id)).xpath("//pre[@class='command']/text()")
    assert shown.split(" \\\n  ") == [
        "curl -s",
        '-H "Authorization: Bearer $AIJOBS_API_KEY"',
        '-H "X-Tenant-ID: my-shop"',
        f"http://testserver/api/ai-jobs/{public(job_id)}",
    ]


def test_it_shows_what_others_say_that_the_job_changed(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    effect = Effect("Prices", ["SKU", "after"], [["A", MARKUP]], MARKUP, "/admin/somewhere")
    monkeypatch.setattr("aijobs.admin.job_page.effects_of", lambda job: [effect])
    shown = page(admin_client, one(TenantFactory()))
    assert "What it changed" in shown
    assert '<a href="/admin/somewhere">Prices</a>' in shown
    assert MARKUP not in shown


def test_without_changes_there_is_no_such_part(admin_client: Client) -> None:
    assert "What it changed" not in page(admin_client, one(TenantFactory()))


def test_whatever_callers_and_marketplaces_wrote_is_text(admin_client: Client) -> None:
    tenant = TenantFactory()
    job_id = one(tenant, params={"skus": [MARKUP], MARKUP: MARKUP}, type="pricing_recalculate")
    result = json.loads(json.dumps(registry.get("pricing_recalculate").example["result"]))
    for each in result["recommendations"]:
        each |= {"sku": MARKUP, "reasoning": MARKUP}
    engine.complete(engine.start(job_id), result)
    names = ("error_code", "error_message", "worker", "request_id", "idempotency_key", "cancel_reason")
    key = ApiKey.objects.create(label=MARKUP, prefix=MARKUP[:16], key_hash="x", scopes=[])
    Job.objects.filter(id=job_id).update(**dict.fromkeys(names, MARKUP), api_key=key)
    JobEvent.objects.filter(job_id=job_id).update(data={"code": MARKUP, MARKUP: MARKUP})
    shown = page(admin_client, job_id)
    assert MARKUP not in shown
    assert "<script>" not in shown
    assert shown.count("&lt;script&gt;") > 15
    for status in ("failed", "cancelled", "running", "queued"):
        Job.objects.filter(id=job_id).update(status=status)
        assert MARKUP not in page(admin_client, job_id), status


def test_nothing_on_it_is_refused_by_the_policy_of_content(admin_client: Client) -> None:
    shown = page(admin_client, one(TenantFactory(), type="pricing_recalculate"))
    assert " style=" not in shown
    assert not re.search(r" on\w+=", shown)
    assert not re.search(r"<script(?![^>]* src=)[^>]*>", shown)


def test_a_page_asks_few_questions(admin_client: Client, django_assert_num_queries: Any) -> None:
    """Session, user; the job, its tenant, documents, events, changes, key, retries, members, and the permissions."""
    tenant = TenantFactory()
    _, jobs = engine.dispatch_batch(tenant, 3)
    engine.complete(engine.start(jobs[0]), {})
    key = ApiKey.objects.create(label="", prefix="aij_", key_hash="x", scopes=[])
    Job.objects.filter(id=jobs[0]).update(api_key=key)
    with django_assert_num_queries(11):
        page(admin_client, jobs[0])
