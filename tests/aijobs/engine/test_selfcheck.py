"""The self-check: silent about a healthy engine, and each rule speaks when rows are made wrong on purpose."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.postgres.functions import TransactionNow
from django.db import connection
from django.db.models import F
from django.db.models.expressions import CombinedExpression
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.engine import lifecycle, queueing, selfcheck
from aijobs.models import Job, JobEvent, Tenant, TenantCapacity
from aijobs.states import OnFailure, Priority
from tests import engine
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db

LONG = selfcheck.CONSUMED_WITHIN + 1.0


def violations() -> list[tuple[str, str | None]]:
    return [(violation.rule, violation.job) for violation in selfcheck.run()]


def public(job_id: UUID) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job_id)


def ago(seconds: float) -> CombinedExpression:
    """By the clock that the statements go by, which stands still within a test's transaction."""
    return TransactionNow() - timedelta(seconds=seconds)


def unrelease(ids: Sequence[UUID], waited: float) -> None:
    """As if nobody had released them since they became due."""
    Job.objects.filter(id__in=ids).update(released_at=None, run_after=ago(waited))


def let_time_pass(seconds: float) -> None:
    """For every job there is, running and ended ones too."""
    earlier = timedelta(seconds=seconds)
    Job.objects.update(
        run_after=F("run_after") - earlier,
        released_at=F("released_at") - earlier,
        started_at=F("started_at") - earlier,
        completed_at=F("completed_at") - earlier,
    )


# --- A healthy engine -------------------------------------------------------------------------------------------


def test_nothing_is_wrong_with_nothing() -> None:
    assert selfcheck.run() == []


def test_every_way_through_the_lifecycle_keeps_the_rules() -> None:
    tenant = TenantFactory(release_window=4)
    engine.complete(engine.start(engine.dispatch(tenant)[0]))
    engine.fail(engine.start(engine.dispatch(tenant)[0]))
    engine.fail(engine.start(engine.dispatch(tenant)[0]), transient=True)
    lifecycle.cancel(engine.dispatch(tenant)[0], tenant.pk)
    engine.start(engine.dispatch(tenant)[0])
    lifecycle.hand_back(engine.WORKER)
    queueing.release_due()
    lost = engine.start(engine.dispatch(TenantFactory())[0])
    engine.let_lease_expire(lost.id)
    lifecycle.reclaim_expired()
    engine.dispatch_batch(tenant, 3, on_failure=OnFailure.STOP)
    queueing.release_due()
    assert selfcheck.run() == []
    assert list(selfcheck.whole_history(lambda jobs: None)) == []


def test_backlog_that_waits_for_its_window_is_no_violation() -> None:
    tenant = TenantFactory(release_window=4)
    ids = engine.dispatch(tenant, 200)
    Job.objects.filter(id__in=ids, released_at=None).update(run_after=now() - timedelta(hours=1))
    assert selfcheck.run() == []


def test_window_that_is_being_refilled_is_no_violation() -> None:
    """Between a claim that empties a window of one and the refill that it asks for."""
    ids = engine.dispatch(TenantFactory(release_window=1), 3)
    Job.objects.filter(id__in=ids, released_at=None).update(run_after=now() - timedelta(hours=1))
    run = engine.start(ids[0])
    assert selfcheck.run() == []
    engine.complete(run)
    assert selfcheck.run() == []


@pytest.mark.parametrize("how", ["suspended", "at max_running", "blocked", "in a backoff"])
def test_job_that_may_not_be_released_is_no_violation(how: str) -> None:
    tenant = TenantFactory()
    ids = engine.dispatch(tenant, 2)
    engine.start(ids[0])
    unrelease(ids[1:], waited=3600)
    Job.objects.filter(id=ids[0]).update(started_at=now() - timedelta(hours=1), released_at=None)
    changes: dict[str, Callable[[], object]] = {
        "suspended": lambda: Tenant.objects.filter(pk=tenant.pk).update(suspended_at=now()),
        "at max_running": lambda: Tenant.objects.filter(pk=tenant.pk).update(max_running=1),
        "blocked": lambda: Job.objects.filter(id=ids[1]).update(blocked=True),
        "in a backoff": lambda: Job.objects.filter(id=ids[1]).update(run_after=now() + timedelta(hours=1)),
    }
    assert violations() == [("release", public(ids[1]))]
    changes[how]()
    assert selfcheck.run() == []


def test_workers_that_are_all_busy_consume() -> None:
    ids = engine.dispatch(TenantFactory(), 5)
    engine.start(ids[0])
    let_time_pass(LONG)
    assert selfcheck.run() == []


