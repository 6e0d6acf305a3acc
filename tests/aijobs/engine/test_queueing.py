"""Which jobs are in the broker: windows, limits, promotion, and what the broker lost."""

import time
from typing import cast
from uuid import UUID

import pytest
from django.conf import settings
from django.utils.timezone import now
from redis import Redis

from aijobs.engine import broker, lifecycle, queueing
from aijobs.engine.outcomes import Failed
from aijobs.models import Job, Tenant
from aijobs.states import QUEUES, Priority
from tests import engine
from tests.aijobs.engine.messages import body_of, messages
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db


def released(tenant: Tenant) -> int:
    return Job.objects.filter(tenant=tenant, status="queued", released_at__isnull=False).count()


def test_dispatch_publishes_the_id_and_nothing_else(valkey: Redis) -> None:
    [job_id] = engine.dispatch(TenantFactory(), params={"label": "secret"})
    assert messages(valkey) == [str(job_id)]
    assert b"secret" not in cast("list[bytes]", valkey.lrange(QUEUES[Priority.NORMAL], 0, -1))[0]


def test_priority_chooses_the_queue(valkey: Redis) -> None:
    tenant = TenantFactory()
    for priority in Priority:
        engine.dispatch(tenant, priority=priority)
    assert [len(messages(valkey, priority)) for priority in Priority] == [1, 1, 1]


def test_only_a_window_of_a_tenant_and_lane_is_in_the_broker(valkey: Redis) -> None:
    tenant = TenantFactory(release_window=5)
    first = engine.dispatch(tenant, 20)
    engine.dispatch(tenant, 3, priority=Priority.HIGH)
    assert messages(valkey) == [str(job_id) for job_id in first[:5]]
    assert len(messages(valkey, Priority.HIGH)) == 3


def test_one_tenants_backlog_leaves_anothers_window_free(valkey: Redis) -> None:
    engine.dispatch(TenantFactory(release_window=5), 100)
    [job_id] = engine.dispatch(TenantFactory(release_window=5))
    assert messages(valkey).index(str(job_id)) == 5


def test_claims_refill_the_window_at_its_half(valkey: Redis) -> None:
    tenant = TenantFactory(release_window=6)
    ids = engine.dispatch(tenant, 20)
    for job_id in ids[:2]:
        assert not engine.start(job_id).refill
    assert released(tenant) == 4
    assert engine.start(ids[2]).refill
    queueing.refill(tenant.pk)
    assert released(tenant) == 6
    assert messages(valkey)[-3:] == [str(job_id) for job_id in ids[6:9]]


def test_everything_is_released_in_order_in_the_end(valkey: Redis) -> None:
    tenant = TenantFactory(release_window=4)
    ids = engine.dispatch(tenant, 30)
    ran: list[UUID] = []
    while waiting := messages(valkey)[len(ran) :]:
        run = engine.start(UUID(waiting[0]))
        ran.append(run.id)
        if run.refill:
            queueing.refill(tenant.pk)
        engine.complete(run)
    assert ran == ids


def test_max_running_bounds_what_is_released_or_running(valkey: Redis) -> None:
    tenant = TenantFactory(max_running=2)
    ids = engine.dispatch(tenant, 5)
    assert released(tenant) == 2
    run = engine.start(ids[0])
    queueing.refill(tenant.pk)
    assert released(tenant) == 1
    engine.complete(run)
    queueing.release_due()
    assert released(tenant) == 2


def test_claim_beyond_max_running_gives_its_place_back(valkey: Redis) -> None:
    tenant = TenantFactory()
    ids = engine.dispatch(tenant, 2)
    engine.start(ids[0])
    Tenant.objects.filter(pk=tenant.pk).update(max_running=1)
    assert lifecycle.claim(ids[1], engine.WORKER) is None
    assert Job.objects.get(id=ids[1]).released_at is None


def test_suspended_tenant_is_not_refilled_until_it_is_resumed(valkey: Redis) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant)
    Tenant.objects.filter(pk=tenant.pk).update(suspended_at=now())
    assert lifecycle.claim(job_id, engine.WORKER) is None
    queueing.release_due()
    assert released(tenant) == 0
    Tenant.objects.filter(pk=tenant.pk).update(suspended_at=None)
    queueing.release_due()
    assert released(tenant) == 1


def test_retry_is_released_when_its_backoff_has_passed(valkey: Redis) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant)
    lifecycle.record(engine.start(job_id), Failed("BUSY", "later", transient=True, retry_after=60.0))
    queueing.release_due()
    assert released(tenant) == 0
    engine.let_backoff_pass([job_id])
    queueing.release_due()
    assert messages(valkey) == [str(job_id)] * 2


