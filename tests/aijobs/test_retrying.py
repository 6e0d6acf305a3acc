"""Retrying: a new job, dispatched as any other, linked to the one that has ended."""

from uuid import UUID

import pytest
from django.utils.timezone import now

from aijobs import retrying
from aijobs.auth import TenantAccess
from aijobs.engine import lifecycle
from aijobs.errors import (
    IdempotencyConflict,
    InvalidJobType,
    InvalidParams,
    JobNotFound,
    JobNotRetryable,
    QueueFull,
    TenantSuspended,
)
from aijobs.models import Job, Tenant, TenantCapacity
from aijobs.states import Priority
from tests import engine
from tests.aijobs.api.answers import at_once, uuid_of
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db


def retry(tenant: Tenant, job_id: UUID, **more: str) -> Job:
    new_id = retrying.retry(TenantAccess.of(tenant), job_id, **more)  # type: ignore[arg-type]
    return Job.objects.get(id=uuid_of(new_id))


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled"])
def test_an_ended_job_is_dispatched_again(end: str) -> None:
    tenant = TenantFactory()
    params = {"label": "large", "sleep": 0.125}
    [job_id] = engine.dispatch(tenant, priority=Priority.HIGH, params=params)
    if end == "cancelled":
        lifecycle.cancel(job_id, tenant.pk)
    elif end == "failed":
        engine.fail(engine.start(job_id))
    else:
        engine.complete(engine.start(job_id))
    new = retry(tenant, job_id)
    assert (new.status, new.type, new.priority, new.retry_of_id) == ("queued", "test_probe", Priority.HIGH, job_id)
    assert new.params == params
    assert engine.kinds(new.id) == ["queued"]
    assert engine.statuses([job_id]) == [end]
    engine.complete(engine.start(new.id))


@pytest.mark.parametrize("running", [False, True])
def test_a_job_that_has_not_ended_is_refused(running: bool) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant)
    if running:
        engine.start(job_id)
    state = "running" if running else "queued"
    with pytest.raises(JobNotRetryable, match=f"The job is {state}; only a job that has ended can be retried."):
        retry(tenant, job_id)
    assert Job.objects.count() == 1


def test_another_tenants_job_does_not_exist() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.complete(engine.start(job_id))
    with pytest.raises(JobNotFound):
        retry(TenantFactory(), job_id)


def ended(tenant: Tenant) -> UUID:
    [job_id] = engine.dispatch(tenant)
    engine.fail(engine.start(job_id))
    return job_id


def test_the_limits_are_those_of_a_dispatch() -> None:
    tenant = TenantFactory(queue_limit=1)
    job_id = ended(tenant)
    engine.dispatch(tenant)
    with pytest.raises(QueueFull):
        retry(tenant, job_id)
    assert TenantCapacity.objects.get(tenant=tenant).active == 1


def test_the_validation_is_that_of_a_dispatch() -> None:
    tenant = TenantFactory()
    job_id = ended(tenant)
    Job.objects.filter(id=job_id).update(params={"sleep": -1})
    with pytest.raises(InvalidParams):
        retry(tenant, job_id)
    Job.objects.filter(id=job_id).update(type="of_an_older_release")
    with pytest.raises(InvalidJobType):
        retry(tenant, job_id)


def test_a_suspended_tenant_dispatches_nothing() -> None:
    tenant = TenantFactory()
    job_id = ended(tenant)
    tenant.suspended_at = now()
    with pytest.raises(TenantSuspended):
        retry(tenant, job_id)


def test_a_member_of_a_batch_is_repeated_by_itself() -> None:
    tenant = TenantFactory()
    _, (first, second) = engine.dispatch_batch(tenant, 2)
    engine.fail(engine.start(first))
    assert engine.statuses([second]) == ["cancelled"]
    new = retry(tenant, second)
    assert (new.batch_id, new.blocked) == (None, False)


def test_numbers_stay_exact() -> None:
    tenant = TenantFactory()
    job_id = ended(tenant)
    Job.objects.filter(id=job_id).update(params={"label": "9007199254740993", "sleep": 0.1})
    assert retry(tenant, job_id).params == {"label": "9007199254740993", "sleep": 0.1}


@pytest.mark.django_db(transaction=True)
def test_on_one_occasion_a_job_is_retried_once() -> None:
    tenant = TenantFactory()
    job_id = ended(tenant)

    def once(number: int) -> UUID:
        """On a busy machine it may be told to come again."""
        while True:
            try:
                return retry(tenant, job_id, once="bulk_1").id
            except IdempotencyConflict:
                continue

    new = at_once(8, once, threads=4)
    assert len(set(new)) == 1
    assert Job.objects.filter(retry_of_id=job_id).count() == 1
    assert retry(tenant, job_id, once="bulk_2").id not in new
