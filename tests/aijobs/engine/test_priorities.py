"""Another priority for queued jobs: one way into the other lane, and neither a second run nor a lost job."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils.timezone import now
from redis import Redis

from aijobs import identifiers
from aijobs.engine import bounds, lifecycle, priorities, queueing, reconciliation
from aijobs.engine.priorities import Move
from aijobs.errors import JobNotFound, JobNotQueued, TryAgain
from aijobs.models import Job, LaneBound, Tenant
from aijobs.states import Priority
from tests import engine
from tests.aijobs.api.answers import at_once
from tests.aijobs.engine.messages import messages
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db


def place(job_id: UUID) -> tuple[int, int]:
    found: tuple[int, int] = Job.objects.values_list("priority", "lane").get(id=job_id)
    return found


def test_a_released_job_goes_to_the_queue_of_its_new_lane(valkey: Redis) -> None:
    tenant = TenantFactory()
    first, second = engine.dispatch(tenant, 2)
    priorities.set_priority(second, tenant.pk, Priority.HIGH)
    assert place(second) == (Priority.HIGH, Priority.HIGH)
    assert messages(valkey, Priority.HIGH) == [str(second)]
    # Stale from now on: the sweeper takes it out.
    assert messages(valkey) == [str(first), str(second)]
    reconciliation.reconcile()
    assert messages(valkey) == [str(first)]
    assert messages(valkey, Priority.HIGH) == [str(second)]


def test_a_job_that_is_given_back_between_two_looks_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant)
    engine.start(job_id)
    first = priorities.change

    def change(*arguments: Any) -> int:
        monkeypatch.setattr(priorities, "change", first)
        changed = first(*arguments)
        lifecycle.hand_back(engine.WORKER)
        return changed

    monkeypatch.setattr(priorities, "change", change)
    priorities.set_priority(job_id, tenant.pk, Priority.HIGH)
    assert place(job_id) == (Priority.HIGH, Priority.HIGH)


def test_both_messages_run_the_job_once(valkey: Redis) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant)
    priorities.set_priority(job_id, tenant.pk, Priority.LOW)
    engine.complete(engine.start(job_id))
    assert lifecycle.claim(job_id, engine.WORKER) is None
    assert engine.kinds(job_id) == ["queued", "changed", "started", "completed"]


def test_the_old_message_alone_does_not_run_it_before_its_release(valkey: Redis) -> None:
    """The window of the new lane is full: it waits there, whatever the old lane's queue still has."""
    tenant = TenantFactory(release_window=1)
    [high] = engine.dispatch(tenant, priority=Priority.HIGH)
    [job_id] = engine.dispatch(tenant)
    priorities.set_priority(job_id, tenant.pk, Priority.HIGH)
    assert lifecycle.claim(job_id, engine.WORKER) is None
    engine.complete(engine.start(high))
    queueing.release_due()
    assert messages(valkey, Priority.HIGH)[-1] == str(job_id)
    engine.complete(engine.start(job_id))


def test_a_job_that_waits_for_its_window_changes_lanes_too(valkey: Redis) -> None:
    tenant = TenantFactory(release_window=1)
    _, waiting = engine.dispatch(tenant, 2)
    priorities.set_priority(waiting, tenant.pk, Priority.HIGH)
    assert messages(valkey, Priority.HIGH) == [str(waiting)]


def test_the_same_priority_changes_nothing(valkey: Redis) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant)
    before = Job.objects.filter(id=job_id).values().get()
    priorities.set_priority(job_id, tenant.pk, Priority.NORMAL)
    assert Job.objects.filter(id=job_id).values().get() == before
    assert messages(valkey) == [str(job_id)]


def test_what_goes_down_is_not_promoted_at_once(valkey: Redis) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant, priority=Priority.HIGH)
    engine.let_wait([job_id], 3_600)
    priorities.set_priority(job_id, tenant.pk, Priority.LOW)
    queueing.promote()
    assert place(job_id) == (Priority.LOW, Priority.LOW)


def promoted(tenant: Tenant, waited: float = 100_000) -> UUID:
    [job_id] = engine.dispatch(tenant, priority=Priority.LOW)
    engine.let_wait([job_id], waited)
    queueing.promote()
    return job_id


def test_a_promoted_job_keeps_its_lane_where_it_does_not_wait_for_a_later_moment(valkey: Redis) -> None:
    tenant = TenantFactory()
    job_id = promoted(tenant)
    assert place(job_id) == (Priority.LOW, Priority.NORMAL)
    due = Job.objects.get(id=job_id).run_after
    priorities.change_one(job_id, tenant.pk, None, Move(None))
    priorities.set_priority(job_id, tenant.pk, Priority.LOW)
    assert place(job_id) == (Priority.LOW, Priority.NORMAL)
    priorities.set_priority(job_id, tenant.pk, Priority.NORMAL)
    assert place(job_id) == (Priority.NORMAL, Priority.NORMAL)
    assert Job.objects.get(id=job_id).run_after == due
    assert messages(valkey, Priority.NORMAL) == [str(job_id)]
    priorities.set_priority(job_id, tenant.pk, Priority.LOW)
    assert place(job_id) == (Priority.LOW, Priority.LOW)
    assert Job.objects.get(id=job_id).run_after > due


