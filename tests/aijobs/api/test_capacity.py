"""How much may wait: QUEUE_FULL, per tenant and overall."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils.timezone import now

from aijobs.engine import statistics
from aijobs.models import Batch, Job, QueueStatistics, Tenant, TenantCapacity
from tests import engine
from tests.aijobs.api.answers import PROBE, at_once, data_of, error_of, patiently, run_to_the_end, uuid_of
from tests.clients import Caller
from tests.workers.catalogue.steps import add_products

JOBS, BATCHES = "/api/ai-jobs", "/api/ai-jobs/batch"


def limit(who: Caller, jobs: int) -> None:
    Tenant.objects.filter(pk=who.tenant.pk).update(queue_limit=jobs)


def measured(**values: Any) -> None:
    defaults = {"refreshed_at": now(), "active": 0, "depths": {}, "drain_rate": 0.0, "medians": {}}
    QueueStatistics.objects.update_or_create(pk=1, defaults={**defaults, **values})
    statistics.forget()


def test_a_full_queue_refuses_the_owner_and_the_teammate_but_no_outsider(
    owner: Caller, teammate: Caller, outsider: Caller
) -> None:
    limit(owner, 2)
    owner.dispatch()
    teammate.dispatch()
    for who in (owner, teammate):
        error_of(who.post(JOBS, PROBE), 429, "QUEUE_FULL")
    outsider.dispatch()
    assert Job.objects.count() == 3


def test_the_limit_of_the_settings_holds_for_a_tenant_without_one(owner: Caller, settings: Any) -> None:
    settings.AIJOBS_TENANT_QUEUE_LIMIT = 1
    owner.dispatch()
    error_of(owner.post(JOBS, PROBE), 429, "QUEUE_FULL")


def test_a_running_job_counts_and_one_that_has_ended_does_not(owner: Caller) -> None:
    limit(owner, 1)
    job = owner.dispatch()
    run = engine.start(uuid_of(job["id"]))
    error_of(owner.post(JOBS, PROBE), 429, "QUEUE_FULL")
    engine.complete(run)
    owner.dispatch()


@pytest.mark.parametrize("end", ["fail", "cancel"])
def test_every_end_gives_its_place_back(owner: Caller, end: str) -> None:
    limit(owner, 1)
    job = owner.dispatch()
    if end == "fail":
        engine.fail(engine.start(uuid_of(job["id"])))
    else:
        owner.delete(f"{JOBS}/{job['id']}")
    owner.dispatch()


def test_a_job_that_waits_for_a_retry_keeps_its_place(owner: Caller) -> None:
    limit(owner, 1)
    engine.fail(engine.start(uuid_of(owner.dispatch()["id"])), transient=True)
    error_of(owner.post(JOBS, PROBE), 429, "QUEUE_FULL")


def test_a_batch_fits_whole_or_not_at_all(owner: Caller) -> None:
    limit(owner, 3)
    owner.dispatch()
    error_of(owner.post(BATCHES, {"jobs": [PROBE] * 3}), 429, "QUEUE_FULL")
    assert (Job.objects.count(), Batch.objects.count()) == (1, 0)
    data_of(owner.post(BATCHES, {"jobs": [PROBE] * 2}), 201)
    assert TenantCapacity.objects.get(tenant=owner.tenant).active == 3


def test_a_batch_that_is_larger_than_the_limit_is_told_that_it_never_fits(owner: Caller, teammate: Caller) -> None:
    batch = {"jobs": [PROBE] * 3}
    accepted = data_of(owner.post(BATCHES, batch, idempotency_key="stock-4711"), 201)
    limit(owner, 2)
    # By another key: with hers, the limit that there was is kept for some seconds.
    for path in (BATCHES, f"{BATCHES}?validate_only=true"):
        refused = teammate.post(path, batch)
        message = error_of(refused, 429, "QUEUE_FULL")["message"]
        assert "The batch has 3 jobs, and this tenant can have 2 queued or running" in message
        assert "Retry-After" not in refused
    # Its jobs are in already.
    assert data_of(teammate.post(BATCHES, batch, idempotency_key="stock-4711"), 201) == accepted
    assert "Retry-After" in teammate.post(BATCHES, {"jobs": [PROBE] * 2})


def test_a_batch_that_is_larger_than_the_overall_limit_is_told_that_it_never_fits(
    owner: Caller, settings: Any
) -> None:
    settings.AIJOBS_QUEUE_LIMIT = 2
    refused = owner.post(BATCHES, {"jobs": [PROBE] * 3})
    message = error_of(refused, 429, "QUEUE_FULL")["message"]
    assert "The batch has 3 jobs, and all tenants together can have 2 queued or running" in message
    assert "Retry-After" not in refused


def test_the_overall_limit_holds_for_all_tenants(owner: Caller, outsider: Caller, settings: Any) -> None:
    settings.AIJOBS_QUEUE_LIMIT = 10
    measured(active=9)
    error_of(outsider.post(BATCHES, {"jobs": [PROBE] * 2}), 429, "QUEUE_FULL")
    outsider.dispatch()
    measured(active=10)
    for who in (owner, outsider):
        error_of(who.post(JOBS, PROBE), 429, "QUEUE_FULL")


def test_retry_after_is_when_so_many_jobs_have_ended(owner: Caller) -> None:
    limit(owner, 5)
    data_of(owner.post(BATCHES, {"jobs": [PROBE] * 5}), 201)
    measured(drain_rate=0.25)
    assert owner.post(JOBS, PROBE)["Retry-After"] == "4"
    assert owner.post(BATCHES, {"jobs": [PROBE] * 5})["Retry-After"] == "20"
    measured(drain_rate=1000.0)
    assert owner.post(JOBS, PROBE)["Retry-After"] == "1"


def test_retry_after_is_a_jobs_duration_until_something_has_ended(owner: Caller) -> None:
    limit(owner, 1)
    owner.dispatch()
    add_products(owner, "A")
    params = {"skus": ["A"], "marketplace": "amazon_us"}
    assert owner.post(JOBS, {"type": "pricing_recalculate", "params": params})["Retry-After"] == "30"
    measured(medians={"test_probe": 7.2})
    assert owner.post(JOBS, PROBE)["Retry-After"] == "8"


def test_after_the_wait_there_is_room(owner: Caller) -> None:
    limit(owner, 1)
    job = owner.dispatch()
    error_of(owner.post(JOBS, PROBE), 429, "QUEUE_FULL")
    run_to_the_end(job["id"])
    assert owner.dispatch()["status"] == "queued"


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_against_a_limit_of_37_admit_exactly_37(owner: Caller) -> None:
    limit(owner, 37)
    answers = at_once(50, lambda number: patiently(lambda: owner.post(JOBS, PROBE)).status_code)
    assert (answers.count(201), answers.count(429)) == (37, 13)
    assert Job.objects.count() == TenantCapacity.objects.get(tenant=owner.tenant).active == 37


@pytest.mark.django_db(transaction=True)
def test_batches_at_once_never_overshoot(owner: Caller) -> None:
    limit(owner, 37)
    five = {"jobs": [PROBE] * 5}
    answers = at_once(20, lambda number: patiently(lambda: owner.post(BATCHES, five)).status_code)
    assert (answers.count(201), answers.count(429)) == (7, 13)
    assert Job.objects.count() == TenantCapacity.objects.get(tenant=owner.tenant).active == 35


@pytest.mark.django_db(transaction=True)
def test_the_count_stays_exact_while_its_row_gets_larger_ids(owner: Caller) -> None:
    """One change in 64 gives it one; of 200 changes at once some do."""
    limit(owner, 20)

    def dispatch_and_cancel(number: int) -> None:
        for _ in range(10):
            answer = owner.post(JOBS, PROBE)
            if answer.status_code == 201:
                path = f"{JOBS}/{data_of(answer, 201)['id']}"
                patiently(partial(owner.delete, path))

    at_once(10, dispatch_and_cancel, threads=8)
    [capacity] = TenantCapacity.objects.all()
    assert (capacity.active, Job.objects.filter(status="queued").count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_who_waited_for_the_count_sees_it_also_where_its_row_has_a_larger_id_by_then(owner: Caller) -> None:
    limit(owner, 2)
    owner.dispatch()
    with psycopg.connect(**connection.get_connection_params()) as other, ThreadPoolExecutor(1) as executor:
        other.execute("UPDATE aijobs_tenantcapacity SET active = 2, id = nextval('aijobs_tenantcapacity_id_seq')")
        waiting = executor.submit(at_once, 1, lambda number: owner.post(JOBS, PROBE).status_code)
        while not other.execute("SELECT pid FROM pg_locks WHERE NOT granted").fetchall():
            assert not waiting.done()
        other.commit()
        assert waiting.result() == [429]
