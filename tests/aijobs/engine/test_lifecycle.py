"""Every transition of a single job: what it needs, what it writes, and what is refused."""

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils.timezone import now

from aijobs import registry
from aijobs.engine import broker, lifecycle, statements
from aijobs.engine.outcomes import Completed, Failed, HandedBack, LeaseLost, Outcome
from aijobs.errors import JobNotCancellable, JobNotFound, QueueFull, TransitionRefused, TryAgain
from aijobs.models import Job, JobEvent, Tenant, TenantCapacity
from aijobs.states import Status
from tests import engine
from tests.drawing import forms
from tests.factories import TenantFactory
from workers.running import execute

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory()


def test_claim_starts_a_lease_and_writes_an_event(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    run = engine.start(job_id)
    job = Job.objects.get(id=job_id)
    assert (job.status, job.attempt, run.attempt) == (Status.RUNNING, 1, 1)
    assert job.lease_expires_at is not None
    assert job.deadline_at is not None
    assert timedelta(0) < job.lease_expires_at - now() <= timedelta(seconds=30)
    assert engine.kinds(job_id) == ["queued", "started"]


def test_second_message_of_a_running_job_is_refused(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.start(job_id)
    assert lifecycle.claim(job_id, "another") is None


def test_message_of_no_job_is_refused() -> None:
    assert lifecycle.claim(uuid4(), engine.WORKER) is None


def test_early_message_cannot_skip_a_backoff(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.fail(engine.start(job_id), transient=True)
    Job.objects.filter(id=job_id).update(run_after=now() + timedelta(minutes=1), released_at=now())
    assert lifecycle.claim(job_id, engine.WORKER) is None


def test_completed_job_holds_its_result(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    ended = engine.complete(engine.start(job_id), {"answer": 42})
    job = Job.objects.get(id=job_id)
    assert ended.terminal
    assert (job.status, job.result, job.lease_expires_at) == (Status.COMPLETED, {"answer": 42}, None)
    assert engine.kinds(job_id) == ["queued", "started", "completed"]


def test_job_ends_once(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    run = engine.start(job_id)
    engine.complete(run)
    with pytest.raises(TransitionRefused):
        engine.complete(run)
    with pytest.raises(TransitionRefused):
        engine.fail(run)
    assert engine.kinds(job_id).count("completed") == 1


def test_zombie_of_an_earlier_attempt_is_refused(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    zombie = engine.start(job_id)
    engine.let_lease_expire(job_id)
    assert lifecycle.reclaim_expired() == 1
    Job.objects.filter(id=job_id).update(released_at=now())
    current = engine.start(job_id)
    with pytest.raises(TransitionRefused):
        engine.complete(zombie, {"from": "zombie"})
    with pytest.raises(TransitionRefused):
        lifecycle.renew(zombie.id, zombie.attempt, 1, None)
    engine.complete(current, {"from": "current"})
    assert Job.objects.get(id=job_id).result == {"from": "current"}


def test_permanent_failure_is_not_retried(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.fail(engine.start(job_id))
    job = Job.objects.get(id=job_id)
    assert (job.status, job.error_code, job.retry_count) == (Status.FAILED, "PROBE_FAILED", 0)


def test_lost_worker_spends_the_budget_and_ends_as_a_timeout(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    for _ in range(3):
        Job.objects.filter(id=job_id).update(released_at=now())
        engine.start(job_id)
        engine.let_lease_expire(job_id)
        lifecycle.reclaim_expired()
    job = Job.objects.get(id=job_id)
    assert (job.status, job.error_code, job.retry_count) == (Status.FAILED, "WORKER_TIMEOUT", 2)


def test_live_lease_is_not_reclaimed(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.start(job_id)
    assert lifecycle.reclaim_expired() == 0
    assert engine.statuses([job_id]) == ["running"]


def test_renewal_stops_at_the_deadline(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    run = engine.start(job_id)
    deadline = now() + timedelta(seconds=3)
    Job.objects.filter(id=job_id).update(deadline_at=deadline)
    lifecycle.renew(run.id, run.attempt, 4, 9)
    job = Job.objects.get(id=job_id)
    assert (job.lease_expires_at, job.processed, job.total) == (deadline, 4, 9)


def test_hand_back_does_not_spend_the_budget(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.start(job_id)
    assert lifecycle.hand_back(engine.WORKER) == 1
    job = Job.objects.get(id=job_id)
    assert (job.status, job.failures, job.attempt) == (Status.QUEUED, 0, 1)
    assert engine.kinds(job_id) == ["queued", "started", "handed_back"]


def test_hand_back_leaves_other_workers_alone(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.start(job_id)
    assert lifecycle.hand_back("another") == 0
    assert engine.statuses([job_id]) == ["running"]


def test_queued_job_is_cancelled_and_stays_so(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    lifecycle.cancel(job_id, tenant.pk)
    lifecycle.cancel(job_id, tenant.pk)
    assert engine.kinds(job_id) == ["queued", "cancelled"]
    assert lifecycle.claim(job_id, engine.WORKER) is None


def test_running_job_cannot_be_cancelled(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.start(job_id)
    with pytest.raises(JobNotCancellable):
        lifecycle.cancel(job_id, tenant.pk)


def test_another_tenants_job_cannot_be_cancelled(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    with pytest.raises(JobNotFound):
        lifecycle.cancel(job_id, TenantFactory().pk)
    assert engine.statuses([job_id]) == ["queued"]


def test_capacity_counts_queued_and_running(tenant: Tenant) -> None:
    ids = engine.dispatch(tenant, 3)
    run = engine.start(ids[0])
    assert TenantCapacity.objects.get(tenant=tenant).active == 3
    engine.complete(run)
    lifecycle.cancel(ids[1], tenant.pk)
    assert TenantCapacity.objects.get(tenant=tenant).active == 1


def test_dispatch_fits_whole_or_not_at_all() -> None:
    tenant = TenantFactory(queue_limit=4)
    engine.dispatch(tenant, 3)
    with pytest.raises(QueueFull):
        engine.dispatch(tenant, 2)
    assert Job.objects.filter(tenant=tenant).count() == 3
    assert JobEvent.objects.filter(tenant=tenant).count() == 3
    engine.dispatch(tenant, 1)


def test_effect_commits_with_the_completion(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)

    def suspend() -> object:
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Europe/Berlin")
        return {"applied": True}

    lifecycle.record(engine.start(job_id), Completed({"applied": False}, (1, 1), suspend))
    tenant.refresh_from_db()
    assert (tenant.timezone, Job.objects.get(id=job_id).result) == ("Europe/Berlin", {"applied": True})


def test_effect_of_a_lost_run_is_not_carried_out(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    run = engine.start(job_id)
    lifecycle.hand_back(engine.WORKER)
    called: list[bool] = []
    with pytest.raises(TransitionRefused):
        lifecycle.record(run, Completed({}, (0, None), lambda: called.append(True)))
    assert not called


def test_failing_effect_leaves_the_job_running(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)

    def broken() -> object:
        Tenant.objects.filter(pk=tenant.pk).update(timezone="Europe/Berlin")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lifecycle.record(engine.start(job_id), Completed({}, (0, None), broken))
    tenant.refresh_from_db()
    assert (tenant.timezone, engine.statuses([job_id])) == ("UTC", ["running"])


OUTCOMES: dict[str, Outcome] = {
    "completed": Completed({}, (0, None)),
    "permanent": Failed("BROKEN", "for good", transient=False),
    "transient": Failed("BUSY", "for now", transient=True),
    "handed back": HandedBack(),
    "lease lost": LeaseLost(),
}


ENDS = [
    ("completed", "as it is", "completed", "", "completed"),
    ("completed", "batch cancelled", "completed", "", "completed"),
    ("completed", "budget spent", "completed", "", "completed"),
    ("completed", "type gone", "completed", "", "completed"),
    ("permanent", "as it is", "failed", "BROKEN", "failed"),
    ("permanent", "batch cancelled", "failed", "BROKEN", "failed"),
    ("transient", "as it is", "queued", "", "retried"),
    ("transient", "batch cancelled", "failed", "BUSY", "failed"),
    ("transient", "budget spent", "failed", "BUSY", "failed"),
    ("transient", "type gone", "failed", "BUSY", "failed"),
    ("handed back", "as it is", "queued", "", "handed_back"),
    ("handed back", "batch cancelled", "failed", "BATCH_CANCELLED", "failed"),
    ("handed back", "budget spent", "queued", "", "handed_back"),
    ("handed back", "type gone", "queued", "", "handed_back"),
    ("lease lost", "as it is", "queued", "", "lease_lost"),
    ("lease lost", "batch cancelled", "failed", "WORKER_TIMEOUT", "failed"),
    ("lease lost", "budget spent", "failed", "WORKER_TIMEOUT", "failed"),
    ("lease lost", "type gone", "failed", "WORKER_TIMEOUT", "failed"),
]


def test_every_outcome_in_every_state(subtests: pytest.Subtests) -> None:
    for outcome, state, status, code, kind in ENDS:
        with subtests.test(outcome=outcome, state=state):
            tenant = TenantFactory()
            batch_id, [job_id] = engine.dispatch_batch(tenant, 1, sequential=False)
            if state == "budget spent":
                Job.objects.filter(id=job_id).update(failures=2)
            run = engine.start(job_id)
            if state == "batch cancelled":
                lifecycle.cancel_batch(batch_id, tenant.pk)
            if state == "type gone":
                run = replace(run, type="gone")
            if outcome == "lease lost":
                engine.let_lease_expire(job_id)
            ended = lifecycle.record(run, OUTCOMES[outcome])
            job = Job.objects.get(id=job_id)
            assert (job.status, job.error_code, engine.kinds(job_id)[-1]) == (status, code, kind)
            assert ended.terminal == (status != "queued")
            with pytest.raises(TransitionRefused):
                lifecycle.record(run, OUTCOMES[outcome])


def test_suspended_tenants_job_waits(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    Tenant.objects.filter(pk=tenant.pk).update(suspended_at=now())
    assert lifecycle.claim(job_id, engine.WORKER) is None
    assert engine.statuses([job_id]) == ["queued"]


def outcome(step: Callable[[], object]) -> object:
    try:
        return step()
    except Exception as error:
        return error


def race(*steps: Callable[[], object]) -> list[object]:
    """Run the steps at the same instant, each on a connection of its own; their results or exceptions.

    Where a lock was not to be had in time, as on a busy machine, a step is done once more, as callers do.
    """
    barrier = threading.Barrier(len(steps))
    results: list[object] = [None] * len(steps)

    def run(index: int, step: Callable[[], object]) -> None:
        try:
            barrier.wait()
            while isinstance(result := outcome(step), TryAgain):
                pass
            results[index] = result
        finally:
            connection.close()
            broker.disconnect()

    threads = [threading.Thread(target=run, args=(index, step)) for index, step in enumerate(steps)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
@forms(20, 500)
def test_cancel_and_claim_at_the_same_instant_have_one_winner(examples: int) -> None:
    tenant = TenantFactory(release_window=1000)
    for job_id in engine.dispatch(tenant, examples):
        cancelled, run = race(
            lambda job_id=job_id: lifecycle.cancel(job_id, tenant.pk),  # type: ignore[misc]
            lambda job_id=job_id: lifecycle.claim(job_id, engine.WORKER),  # type: ignore[misc]
        )
        was_cancelled = cancelled is None
        was_claimed = isinstance(run, lifecycle.Run)
        assert was_cancelled != was_claimed
        assert engine.statuses([job_id]) == ["cancelled" if was_cancelled else "running"]


@pytest.mark.django_db(transaction=True)
@forms(10, 500)
def test_claims_of_one_job_at_the_same_instant_have_one_winner(examples: int) -> None:
    tenant = TenantFactory(release_window=1000)
    for job_id in engine.dispatch(tenant, examples):
        runs = race(*[lambda job_id=job_id: lifecycle.claim(job_id, engine.WORKER)] * 4)
        assert sum(isinstance(run, lifecycle.Run) for run in runs) == 1


@pytest.mark.django_db(transaction=True)
@forms(10, 500)
def test_two_sweepers_take_a_lost_run_back_once(examples: int) -> None:
    tenant = TenantFactory(release_window=1000)
    for job_id in engine.dispatch(tenant, examples):
        engine.start(job_id)
        engine.let_lease_expire(job_id)
        taken = race(lifecycle.reclaim_expired, lifecycle.reclaim_expired)
        assert sorted(map(str, taken)) == ["0", "1"]
        assert engine.kinds(job_id) == ["queued", "started", "lease_lost"]


def test_job_of_a_type_of_a_newer_release_waits_for_a_worker_that_knows_it(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    [unknown, known] = engine.dispatch(tenant, 2)
    Job.objects.filter(id=unknown).update(type="of_the_next_release")
    assert lifecycle.claim(unknown, engine.WORKER) is None
    job = Job.objects.get(id=unknown)
    assert (job.status, job.attempt, job.released_at) == ("queued", 0, None)
    assert job.run_after > now() + timedelta(seconds=20)
    assert engine.kinds(unknown) == ["queued"]
    assert lifecycle.claim(known, engine.WORKER) is not None


def test_params_of_a_newer_release_are_handed_back_and_fail_after_a_day(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    [job_id] = engine.dispatch(tenant, params={"since_the_next_release": True})
    assert execute(engine.start(job_id)) == lifecycle.Ended(terminal=False)
    job = Job.objects.get(id=job_id)
    assert (job.status, job.failures, engine.kinds(job_id)[-1]) == ("queued", 0, "handed_back")
    assert now() + timedelta(seconds=20) < job.run_after < now() + timedelta(seconds=40)
    monkeypatch.setattr(registry, "UNKNOWN_FOR_SECONDS", -1.0)
    Job.objects.filter(id=job_id).update(released_at=now(), run_after=now() - engine.LONG_AGO)
    assert execute(engine.start(job_id)) == lifecycle.Ended(terminal=True)
    assert Job.objects.get(id=job_id).error_code == "INVALID_PARAMS"


def test_job_of_a_type_that_is_gone_ends_and_harms_nobody(tenant: Tenant) -> None:
    """Dispatched under a release that had the type, swept and read under one that has not, for more than a day."""
    ids = engine.dispatch(tenant, 2)
    engine.start(ids[0])
    Job.objects.filter(id__in=ids).update(type="gone", created_at=now() - timedelta(hours=25))
    engine.let_lease_expire(ids[0])
    lifecycle.reclaim_expired()
    assert execute(engine.start(ids[1])) == lifecycle.Ended(terminal=True)
    assert list(Job.objects.filter(id__in=ids).order_by("id").values_list("status", "error_code")) == [
        ("failed", "WORKER_TIMEOUT"),
        ("failed", "INVALID_JOB_TYPE"),
    ]


def test_one_job_is_ended_by_its_id_also_while_the_server_expects_few_jobs(tenant: Tenant) -> None:
    """It plans once a connection, perhaps for an almost empty table, and then for no ids in particular."""
    engine.dispatch(tenant, 100)
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statements.END)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", statements.END)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (GENERIC_PLAN) {numbered}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan on aijobs_job" not in plan, plan