def test_a_promoted_job_that_shall_run_later_waits_in_its_own_lane(valkey: Redis) -> None:
    tenant = TenantFactory()
    job_id, at = promoted(tenant), now() + engine.LONG_AGO
    priorities.change_one(job_id, tenant.pk, None, Move(at))
    assert place(job_id) == (Priority.LOW, Priority.LOW)
    assert Job.objects.get(id=job_id).run_after == at
    queueing.promote()
    assert place(job_id) == (Priority.LOW, Priority.LOW)


def test_what_goes_up_keeps_its_turn_and_its_backoff(valkey: Redis) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant, priority=Priority.LOW)
    engine.fail(engine.start(job_id), transient=True)
    later = now() + engine.LONG_AGO
    Job.objects.filter(id=job_id).update(run_after=later)
    for priority in (Priority.HIGH, Priority.LOW):
        priorities.set_priority(job_id, tenant.pk, priority)
        assert Job.objects.get(id=job_id).run_after == later
        assert lifecycle.claim(job_id, engine.WORKER) is None


def test_the_bound_of_the_new_lane_is_lowered(valkey: Redis) -> None:
    tenant = TenantFactory(release_window=1)
    _, old = engine.dispatch(tenant, 2)
    engine.let_wait([old], 60)
    LaneBound.objects.create(tenant=tenant, lane=Priority.HIGH, due_from=now(), started_from=now())
    priorities.set_priority(old, tenant.pk, Priority.HIGH)
    assert messages(valkey, Priority.HIGH) == [str(old)]
    assert LaneBound.objects.get(lane=Priority.HIGH).due_from == Job.objects.get(id=old).run_after


@pytest.mark.parametrize("state", ["running", "completed", "cancelled"])
def test_only_a_queued_job_gets_another_priority(valkey: Redis, state: str) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant)
    if state == "cancelled":
        lifecycle.cancel(job_id, tenant.pk)
    else:
        run = engine.start(job_id)
        if state == "completed":
            engine.complete(run)
    with pytest.raises(JobNotQueued, match=f"The job is {state}; only a queued job"):
        priorities.set_priority(job_id, tenant.pk, Priority.HIGH)
    assert place(job_id) == (Priority.NORMAL, Priority.NORMAL)


def test_another_tenants_job_does_not_exist(valkey: Redis) -> None:
    [job_id] = engine.dispatch(TenantFactory())
    for asked in (job_id, identifiers.new_id()):
        with pytest.raises(JobNotFound):
            priorities.set_priority(asked, TenantFactory().pk, Priority.HIGH)
    assert place(job_id) == (Priority.NORMAL, Priority.NORMAL)


def test_a_blocked_member_is_published_to_its_own_lane_in_its_turn(valkey: Redis) -> None:
    tenant = TenantFactory()
    _, (first, second) = engine.dispatch_batch(tenant, 2)
    priorities.set_priority(second, tenant.pk, Priority.HIGH)
    assert messages(valkey, Priority.HIGH) == []
    released = engine.complete(engine.start(first)).released
    assert released is not None
    assert (released.id, released.lane) == (second, Priority.HIGH)


@pytest.mark.django_db(transaction=True)
def test_many_changes_beside_claims_run_every_job_once(valkey: Redis) -> None:
    tenant: Tenant = TenantFactory(release_window=8)
    ids = engine.dispatch(tenant, 24)

    def step(index: int) -> None:
        job_id = ids[index % len(ids)]
        try:
            if index % 3:
                priorities.set_priority(job_id, tenant.pk, Priority(index % 3 - 1 + index % 2))
            elif run := lifecycle.claim(job_id, engine.WORKER):
                engine.complete(run)
        except (JobNotQueued, TryAgain):
            # Somebody else was first, or holds the lock.
            pass
        queueing.refill(tenant.pk)

    at_once(120, step, threads=6)
    for _ in range(len(ids)):
        queueing.release_due()
        for job_id in Job.objects.filter(status="queued", released_at__isnull=False).values_list("id", flat=True):
            engine.complete(engine.start(job_id))
    assert engine.statuses(ids) == ["completed"] * len(ids)
    for job_id in ids:
        assert [kind for kind in engine.kinds(job_id) if kind != "changed"] == ["queued", "started", "completed"]


@pytest.mark.django_db(transaction=True)
def test_who_finds_the_bounds_locked_is_told_to_try_again(valkey: Redis) -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant)

    def ask(index: int) -> str:
        if index:
            with pytest.raises(TryAgain):
                priorities.set_priority(job_id, tenant.pk, Priority.HIGH)
        return "refused"

    with bounds.alone():
        assert connection.in_atomic_block
        assert at_once(2, ask, threads=2) == ["refused", "refused"]
    assert place(job_id) == (Priority.NORMAL, Priority.NORMAL)
