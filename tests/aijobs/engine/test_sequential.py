"""Sequential batches: one after the other, whatever happens to a member."""

from uuid import UUID

import pytest

from aijobs import batches
from aijobs.engine import lifecycle
from aijobs.models import Job, Tenant
from aijobs.states import OnFailure, PausedBy, Status
from tests import engine
from tests.aijobs.engine.test_lifecycle import race
from tests.drawing import forms
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory()


def test_only_the_first_can_be_claimed(tenant: Tenant) -> None:
    _, ids = engine.dispatch_batch(tenant, 3)
    assert lifecycle.claim(ids[1], engine.WORKER) is None
    engine.start(ids[0])
    assert lifecycle.claim(ids[1], engine.WORKER) is None


def test_completion_unblocks_and_releases_the_next(tenant: Tenant) -> None:
    batch_id, ids = engine.dispatch_batch(tenant, 3)
    ended = engine.complete(engine.start(ids[0]))
    assert ended.released is not None
    assert (ended.released.id, ended.released.batch_id) == (ids[1], batch_id)
    engine.start(ids[1])
    assert Job.objects.get(id=ids[2]).blocked


def test_failure_stops_the_rest_with_its_cause(tenant: Tenant) -> None:
    _, ids = engine.dispatch_batch(tenant, 4)
    engine.complete(engine.start(ids[0]))
    assert engine.fail(engine.start(ids[1])).released is None
    assert engine.statuses(ids) == ["completed", "failed", "cancelled", "cancelled"]
    assert set(Job.objects.filter(id__in=ids[2:]).values_list("cancel_reason", "cancelled_by_id")) == {
        ("PREDECESSOR_FAILED", ids[1])
    }


def test_failure_goes_on_where_the_batch_says_so(tenant: Tenant) -> None:
    _, ids = engine.dispatch_batch(tenant, 3, on_failure=OnFailure.CONTINUE)
    engine.complete(engine.start(ids[0]))
    ended = engine.fail(engine.start(ids[1]))
    assert ended.released is not None
    engine.complete(engine.start(ids[2]))
    assert engine.statuses(ids) == ["completed", "failed", "completed"]


def test_retry_keeps_its_place(tenant: Tenant) -> None:
    _, ids = engine.dispatch_batch(tenant, 2)
    assert not engine.fail(engine.start(ids[0]), transient=True).terminal
    assert Job.objects.get(id=ids[1]).blocked


def test_cancelled_head_hands_its_turn_on(tenant: Tenant) -> None:
    _, ids = engine.dispatch_batch(tenant, 3, on_failure=OnFailure.CONTINUE)
    lifecycle.cancel(ids[0], tenant.pk)
    engine.start(ids[1])


def test_cancelled_head_stops_the_rest(tenant: Tenant) -> None:
    _, ids = engine.dispatch_batch(tenant, 3)
    lifecycle.cancel(ids[0], tenant.pk)
    assert engine.statuses(ids) == ["cancelled"] * 3
    assert Job.objects.get(id=ids[2]).cancel_reason == "PREDECESSOR_CANCELLED"


def test_cancelled_middle_is_skipped(tenant: Tenant) -> None:
    _, ids = engine.dispatch_batch(tenant, 3, on_failure=OnFailure.CONTINUE)
    lifecycle.cancel(ids[1], tenant.pk)
    ended = engine.complete(engine.start(ids[0]))
    assert ended.released is not None
    assert ended.released.id == ids[2]


def test_lost_worker_of_the_last_attempt_unblocks_the_next(tenant: Tenant) -> None:
    _, ids = engine.dispatch_batch(tenant, 2, on_failure=OnFailure.CONTINUE)
    Job.objects.filter(id=ids[0]).update(failures=2)
    engine.start(ids[0])
    engine.let_lease_expire(ids[0])
    lifecycle.reclaim_expired()
    assert engine.statuses(ids) == ["failed", "queued"]
    engine.start(ids[1])