@pytest.mark.parametrize("how", ["completed", "failed", "retried"])
def test_run_that_has_just_ended_is_consumption(how: str) -> None:
    ids = engine.dispatch(TenantFactory(), 5)
    let_time_pass(LONG)
    run = engine.start(ids[0])
    if how == "completed":
        engine.complete(run)
    else:
        engine.fail(run, transient=how == "retried")
    assert selfcheck.run() == []


# --- Each rule, broken ------------------------------------------------------------------------------------------


def test_running_job_whose_lease_is_over() -> None:
    run = engine.start(engine.dispatch(TenantFactory())[0])
    for overdue, broken in ((selfcheck.LEASE_GRACE - 1, False), (selfcheck.LEASE_GRACE + 1, True)):
        Job.objects.update(lease_expires_at=ago(overdue))
        assert violations() == ([("lease", public(run.id))] if broken else [])
    [violation] = selfcheck.run()
    assert "is running on test-worker and has a lease that expired 6 s ago" in violation.sentence


def test_running_job_without_a_lease() -> None:
    run = engine.start(engine.dispatch(TenantFactory())[0])
    Job.objects.update(lease_expires_at=None)
    assert violations() == [("lease", public(run.id))]


def test_due_job_that_is_not_released() -> None:
    ids = engine.dispatch(TenantFactory(), 3, priority=Priority.LOW)
    unrelease(ids[:1], selfcheck.RELEASE_GRACE - 1)
    Job.objects.filter(id__in=ids[1:]).update(released_at=ago(selfcheck.RELEASE_GRACE + 1))
    assert selfcheck.run() == []
    unrelease(ids[:1], selfcheck.RELEASE_GRACE + 2)
    [violation] = selfcheck.run()
    assert (violation.rule, violation.job) == ("release", public(ids[0]))
    assert "has room in the low lane" in violation.sentence


def test_each_tenant_and_lane_tells_its_first_job_only() -> None:
    heads = []
    for _ in range(2):
        tenant = TenantFactory()
        for priority in Priority:
            ids = engine.dispatch(tenant, 3, priority=priority)
            unrelease(ids, selfcheck.RELEASE_GRACE + 1)
            heads.append(public(ids[0]))
    assert sorted(violations()) == sorted(("release", head) for head in heads)


def test_another_lanes_motion_does_not_hide_a_job_that_is_forgotten() -> None:
    tenant = TenantFactory()
    [forgotten] = engine.dispatch(tenant, priority=Priority.LOW)
    unrelease([forgotten], selfcheck.RELEASE_GRACE + 1)
    engine.complete(engine.start(engine.dispatch(tenant, priority=Priority.HIGH)[0]))
    assert violations() == [("release", public(forgotten))]


def test_event_after_the_end() -> None:
    tenant = TenantFactory()
    run = engine.start(engine.dispatch(tenant)[0])
    engine.complete(run)
    JobEvent.objects.create(job_id=run.id, seq=4, tenant=tenant, kind="started", attempt=2)
    Job.objects.update(event_seq=4)
    [violation] = selfcheck.run()
    assert (violation.rule, violation.job) == ("end", public(run.id))
    assert violation.sentence.startswith("is completed, has ended once, and the last of its 4 events is started")


def test_two_ends() -> None:
    tenant = TenantFactory()
    run = engine.start(engine.dispatch(tenant)[0])
    engine.complete(run)
    JobEvent.objects.create(job_id=run.id, seq=4, tenant=tenant, kind="completed", attempt=1)
    Job.objects.update(event_seq=4)
    assert violations() == [("end", public(run.id))]


def test_event_after_an_end_of_long_ago() -> None:
    tenant = TenantFactory()
    run = engine.start(engine.dispatch(tenant)[0])
    engine.complete(run)
    let_time_pass(86_400)
    JobEvent.objects.create(job_id=run.id, seq=4, tenant=tenant, kind="retried", attempt=1)
    Job.objects.update(event_seq=4)
    assert violations() == [("end", public(run.id))]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_end_that_is_not_the_rows(status: str) -> None:
    run = engine.start(engine.dispatch(TenantFactory())[0])
    engine.complete(run)
    Job.objects.update(status=status)
    assert violations() == [("end", public(run.id))]


def test_job_that_came_back_after_its_end() -> None:
    run = engine.start(engine.dispatch(TenantFactory())[0])
    engine.complete(run)
    Job.objects.update(status="running", lease_expires_at=now() + timedelta(minutes=1), completed_at=None)
    assert violations() == [("end", public(run.id))]


