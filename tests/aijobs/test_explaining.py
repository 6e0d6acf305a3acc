"""Every state that a job can be in has a code, a sentence and a few words; each is made by the engine's functions."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock
from uuid import UUID

import pytest
from django.conf import settings
from django.utils.timezone import now

from aijobs import batches, identifiers, registry, sql
from aijobs.engine import broker, lifecycle, priorities, queueing, statistics
from aijobs.engine.outcomes import Failed, HandedBack, Stopped
from aijobs.engine.priorities import Move
from aijobs.explaining import CODES, Explanation, duration, explain, moment
from aijobs.models import Job, JobEvent, QueueStatistics, Tenant, Worker
from aijobs.states import QUEUES, EventKind, OnFailure, PausedBy, Priority
from tests import engine
from tests.factories import TenantFactory, WorkerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker() -> Worker:
    return WorkerFactory()


def explained(job_id: UUID) -> Explanation:
    return explain(list(Job.objects.filter(id=job_id).select_related("tenant", "batch")))[job_id]


def one(tenant: Tenant) -> UUID:
    [job_id] = engine.dispatch(tenant)
    return job_id


def measured(*, jobs: dict[str, int] | None = None, **changes: object) -> None:
    """As the sweeper measures. `jobs`: those that are due, by lane."""
    values: dict[str, object] = {"refreshed_at": now(), "active": 1, "depths": {}, "drain_rate": 1.0, "medians": {}}
    values["workload"] = {
        "measured_at": 1.0,
        "basis": {"lanes": {lane: {"jobs": due} for lane, due in (jobs or {}).items()}},
    }
    QueueStatistics.objects.update_or_create(pk=1, defaults=values | changes)
    statistics.forget()


def of_suspended_tenant(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    Tenant.objects.filter(pk=tenant.pk).update(suspended_at=now())
    return job_id


def blocked(tenant: Tenant) -> UUID:
    return engine.dispatch_batch(tenant, 3)[1][2]


def retried(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    lifecycle.record(engine.start(job_id), Failed("PROBE_BUSY", "The probe is busy.", True, retry_after=3600))
    return job_id


def postponed(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    lifecycle.record(engine.start(job_id), HandedBack(delay=3600))
    return job_id


def of_unknown_type(tenant: Tenant) -> UUID:
    [job_id] = engine.dispatch(tenant, type="gone")
    return job_id


def at_limit(tenant: Tenant) -> UUID:
    Tenant.objects.filter(pk=tenant.pk).update(max_running=1)
    tenant.refresh_from_db()
    first, second = engine.dispatch(tenant, 2)
    engine.start(first)
    return second


def unswept(tenant: Tenant) -> UUID:
    measured(refreshed_at=now() - timedelta(hours=1))
    return behind_earlier(tenant)


def behind_higher(tenant: Tenant) -> UUID:
    measured(jobs={"2": 1200, "1": 3, "0": 7})
    return one(tenant)


def behind_higher_unreleased(tenant: Tenant) -> UUID:
    measured(jobs={"2": 1})
    return behind_earlier(tenant)


def behind_earlier(tenant: Tenant) -> UUID:
    return engine.dispatch(tenant, settings.AIJOBS_RELEASE_WINDOW + 1)[-1]


def unclaimed(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    engine.let_wait([job_id], 3600)
    return job_id


def behind_unclaimed(tenant: Tenant) -> UUID:
    ids = engine.dispatch(tenant, settings.AIJOBS_RELEASE_WINDOW + 1)
    engine.let_wait(ids, 3600)
    return ids[-1]


def claimed_from_meanwhile(tenant: Tenant) -> UUID:
    """Another tenant's jobs of the lane, one of which runs and one has ended."""
    other = TenantFactory()
    engine.complete(engine.start(one(other)))
    return unclaimed(tenant)


def behind_a_running_one(tenant: Tenant) -> UUID:
    engine.start(one(TenantFactory()))
    return unclaimed(tenant)