def test_cancelled_batch_lets_the_running_member_finish(tenant: Tenant) -> None:
    batch_id, ids = engine.dispatch_batch(tenant, 3)
    run = engine.start(ids[0])
    batches.cancel(batch_id, tenant.pk)
    assert engine.statuses(ids) == ["running", "cancelled", "cancelled"]
    engine.complete(run)
    assert engine.statuses(ids) == ["completed", "cancelled", "cancelled"]


@pytest.mark.parametrize("sequential", [True, False])
def test_cancelled_batch_gives_no_further_attempt(tenant: Tenant, sequential: bool) -> None:
    batch_id, ids = engine.dispatch_batch(tenant, 2, sequential=sequential)
    run = engine.start(ids[0])
    batches.cancel(batch_id, tenant.pk)
    assert engine.fail(run, transient=True).terminal
    assert engine.statuses(ids) == ["failed", "cancelled"]


def test_hand_back_of_a_cancelled_batch_ends_the_job(tenant: Tenant) -> None:
    batch_id, ids = engine.dispatch_batch(tenant, 2)
    engine.start(ids[0])
    batches.cancel(batch_id, tenant.pk)
    lifecycle.hand_back(engine.WORKER)
    job = Job.objects.get(id=ids[0])
    assert (job.status, job.error_code) == (Status.FAILED, "BATCH_CANCELLED")


def test_hand_back_of_one_that_was_asked_to_stop_ends_it_as_stopped_also_in_a_cancelled_batch(tenant: Tenant) -> None:
    batch_id, ids = engine.dispatch_batch(tenant, 2)
    engine.start(ids[0])
    lifecycle.request_cancel(ids[0], tenant.pk, PausedBy.KEY)
    batches.cancel(batch_id, tenant.pk)
    lifecycle.hand_back(engine.WORKER)
    job = Job.objects.get(id=ids[0])
    assert (job.status, job.error_code, job.cancel_reason) == (Status.CANCELLED, "", "REQUESTED")


def assert_nobody_is_left_behind(ids: list[UUID]) -> None:
    """The first member that is not over can be claimed, or is running."""
    remaining = list(Job.objects.filter(id__in=ids, status__in=["queued", "running"]).order_by("position"))
    if remaining:
        assert not remaining[0].blocked
        assert remaining[0].status == Status.RUNNING or remaining[0].released_at is not None
        assert all(job.blocked for job in remaining[1:])


@pytest.mark.django_db(transaction=True)
@forms(20, 2000)
def test_finish_beside_a_cancel_never_leaves_a_successor_behind(examples: int) -> None:
    """A member finishes while the next one is cancelled: left to chance, four in five successors wait for ever."""
    tenant = TenantFactory(release_window=10_000)
    for _ in range(examples):
        _, ids = engine.dispatch_batch(tenant, 3, on_failure=OnFailure.CONTINUE)
        run = engine.start(ids[0])
        finished, cancelled = race(
            lambda run=run: engine.complete(run),  # type: ignore[misc]
            lambda ids=ids: lifecycle.cancel(ids[1], tenant.pk),  # type: ignore[misc]
        )
        assert isinstance(finished, lifecycle.Ended), finished
        assert cancelled is None, cancelled
        assert engine.statuses(ids) == ["completed", "cancelled", "queued"]
        assert_nobody_is_left_behind(ids)
        # Out of the way of the next round.
        lifecycle.cancel(ids[2], tenant.pk)


@pytest.mark.django_db(transaction=True)
@forms(20, 2000)
def test_batch_cancelled_beside_a_failing_attempt_leaves_nothing_queued(examples: int) -> None:
    tenant = TenantFactory(release_window=10_000)
    for _ in range(examples):
        batch_id, ids = engine.dispatch_batch(tenant, 2, sequential=False)
        run = engine.start(ids[0])
        race(
            lambda run=run: engine.fail(run, transient=True),  # type: ignore[misc]
            lambda batch_id=batch_id: batches.cancel(batch_id, tenant.pk),  # type: ignore[misc]
        )
        assert "queued" not in engine.statuses(ids)
