"""Asking a running job to stop, at the same instant as something else: one end, and the counts stay exact."""

from collections.abc import Callable
from uuid import UUID

import pytest

from aijobs.engine import lifecycle
from aijobs.engine.lifecycle import Run
from aijobs.engine.outcomes import Stopped
from aijobs.errors import JobNotCancellable, TransitionRefused
from aijobs.models import Job, TenantCapacity
from aijobs.states import OnFailure, PausedBy
from tests import engine
from tests.aijobs.engine.test_lifecycle import race
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8


def ask(job_id: UUID, tenant_id: int) -> Callable[[], None]:
    return lambda: lifecycle.request_cancel(job_id, tenant_id, PausedBy.KEY)


def test_beside_a_finish_it_ends_once() -> None:
    tenant = TenantFactory(release_window=1000)
    for job_id in engine.dispatch(tenant, ROUNDS):
        run = engine.start(job_id)
        asked, completed = race(ask(job_id, tenant.pk), lambda run=run: engine.complete(run))  # type: ignore[misc]
        assert not isinstance(completed, Exception)
        assert asked is None or isinstance(asked, JobNotCancellable)
        assert engine.statuses([job_id]) == ["completed"]
    assert TenantCapacity.objects.get(tenant=tenant).active == 0


def test_beside_a_retry_or_a_lost_worker_it_is_not_tried_again() -> None:
    tenant = TenantFactory(release_window=1000)
    for number, job_id in enumerate(engine.dispatch(tenant, 2 * ROUNDS)):
        run = engine.start(job_id)
        if number % 2:
            engine.let_lease_expire(job_id)
        ends: Callable[[], object] = lifecycle.reclaim_expired if number % 2 else lambda run=run: _retry(run)  # type: ignore[misc]
        asked, _ = race(ask(job_id, tenant.pk), ends)
        assert asked is None
        # Where the sweeper met the one that asked, the next sweep ends it.
        lifecycle.reclaim_expired()
        assert engine.statuses([job_id]) == ["cancelled"]
    assert TenantCapacity.objects.get(tenant=tenant).active == 0


def _retry(run: Run) -> None:
    engine.fail(run, transient=True)


def test_beside_a_claim_it_is_cancelled_or_asked() -> None:
    tenant = TenantFactory(release_window=1000)
    for job_id in engine.dispatch(tenant, ROUNDS):
        asked, run = race(ask(job_id, tenant.pk), lambda job_id=job_id: lifecycle.claim(job_id, "w"))  # type: ignore[misc]
        assert asked is None
        if isinstance(run, Run):
            assert lifecycle.renew(run.id, run.attempt, 0, None)
            lifecycle.record(run, Stopped())
        assert engine.statuses([job_id]) == ["cancelled"]


def test_two_at_once_are_one_and_two_that_stop_it_end_it_once() -> None:
    tenant = TenantFactory(release_window=1000)
    for job_id in engine.dispatch(tenant, ROUNDS):
        run = engine.start(job_id)
        assert race(ask(job_id, tenant.pk), ask(job_id, tenant.pk)) == [None, None]
        assert engine.kinds(job_id) == ["queued", "started", "cancel_requested"]
        ends = race(*[lambda run=run: lifecycle.record(run, Stopped())] * 2)
        assert sum(isinstance(end, TransitionRefused) for end in ends) == 1
        assert engine.kinds(job_id)[-1] == "cancelled"
    assert TenantCapacity.objects.get(tenant=tenant).active == 0


def test_in_order_a_stop_beside_a_cancel_leaves_nothing_blocked() -> None:
    tenant = TenantFactory(release_window=1000)
    for _ in range(ROUNDS):
        _, ids = engine.dispatch_batch(tenant, 3, on_failure=OnFailure.CONTINUE)
        run = engine.start(ids[0])
        ask(ids[0], tenant.pk)()
        race(
            lambda run=run: lifecycle.record(run, Stopped()),  # type: ignore[misc]
            lambda job_id=ids[1]: lifecycle.cancel(job_id, tenant.pk),  # type: ignore[misc]
        )
        assert engine.statuses(ids) == ["cancelled", "cancelled", "queued"]
        assert not Job.objects.get(id=ids[2]).blocked


def test_who_was_not_asked_cannot_be_stopped() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    with pytest.raises(TransitionRefused):
        lifecycle.record(engine.start(job_id), Stopped())
    assert engine.statuses([job_id]) == ["running"]