@pytest.mark.parametrize("seq", [1, 2])
def test_missing_event(seq: int) -> None:
    run = engine.start(engine.dispatch(TenantFactory())[0])
    engine.complete(run)
    JobEvent.objects.filter(seq=seq).delete()
    assert violations() == [("sequence", public(run.id))]


def test_row_that_lost_count() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    Job.objects.update(event_seq=2)
    [violation] = selfcheck.run()
    assert (violation.rule, violation.job) == ("sequence", public(job_id))
    assert violation.sentence.startswith("should have the events 1 to 2, but it has 1, numbered 1 to 1")


def test_job_without_events() -> None:
    run = engine.start(engine.dispatch(TenantFactory())[0])
    engine.complete(run)
    JobEvent.objects.all().delete()
    assert violations() == [("end", public(run.id)), ("sequence", public(run.id))]


def test_nobody_claims() -> None:
    ids = engine.dispatch(TenantFactory(), 3)
    let_time_pass(LONG)
    [violation] = selfcheck.run()
    assert (violation.rule, violation.job) == ("consumption", None)
    assert violation.sentence.startswith("3 jobs wait in the broker, the oldest for 61 s")
    # Published again meanwhile: nobody has claimed them all the same.
    Job.objects.filter(id__in=ids).update(released_at=now(), releases=2)
    assert violations() == [("consumption", None)]


def test_dead_worker_does_not_consume() -> None:
    ids = engine.dispatch(TenantFactory(), 3)
    engine.start(ids[0])
    let_time_pass(LONG)
    engine.let_lease_expire(ids[0])
    assert violations() == [("lease", public(ids[0])), ("consumption", None)]


def test_retry_that_waits_for_long_is_no_motion() -> None:
    """Whatever an upstream's Retry-After says: neither rule is blind until then."""
    tenant = TenantFactory()
    forgotten, unclaimed, retried = engine.dispatch(tenant, 3)
    let_time_pass(LONG)
    unrelease([forgotten], selfcheck.RELEASE_GRACE + 1)
    Job.objects.filter(id=retried).update(
        released_at=None, attempt=1, started_at=now() - timedelta(hours=1), run_after=now() + timedelta(days=1)
    )
    assert violations() == [("release", public(forgotten)), ("consumption", None)]
    assert Job.objects.get(id=unclaimed).released_at is not None


def test_many_violations_of_a_rule_are_counted_not_told() -> None:
    ids = engine.dispatch(TenantFactory(release_window=100), selfcheck.TOLD_OF_A_RULE + 5)
    Job.objects.update(event_seq=9)
    [finding] = selfcheck.findings()
    assert (finding.rule, finding.total) == ("sequence", len(ids))
    assert [violation.job for violation in finding.violations] == [public(each) for each in ids[:20]]


# --- The whole history ------------------------------------------------------------------------------------------


OF_NO_JOB = """
INSERT INTO aijobs_jobevent (job_id, tenant_id, kind, attempt, seq)
SELECT %s, 0, 'queued', 0, number FROM generate_series(1, 5000) number
"""


def test_old_wrongs_are_found_in_the_whole_history_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "EVENTS_OF", 2)
    ids = engine.dispatch(TenantFactory(), 5)
    for job_id in ids:
        engine.complete(engine.start(job_id))
    let_time_pass(selfcheck.RECENT_SECONDS + 1)
    JobEvent.objects.filter(job_id=ids[4], seq=3).delete()
    assert violations() == [("end", public(ids[4])), ("sequence", public(ids[4]))]
    # By so many newer events it is pushed out of sight.
    with connection.cursor() as cursor:
        cursor.execute(OF_NO_JOB, [UUID(int=1)])
    assert selfcheck.run() == []
    looked_at: list[int] = []
    found = [(each.rule, each.job) for each in selfcheck.whole_history(looked_at.append)]
    assert found == [("end", public(ids[4])), ("sequence", public(ids[4]))]
    assert looked_at == [2, 4, 5]


def test_wrong_capacity() -> None:
    tenant = TenantFactory(name="shop")
    engine.dispatch(tenant, 2)
    TenantCapacity.objects.update(active=5)
    [violation] = selfcheck.whole_history(lambda jobs: None)
    assert violation.rule == "capacity"
    assert "the tenant shop has 2 jobs queued or running, but the service counts 5" in violation.sentence


def test_says_how_much_it_has_looked_at() -> None:
    ids = engine.dispatch(TenantFactory(), 4)
    engine.complete(engine.start(ids[0]))
    engine.start(ids[1])
    assert selfcheck.looked_at() == selfcheck.LookedAt(tenants=1, running=1, released=2, ended=1)