def test_waiting_job_is_promoted_a_lane_at_a_time(valkey: Redis) -> None:
    tenant = TenantFactory(release_window=1)
    ids = engine.dispatch(tenant, 2, priority=Priority.LOW)
    for expected in (Priority.NORMAL, Priority.HIGH, Priority.HIGH):
        engine.let_wait(ids, settings.AIJOBS_PROMOTE_AFTER_SECONDS + 1)
        queueing.promote()
        queueing.release_due()
        assert list(Job.objects.filter(id__in=ids).values_list("lane", flat=True)) == [expected] * 2
        assert released(tenant) == 1
    assert set(Job.objects.filter(id__in=ids).values_list("priority", flat=True)) == {Priority.LOW}
    assert messages(valkey, Priority.HIGH) == [str(ids[0])]


def test_promoted_job_keeps_to_the_window_of_its_new_lane(valkey: Redis) -> None:
    tenant = TenantFactory(release_window=2)
    normal = engine.dispatch(tenant, 4)
    low = engine.dispatch(tenant, 2, priority=Priority.LOW)
    engine.let_wait(low, settings.AIJOBS_PROMOTE_AFTER_SECONDS + 1)
    queueing.promote()
    queueing.release_due()
    assert Job.objects.filter(tenant=tenant, lane=Priority.NORMAL, released_at__isnull=False).count() == 2
    for job_id in normal[:2]:
        engine.start(job_id)
    queueing.refill(tenant.pk)
    # They have waited longest.
    assert messages(valkey)[2:] == [str(job_id) for job_id in low]


def test_low_jobs_take_no_places_of_high_ones(valkey: Redis) -> None:
    tenant = TenantFactory(max_running=2)
    engine.dispatch(tenant, 5, priority=Priority.LOW)
    high = engine.dispatch(tenant, 3, priority=Priority.HIGH)
    assert messages(valkey, Priority.HIGH) == [str(job_id) for job_id in high[:2]]


def test_young_job_is_not_promoted(valkey: Redis) -> None:
    ids = engine.dispatch(TenantFactory(), 2, priority=Priority.LOW)
    queueing.promote()
    assert set(Job.objects.filter(id__in=ids).values_list("lane", flat=True)) == {Priority.LOW}


def test_message_of_a_sequential_batch_carries_the_rest_as_a_chain(valkey: Redis) -> None:
    _, ids = engine.dispatch_batch(TenantFactory(), 3)
    raw = cast("list[bytes]", valkey.lrange(QUEUES[Priority.NORMAL], 0, -1))
    [message] = raw
    arguments, _, embedded = body_of(message)
    assert arguments == [str(ids[0])]
    # Celery takes the next signature from the end.
    assert [link["args"][0] for link in embedded["chain"]] == [str(ids[2]), str(ids[1])]
    assert all(link["immutable"] for link in embedded["chain"])


def test_dispatch_without_a_broker_waits_for_the_sweeper(valkey: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = TenantFactory()
    broker.disconnect()
    with monkeypatch.context() as patch:
        # A socket that nobody listens on: the connection is refused.
        patch.setattr(settings, "CELERY_BROKER_URL", "redis+socket:///nonexistent/valkey.sock")
        [job_id] = engine.dispatch(tenant)
        assert released(tenant) == 0
        assert not broker.available()
    give_up_at = time.monotonic() + 60
    while not broker.available() and time.monotonic() < give_up_at:
        time.sleep(broker.PROBE_SECONDS / 10)
    queueing.release_due()
    assert messages(valkey) == [str(job_id)]


def test_new_job_does_not_overtake_those_that_wait_for_their_window(valkey: Redis) -> None:
    tenant = TenantFactory(release_window=4)
    ids = engine.dispatch(tenant, 10)
    engine.start(ids[0])
    engine.dispatch(tenant)
    assert released(tenant) == 3
    queueing.refill(tenant.pk)
    assert messages(valkey) == [str(job_id) for job_id in ids[:5]]


def test_connection_that_the_broker_closed_is_opened_anew(valkey: Redis) -> None:
    engine.dispatch(TenantFactory())
    valkey.client_kill_filter(_type="normal", skipme=True)
    [job_id] = engine.dispatch(TenantFactory())
    assert broker.available()
    assert messages(valkey)[-1] == str(job_id)