def running(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    lifecycle.renew(job_id, engine.start(job_id).attempt, 1200, 5000)
    return job_id


def silent(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    engine.start(job_id)
    engine.let_lease_expire(job_id)
    return job_id


def completed(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    engine.complete(engine.start(job_id))
    return job_id


def failed(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    engine.fail(engine.start(job_id))
    return job_id


def failed_often(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    for _ in range(registry.get("test_probe").limits.attempts):
        engine.let_backoff_pass([job_id])
        queueing.refill(tenant.pk)
        engine.fail(engine.start(job_id), transient=True)
    return job_id


def cancelled(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    lifecycle.cancel(job_id, tenant.pk)
    return job_id


def of_cancelled_batch(tenant: Tenant) -> UUID:
    batch_id, jobs = engine.dispatch_batch(tenant, 2)
    batches.cancel(batch_id, tenant.pk)
    return jobs[1]


def after_a_failed_one(tenant: Tenant) -> UUID:
    _, jobs = engine.dispatch_batch(tenant, 2, on_failure=OnFailure.STOP)
    engine.fail(engine.start(jobs[0]))
    return jobs[1]


def after_a_cancelled_one(tenant: Tenant) -> UUID:
    _, jobs = engine.dispatch_batch(tenant, 2, on_failure=OnFailure.STOP)
    lifecycle.cancel(jobs[0], tenant.pk)
    return jobs[1]


def to_run_later(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    priorities.change_one(job_id, tenant.pk, None, Move(now() + timedelta(hours=1)))
    return job_id


def stopping(tenant: Tenant) -> UUID:
    job_id = running(tenant)
    lifecycle.request_cancel(job_id, tenant.pk, PausedBy.KEY)
    return job_id


def stopped(tenant: Tenant) -> UUID:
    run = engine.start(one(tenant))
    lifecycle.request_cancel(run.id, tenant.pk, PausedBy.KEY)
    lifecycle.record(run, Stopped())
    return run.id


def expired(tenant: Tenant) -> UUID:
    job_id = one(tenant)
    Job.objects.filter(id=job_id).update(expires_at=now() - timedelta(hours=1))
    lifecycle.cancel_expired()
    return job_id


TABLE: list[tuple[Callable[[Tenant], UUID], str, str, str]] = [
    (of_suspended_tenant, "TENANT_SUSPENDED", "has been suspended since", "the tenant is suspended"),
    (blocked, "WAITS_FOR_JOB", "waits until job_", "waits for job_"),
    (retried, "WAITS_FOR_RETRY", "Attempt 1 failed (PROBE_BUSY: The probe is busy). The service tries", "retry at"),
    (to_run_later, "WAITS_FOR_RUN_AT", "is to run at", "to run at"),
    (postponed, "POSTPONED", "is not available before", "waits for an upstream until"),
    (of_unknown_type, "UNKNOWN_TYPE", "has no job type gone.", "no worker knows its type"),
    (at_limit, "TENANT_AT_LIMIT", "already has 1 of at most 1 jobs", "the tenant's limit of 1"),
    (unswept, "NO_SWEEPER", "the part of the service that does so is silent since", "the sweeper is silent since"),
    (behind_higher, "BEHIND_HIGHER_PRIORITY", "1,200 jobs of higher priority go first.", "behind 1,200 of higher"),
    (behind_higher_unreleased, "BEHIND_HIGHER_PRIORITY", "1 job of higher priority goes first.", "behind 1 of"),
    (behind_earlier, "BEHIND_EARLIER", "Earlier normal jobs of this tenant go first", "behind earlier normal jobs"),
    (one, "NEXT", "The next free worker takes", "next for a free worker"),
    (unclaimed, "NO_WORKER", "none has started a normal job since", "no worker has claimed since"),
    (behind_unclaimed, "NO_WORKER", "none has started a normal job since", "no worker has claimed since"),
    (claimed_from_meanwhile, "NEXT", "The next free worker", "next"),
    (behind_a_running_one, "NEXT", "The next free worker", "next"),
    (running, "RUNNING", "; 1,200 of 5,000 processed.", "attempt 1, 1,200 of 5,000 processed"),
    (stopping, "STOPPING", "Somebody asked the job to stop at", "is asked to stop, 1,200 of 5,000 processed"),
    (silent, "WORKER_SILENT", "nothing is heard of its worker", "attempt 1: its worker is silent"),
    (completed, "COMPLETED", "Attempt 1 completed the job in", "completed in"),
    (failed, "FAILED", "failed once, and is not tried again. The last failure was PROBE_FAILED: ask", "PROBE_FAILED"),
    (failed_often, "FAILED", "The job failed 3 times", "PROBE_FAILED, failed 3 times"),
    (cancelled, "CANCELLED", "Somebody cancelled the job", "cancelled on request"),
    (stopped, "CANCELLED", "Somebody cancelled the job while it was running.", "cancelled on request"),
    (expired, "CANCELLED", "no worker had started it by the moment", "not started in time"),
    (of_cancelled_batch, "CANCELLED", "Somebody cancelled the job's batch.", "its batch was cancelled"),
    (after_a_failed_one, "CANCELLED", "which had to complete before it, failed.", "cancelled because job_"),
    (after_a_cancelled_one, "CANCELLED", "which had to complete before it, was cancelled.", "cancelled because job_"),
]


# What only staff know or can change.
OF_STAFF = (
    *("admin", "ai-jobs.", "beat", "broker", "claimed", "lane", "max_running", "Redis", "sweeper", "upstream"),
    "worker of",
)


def check_words(found: Explanation) -> None:
    told = f"{found.message} {found.action}".replace("/api/ai-jobs/", "")
    assert not [word for word in OF_STAFF if word in told]
    assert len(found.brief.split()) <= 8
    assert all(text.endswith(".") for text in (found.message, found.message_of_staff))
    assert all(text.endswith(".") for text in (found.action, found.action_of_staff) if text)
    # Where staff can do something, callers can at least wait.
    assert found.action or not found.staff_action
    # The names of machines are nobody's but the pages of workers.
    assert "test-worker" not in f"{told}{found.brief}{found.message_of_staff}{found.action_of_staff}"


@pytest.mark.parametrize(("make", "code", "message", "brief"), TABLE, ids=[row[0].__name__ for row in TABLE])
def test_a_state_is_explained(make: Callable[[Tenant], UUID], code: str, message: str, brief: str) -> None:
    found = explained(make(TenantFactory()))
    assert (found.code, message in found.message, found.brief.startswith(brief)) == (code, True, True), found
    check_words(found)


def test_what_callers_change_of_a_job_is_not_why_it_waits() -> None:
    job = Job.objects.get(id=retried(TenantFactory()))
    JobEvent.objects.create(
        job=job,
        tenant=job.tenant,
        seq=job.event_seq + 1,
        kind=EventKind.CHANGED,
        attempt=1,
        data={"priority": "high"},
    )
    Job.objects.filter(id=job.id).update(event_seq=job.event_seq + 1)
    assert explained(job.id).code == "WAITS_FOR_RETRY"


@pytest.mark.parametrize(
    ("make", "message", "action"),
    [
        (unclaimed, "no worker has claimed a job from ai-jobs.normal since", "Check that a worker runs"),
        (unswept, "the sweeper has not run since", "Check that beat"),
        (one, "the next free worker of ai-jobs.normal", ""),
        (at_limit, "already has 1 of at most 1 jobs", "raise the tenant's max_running in the admin"),
        (failed, "The last failure was PROBE_FAILED", "then retry the job."),
        (to_run_later, "is to run at", "or let it run at once."),
    ],
)
def test_staff_are_told_of_the_parts_of_the_service_and_what_they_do(
    make: Callable[[Tenant], UUID], message: str, action: str
) -> None:
    found = explained(make(TenantFactory()))
    assert (message in found.message_of_staff, action in found.action_of_staff) == (True, True), found


def test_every_code_is_made_and_documented() -> None:
    assert {code for _, code, _, _ in TABLE} | {"BROKER_DOWN"} == set(CODES)


def test_a_job_in_order_names_the_one_that_it_waits_for() -> None:
    _, jobs = engine.dispatch_batch(TenantFactory(), 3)
    first, second = (identifiers.encode(identifiers.JOB_PREFIX, each) for each in jobs[:2])
    assert first in explained(jobs[2]).message
    engine.complete(engine.start(jobs[0]))
    assert second in explained(jobs[2]).message


def test_a_job_that_depends_on_others_names_one_and_counts_the_rest() -> None:
    """Those that are over do not count, and the order of the batch says nothing."""
    _, (job_id, *others) = engine.dispatch_graph(TenantFactory(), [[2, 3, 4], [], [], []])
    first, second, third = (identifiers.encode(identifiers.JOB_PREFIX, each) for each in others)
    for names, have, over in (
        (f"{first} and 2 more jobs", "have", others[0]),
        (f"{second} and 1 more job", "have", others[1]),
        (third, "has", others[2]),
    ):
        found = explained(job_id)
        assert found.code == "WAITS_FOR_JOB"
        assert found.message == f"The job waits until {names}, which it depends on, {have} ended."
        assert found.brief == f"waits for {names}"
        check_words(found)
        engine.complete(engine.start(over))
    assert explained(job_id).code != "WAITS_FOR_JOB"


def test_a_job_may_wait_for_those_before_the_ones_that_it_depends_on() -> None:
    tenant = TenantFactory()
    _, (_, between, job_id) = engine.dispatch_graph(tenant, [[], [1], [2]], on_failure=OnFailure.CONTINUE)
    lifecycle.cancel(between, tenant.pk)
    found = explained(job_id)
    assert (found.code, "by way of others" in found.message) == ("WAITS_FOR_JOB", True)
    check_words(found)


def test_without_a_broker_jobs_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    broker.disconnect()
    with monkeypatch.context() as patch:
        # A socket that nobody listens on: the connection is refused.
        patch.setattr(settings, "CELERY_BROKER_URL", "redis+socket:///nonexistent/valkey.sock")
        found = explained(one(TenantFactory()))
        assert (found.code, "The broker does not answer" in found.message_of_staff) == ("BROKER_DOWN", True)
        check_words(found)
    give_up_at = time.monotonic() + 60
    while not broker.available() and time.monotonic() < give_up_at:
        time.sleep(broker.PROBE_SECONDS / 10)


@pytest.mark.parametrize("make", [one, behind_earlier])
def test_where_no_worker_is_heard_of_jobs_wait_for_one_from_then_on(make: Callable[[Tenant], UUID]) -> None:
    job_id = make(TenantFactory())
    assert explained(job_id).code != "NO_WORKER"
    # A frozen one leaves its row: it is old after 20 seconds.
    Worker.objects.update(seen_at=now() - timedelta(seconds=21))
    found = explained(job_id)
    assert found.code == "NO_WORKER"
    check_words(found)
    # Whatever else is before it.
    measured(jobs={"2": 7})
    assert explained(job_id).code == "NO_WORKER"
    # One of another lane does not help.
    WorkerFactory(queues=[QUEUES[Priority.HIGH]])
    assert explained(job_id).code == "NO_WORKER"
    WorkerFactory(queues=[QUEUES[Priority.NORMAL]])
    assert explained(job_id).code != "NO_WORKER"


def test_without_a_worker_the_last_claim_is_named_however_long_ago_it_was() -> None:
    ended = completed(TenantFactory())
    claimed_at = now() - timedelta(hours=3)
    Job.objects.filter(id=ended).update(started_at=claimed_at)
    Worker.objects.all().delete()
    assert f"since {moment(claimed_at, now())}." in explained(one(TenantFactory())).message


def test_no_more_are_handed_out_at_a_time_than_the_tenant_may_run() -> None:
    tenant = TenantFactory(max_running=2)
    assert "the service hands out 2 of them at a time" in explained(behind_earlier(tenant)).message


def test_what_is_to_run_later_goes_before_nobody() -> None:
    tenant = TenantFactory()
    later = engine.dispatch(tenant, 3, priority=Priority.HIGH)
    priorities.change(later, tenant.pk, None, Move(now() + timedelta(days=9)))
    job_id = one(TenantFactory())
    engine.measure()
    assert explained(job_id).code == "NEXT"
    # Nor is it waited for in what lists say of it.
    job = Job.objects.get(id=job_id)
    assert statistics.roughly(job)
    assert statistics.snapshot().wait_seconds(job.type, Priority.NORMAL, counted=True) == 0


def test_what_a_tenants_limit_holds_back_goes_before_nobody() -> None:
    engine.dispatch(TenantFactory(max_running=1), 10, priority=Priority.HIGH)
    job_id = one(TenantFactory())
    engine.measure()
    assert explained(job_id).message == "1 job of higher priority goes first."


def test_a_lane_says_when_a_worker_claimed_from_it_and_not_from_another() -> None:
    [high] = engine.dispatch(TenantFactory(), priority=Priority.HIGH)
    engine.start(high)
    assert explained(unclaimed(TenantFactory())).code == "NO_WORKER"


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """What `sql.rows` is asked, which Django's captures do not see."""
    asked = Mock(wraps=sql.rows)
    monkeypatch.setattr(sql, "rows", asked)
    return asked


@pytest.mark.parametrize("count", [1, 60])
def test_a_page_of_jobs_is_explained_in_two_statements(
    count: int, statements: Mock, django_assert_num_queries: Any
) -> None:
    tenant = TenantFactory(max_running=1)
    measured()
    ids = [*engine.dispatch(tenant, count), retried(TenantFactory()), blocked(TenantFactory())]
    jobs = list(Job.objects.filter(id__in=ids).select_related("tenant", "batch"))
    statistics.snapshot()
    statements.reset_mock()
    with django_assert_num_queries(0):
        assert len(explain(jobs)) == count + 2
    assert statements.call_count == 2


def test_what_has_ended_needs_no_statement(statements: Mock) -> None:
    job_id = completed(TenantFactory())
    [job] = Job.objects.filter(id=job_id).select_related("tenant", "batch")
    statements.reset_mock()
    assert explain([job])[job_id].code == "COMPLETED"
    assert not statements.called


def test_moments_name_the_day_where_it_is_another() -> None:
    at = datetime(2026, 3, 12, 14, 32, 1, tzinfo=UTC)
    assert moment(at, at) == "14:32:01 UTC"
    assert moment(at, at + timedelta(days=1)) == "2026-03-12 14:32:01 UTC"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (0.004, "4 ms"), (3.21, "3.2 s"), (250, "4 min 10 s"), (7500, "2 h 5 min")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text
