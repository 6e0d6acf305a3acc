"""Batches whose jobs depend on each other: in order, whatever happens to a member and however many end at once."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from aijobs import batches
from aijobs.engine import lifecycle, queueing
from aijobs.errors import JobNotCancellable, TryAgain
from aijobs.graphs import before
from aijobs.models import Job, Tenant, TenantCapacity
from aijobs.states import TERMINAL, OnFailure
from tests import engine
from tests.aijobs.api.answers import at_once
from tests.drawing import forms
from tests.factories import TenantFactory

DIAMOND = [[], [1], [1], [2, 3]]
pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory(release_window=100)


def claimable(ids: list[UUID]) -> list[bool]:
    found = dict(Job.objects.filter(id__in=ids).values_list("id", "blocked"))
    return [not found[each] for each in ids]


def test_only_those_that_wait_for_nobody_can_be_claimed(tenant: Tenant) -> None:
    _, ids = engine.dispatch_graph(tenant, [[2], [], [], [1, 3]])
    assert claimable(ids) == [False, True, True, False]
    assert lifecycle.claim(ids[0], engine.WORKER) is None
    engine.start(ids[1])
    engine.start(ids[2])


def test_an_end_unblocks_all_that_waited_only_for_it(tenant: Tenant) -> None:
    _, ids = engine.dispatch_graph(tenant, DIAMOND)
    ended = engine.complete(engine.start(ids[0]))
    assert (ended.released, ended.unblocked) == (None, 2)
    lifecycle.follow_up(ended, tenant.pk)
    first, second = engine.start(ids[1]), engine.start(ids[2])
    assert engine.complete(second).unblocked == 0
    ended = engine.complete(first)
    assert ended.unblocked == 1
    lifecycle.follow_up(ended, tenant.pk)
    engine.complete(engine.start(ids[3]))
    assert TenantCapacity.objects.get(tenant=tenant).active == 0


def test_what_is_unblocked_waits_for_its_window(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(release_window=1)
    _, ids = engine.dispatch_graph(tenant, [[], [1], [1]])
    lifecycle.follow_up(engine.complete(engine.start(ids[0])), tenant.pk)
    assert Job.objects.filter(id__in=ids, released_at__isnull=False, status="queued").count() == 1


def test_failure_cancels_those_that_depend_on_it_and_no_others(tenant: Tenant) -> None:
    _, ids = engine.dispatch_graph(tenant, [[], [1], [2], [], [4, 3]])
    engine.fail(engine.start(ids[0]))
    assert engine.statuses(ids) == ["failed", "cancelled", "cancelled", "queued", "cancelled"]
    assert set(Job.objects.filter(status="cancelled").values_list("cancel_reason", "cancelled_by_id")) == {
        ("PREDECESSOR_FAILED", ids[0])
    }
    engine.complete(engine.start(ids[3]))


def test_failure_goes_on_where_the_batch_says_so(tenant: Tenant) -> None:
    _, ids = engine.dispatch_graph(tenant, DIAMOND, on_failure=OnFailure.CONTINUE)
    lifecycle.follow_up(engine.fail(engine.start(ids[0])), tenant.pk)
    lifecycle.cancel(ids[1], tenant.pk)
    lifecycle.follow_up(engine.complete(engine.start(ids[2])), tenant.pk)
    engine.complete(engine.start(ids[3]))
    assert engine.statuses(ids) == ["failed", "cancelled", "completed", "completed"]


def test_who_depends_on_a_cancelled_one_waits_for_those_before_that(tenant: Tenant) -> None:
    _, ids = engine.dispatch_graph(tenant, [[], [1], [2]], on_failure=OnFailure.CONTINUE)
    run = engine.start(ids[0])
    lifecycle.cancel(ids[1], tenant.pk)
    assert claimable(ids)[2] is False
    assert engine.complete(run).unblocked == 1


def test_a_cancelled_job_cancels_those_that_depend_on_it(tenant: Tenant) -> None:
    _, ids = engine.dispatch_graph(tenant, DIAMOND)
    lifecycle.cancel(ids[1], tenant.pk)
    assert engine.statuses(ids) == ["queued", "cancelled", "queued", "cancelled"]
    job = Job.objects.get(id=ids[3])
    assert (job.cancel_reason, job.cancelled_by_id) == ("PREDECESSOR_CANCELLED", ids[1])


def test_a_retry_keeps_the_others_waiting(tenant: Tenant) -> None:
    _, ids = engine.dispatch_graph(tenant, [[], [1]])
    assert not engine.fail(engine.start(ids[0]), transient=True).terminal
    assert claimable(ids) == [True, False]


def test_lost_worker_of_the_last_attempt_lets_the_others_go_on(tenant: Tenant) -> None:
    _, ids = engine.dispatch_graph(tenant, [[], [1]], on_failure=OnFailure.CONTINUE)
    Job.objects.filter(id=ids[0]).update(failures=2)
    engine.start(ids[0])
    engine.let_lease_expire(ids[0])
    lifecycle.reclaim_expired()
    engine.start(ids[1])


def test_a_cancelled_batch_leaves_nobody_waiting(tenant: Tenant) -> None:
    batch_id, ids = engine.dispatch_graph(tenant, DIAMOND)
    run = engine.start(ids[0])
    batches.cancel(batch_id, tenant.pk)
    assert engine.complete(run).unblocked == 0
    assert engine.statuses(ids) == ["completed", "cancelled", "cancelled", "cancelled"]


ENDS = ("complete", "fail", "retry", "cancel")


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """Without a circle: by a hidden order, which is not that of the positions."""
    size = draw(st.integers(2, 7))
    order = draw(st.permutations(range(1, size + 1)))
    edges: dict[int, list[int]] = {}
    for place, each in enumerate(order):
        edges[each] = draw(st.lists(st.sampled_from(order[:place]), unique=True, max_size=3)) if place else []
    return [edges[position] for position in range(1, size + 1)]


@pytest.mark.django_db(transaction=True)
@forms(12, 500)
def test_nobody_is_blocked_for_ever_or_starts_too_early(examples: int) -> None:
    """Members end at the same moment, in any way; others are cancelled meanwhile."""
    tenant = TenantFactory(release_window=100)

    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(graphs(), st.sampled_from(OnFailure), st.lists(st.sampled_from(ENDS), min_size=40, max_size=40))
    def walk(edges: list[list[int]], on_failure: OnFailure, ends: list[str]) -> None:
        _, ids = engine.dispatch_graph(tenant, edges, on_failure=on_failure)
        while Job.objects.filter(id__in=ids).exclude(status__in=TERMINAL).exists():
            engine.let_backoff_pass(ids)
            queueing.refill(tenant.pk)
            runs = [run for each in ids if (run := lifecycle.claim(each, engine.WORKER))]
            assert runs, engine.statuses(ids)
            statuses = engine.statuses(ids)
            for run in runs:
                needed = before(dict(enumerate(edges, 1)), run.position or 0)
                assert all(statuses[each - 1] in TERMINAL for each in needed)
            chosen = [(run, ends.pop() if ends else "complete") for run in runs]
            at_once(len(runs), partial(end_one, chosen, tenant, ids), threads=7)

    walk()


def once_there_is_time(cancel: Callable[[], None]) -> JobNotCancellable | None:
    """What refuses it. On a busy machine the lock may not be had in time: then it is asked for again."""
    while True:
        try:
            cancel()
        except TryAgain:
            continue
        except JobNotCancellable as refused:
            return refused
        return None


def end_one(chosen: list[tuple[lifecycle.Run, str]], tenant: Tenant, ids: list[UUID], number: int) -> None:
    """One way or another; beside a cancel of another member, where that is how."""
    run, how = chosen[number]
    if how in ("fail", "retry"):
        engine.fail(run, transient=how == "retry")
        return
    if how == "cancel":
        other = ids[(ids.index(run.id) + 1) % len(ids)]
        refused = once_there_is_time(lambda: lifecycle.cancel(other, tenant.pk))
        # By now it may be queued once more.
        assert refused is None or "The job is queued" not in refused.message
    engine.complete(run)
