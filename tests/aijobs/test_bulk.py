"""One action on all jobs that match: exactly those, once, whoever is killed and however many are at it."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar
from unittest.mock import Mock
from uuid import UUID

import pytest
from django.conf import settings
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from aijobs import bulk, identifiers, retrying, sql
from aijobs.engine import lifecycle, queueing
from aijobs.engine.outcomes import Stopped
from aijobs.errors import EmptyFilter, InvalidFilter
from aijobs.filtering import JobFilter
from aijobs.models import BulkAction, Job, Tenant, TenantCapacity
from aijobs.states import BulkKind, BulkState, OnFailure, PausedBy, Priority
from tests import engine
from tests.aijobs.api.answers import at_once
from tests.factories import TenantFactory
from workers import periodic

pytestmark = pytest.mark.django_db

T = TypeVar("T")
QUEUED = JobFilter(status=["queued"])
FAILED = JobFilter(status=["failed"])


@pytest.fixture(autouse=True)
def _short_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few jobs are several stretches."""
    monkeypatch.setattr(bulk, "STRETCH", 5)
    monkeypatch.setattr(bulk, "JOBS_A_STEP", 3)


def ask(
    kind: BulkKind,
    tenant: Tenant | None,
    wanted: JobFilter,
    *,
    before: UUID | None = None,
    priority: int | None = None,
) -> BulkAction:
    """As if it had been asked for after all jobs that there are, though they may be of this millisecond."""
    chosen = None if priority is None else Priority(priority)
    action = bulk.request(kind, tenant.pk if tenant else None, wanted, "anna", chosen)
    last = before or UUID(int=Job.objects.order_by("-id").values_list("id", flat=True)[0].int + 1)
    BulkAction.objects.filter(id=action.id).update(until=last)
    return again(action)


def again(action: BulkAction) -> BulkAction:
    return BulkAction.objects.get(id=action.id)


def finish(action: BulkAction) -> BulkAction:
    bulk.carry_out(seconds=120)
    return again(action)


def failed(tenant: Tenant, count: int) -> list[UUID]:
    ids = engine.dispatch(tenant, count)
    queueing.refill(tenant.pk)
    for job_id in ids:
        Job.objects.filter(id=job_id).update(released_at=Job.objects.get(id=job_id).run_after)
        engine.fail(engine.start(job_id))
    return ids


def test_cancels_what_is_queued_and_nothing_else() -> None:
    tenant, other = TenantFactory(release_window=100), TenantFactory()
    ids = engine.dispatch(tenant, 12)
    run = engine.start(ids[4])
    [others] = engine.dispatch(other)
    action = ask(BulkKind.CANCEL, tenant, QUEUED)
    assert action.expected == 11
    action = finish(action)
    assert (action.state, action.done, action.refused) == ("completed", 11, {})
    assert action.finished_at is not None
    assert engine.statuses(ids) == ["cancelled"] * 4 + ["running"] + ["cancelled"] * 7
    assert engine.statuses([others]) == ["queued"]
    assert TenantCapacity.objects.get(tenant=tenant).active == 1
    engine.complete(run)


def test_running_jobs_are_asked_to_stop_those_of_an_ordered_batch_too() -> None:
    tenant = TenantFactory(release_window=100)
    [running, asked, queued, ended] = engine.dispatch(tenant, 4)
    _, [member, follower] = engine.dispatch_batch(tenant, 2)
    runs = [engine.start(each) for each in (running, asked, member)]
    engine.complete(engine.start(ended))
    lifecycle.request_cancel(asked, tenant.pk, PausedBy.KEY)
    action = finish(ask(BulkKind.CANCEL, tenant, JobFilter(type=["test_probe"])))
    assert (action.expected, action.done, action.refused) == (5, 5, {})
    assert engine.statuses([running, asked, queued, ended, member, follower]) == [
        *("running", "running", "cancelled", "completed"),
        *("running", "cancelled"),
    ]
    assert all(engine.kinds(run.id) == ["queued", "started", "cancel_requested"] for run in runs)
    for run in runs:
        lifecycle.record(run, Stopped())
    assert engine.statuses([running, asked, member]) == ["cancelled"] * 3
    assert TenantCapacity.objects.get(tenant=tenant).active == 0


def test_of_all_tenants() -> None:
    shops = [TenantFactory() for _ in range(3)]
    ids = [job_id for _ in range(4) for shop in shops for job_id in engine.dispatch(shop)]
    action = finish(ask(BulkKind.CANCEL, None, QUEUED))
    assert (action.done, engine.statuses(ids)) == (12, ["cancelled"] * 12)
    assert {each.active for each in TenantCapacity.objects.all()} == {0}


def test_what_is_created_after_the_start_is_not_touched() -> None:
    tenant = TenantFactory()
    old = engine.dispatch(tenant, 4)
    new = engine.dispatch(tenant, 4)
    action = finish(ask(BulkKind.CANCEL, tenant, QUEUED, before=new[0]))
    assert (action.done, engine.statuses([*old, *new])) == (4, ["cancelled"] * 4 + ["queued"] * 4)


def test_a_start_is_a_bound_of_ids() -> None:
    engine.dispatch(TenantFactory())
    action = bulk.request(BulkKind.CANCEL, None, QUEUED, "anna")
    assert engine.dispatch(TenantFactory())[0] >= action.until


def test_a_filter_is_exact() -> None:
    tenant = TenantFactory()
    low = engine.dispatch(tenant, 2, priority=Priority.LOW)
    hasty = engine.dispatch(tenant, 2, type="test_hasty")
    batch_id, members = engine.dispatch_batch(tenant, 2, sequential=False)
    engine.dispatch(tenant, 2)
    for wanted, expected in (
        (JobFilter(priority="low"), low),
        (JobFilter(type=["test_hasty", "nothing"]), hasty),
        (JobFilter(batch_id=identifiers.encode("batch_", batch_id)), members),
    ):
        action = finish(ask(BulkKind.CANCEL, tenant, wanted))
        assert (action.expected, action.done) == (2, 2)
        assert engine.statuses(expected) == ["cancelled"] * 2
    assert Job.objects.filter(status="queued").count() == 2


@pytest.mark.parametrize("on_failure", OnFailure)
def test_members_of_sequential_batches_are_cancelled_in_order(on_failure: OnFailure) -> None:
    tenant = TenantFactory()
    before = engine.dispatch(tenant, 2)
    _, members = engine.dispatch_batch(tenant, 4, on_failure=on_failure)
    after = engine.dispatch(tenant, 2)
    run = engine.start(members[0])
    action = finish(ask(BulkKind.CANCEL, tenant, QUEUED))
    assert (action.state, action.done, action.refused) == ("completed", 7, {})
    assert engine.statuses([*before, *members, *after]) == ["cancelled"] * 2 + ["running"] + ["cancelled"] * 5
    engine.complete(run)


def test_retries_are_new_jobs_of_the_old_ones() -> None:
    tenant = TenantFactory(release_window=100)
    ids = failed(tenant, 7)
    [completed] = engine.dispatch(tenant)
    engine.complete(engine.start(completed))
    action = finish(ask(BulkKind.RETRY, tenant, JobFilter(type=["test_probe"])))
    assert (action.expected, action.done, action.state) == (7, 7, "completed")
    retried = Job.objects.filter(status="queued").order_by("id").values_list("retry_of_id", flat=True)
    assert list(retried) == ids


def test_what_completed_is_retried_where_the_filter_names_it() -> None:
    tenant = TenantFactory()
    [job_id] = engine.dispatch(tenant)
    engine.complete(engine.start(job_id))
    assert finish(ask(BulkKind.RETRY, tenant, JobFilter(status=["completed"]))).done == 1


def test_a_retry_waits_for_room_and_says_so() -> None:
    tenant = TenantFactory(release_window=100)
    failed(tenant, 4)
    Tenant.objects.filter(pk=tenant.pk).update(queue_limit=2)
    action = finish(ask(BulkKind.RETRY, tenant, FAILED))
    assert (action.state, action.done, action.refused) == ("running", 2, {})
    assert action.message == "It waits: Job queue is at capacity; retry later."
    for job_id in Job.objects.filter(status="queued").values_list("id", flat=True):
        lifecycle.cancel(job_id, tenant.pk)
    action = finish(action)
    assert (action.state, action.done, action.message) == ("completed", 4, "")
    assert Job.objects.filter(retry_of__isnull=False).count() == 4


def test_what_waits_keeps_nobody_waiting() -> None:
    full, other = TenantFactory(release_window=100), TenantFactory()
    failed(full, 2)
    Tenant.objects.filter(pk=full.pk).update(queue_limit=1)
    engine.dispatch(other, 2)
    waiting, swift = ask(BulkKind.RETRY, full, FAILED), ask(BulkKind.CANCEL, other, QUEUED)
    assert (finish(waiting).state, again(swift).state) == ("running", "completed")


def test_refusals_are_counted_by_their_code() -> None:
    tenant = TenantFactory(release_window=100)
    ids = failed(tenant, 5)
    Job.objects.filter(id__in=ids[1:3]).update(params={"sleep": -1})
    Job.objects.filter(id=ids[4]).update(type="of_an_older_release")
    action = finish(ask(BulkKind.RETRY, tenant, FAILED))
    assert (action.done, action.refused) == (2, {"INVALID_PARAMS": 2, "INVALID_JOB_TYPE": 1})
    assert action.refusals == 3


def test_priorities_are_set() -> None:
    tenant = TenantFactory(release_window=100)
    ids = engine.dispatch(tenant, 6)
    action = finish(ask(BulkKind.SET_PRIORITY, tenant, QUEUED, priority=Priority.HIGH))
    assert action.done == 6
    assert set(Job.objects.values_list("priority", "lane")) == {(Priority.HIGH, Priority.HIGH)}
    for job_id in ids:
        engine.complete(engine.start(job_id))


def test_results_are_deleted_and_jobs_stay_completed() -> None:
    tenant = TenantFactory()
    ids = engine.dispatch(tenant, 4)
    for job_id in ids:
        engine.complete(engine.start(job_id), {"label": "secret"})
    action = finish(ask(BulkKind.DELETE_RESULT, tenant, JobFilter(type=["test_probe"])))
    assert action.done == 4
    assert set(Job.objects.values_list("status", "result")) == {("completed", None)}
    assert finish(ask(BulkKind.DELETE_RESULT, tenant, JobFilter(type=["test_probe"]))).refused == {"NO_RESULT": 4}


def test_results_of_stopped_jobs_are_deleted_too() -> None:
    tenant = TenantFactory()
    [stopped, cancelled] = engine.dispatch(tenant, 2)
    run = engine.start(stopped)
    for job_id in (stopped, cancelled):
        lifecycle.request_cancel(job_id, tenant.pk, PausedBy.KEY)
    lifecycle.record(run, Stopped(result={"label": "secret"}))
    action = finish(ask(BulkKind.DELETE_RESULT, tenant, JobFilter(type=["test_probe"])))
    assert (action.expected, action.done, action.refused) == (2, 1, {"NO_RESULT": 1})
    assert set(Job.objects.values_list("status", "result")) == {("cancelled", None)}


@pytest.mark.parametrize("kind", BulkKind)
def test_an_empty_filter_is_refused(kind: BulkKind) -> None:
    with pytest.raises(EmptyFilter):
        bulk.request(kind, TenantFactory().pk, JobFilter(), "anna")
    assert not BulkAction.objects.exists()


@pytest.mark.parametrize(
    ("kind", "status"),
    [("cancel", "failed"), ("set_priority", "failed"), ("retry", "queued"), ("delete_result", "failed")],
)
def test_a_filter_that_the_action_is_not_for_is_refused(kind: str, status: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        bulk.request(BulkKind(kind), None, JobFilter.model_validate({"status": [status]}), "anna")
    assert status in str(refused.value.details)


def test_counts_stop_at_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_COUNTED", 4)
    tenant = TenantFactory()
    engine.dispatch(tenant, 4)
    assert bulk.count(BulkKind.CANCEL, tenant.pk, QUEUED) == 4
    engine.dispatch(tenant, 4)
    assert bulk.count(BulkKind.CANCEL, tenant.pk, QUEUED) == 5


def test_a_stop_leaves_the_rest() -> None:
    tenant = TenantFactory()
    ids = engine.dispatch(tenant, 9)
    action = ask(BulkKind.CANCEL, tenant, QUEUED)
    bulk.step(action)
    assert bulk.stop(action.id, "bert")
    assert not bulk.stop(action.id, "carl")
    # Whoever has read it before the stop does nothing more, either.
    assert not bulk.step(again(action))
    action = finish(action)
    assert (action.state, action.done, action.stopped_by) == (BulkState.STOPPED, 3, "bert")
    assert engine.statuses(ids) == ["cancelled"] * 3 + ["queued"] * 6


def test_what_a_retry_had_done_when_it_was_stopped_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = TenantFactory(release_window=100)
    failed(tenant, 3)
    action = ask(BulkKind.RETRY, tenant, FAILED)
    retry_all = retrying.retry_all

    def retry_and_stop(*arguments: Any) -> Counter[str]:
        bulk.stop(action.id, "bert")
        return retry_all(*arguments)

    monkeypatch.setattr(retrying, "retry_all", retry_and_stop)
    # As many as there are, however slow the machine is.
    monkeypatch.setattr(bulk, "RETRY_SECONDS", 60.0)
    assert not bulk.step(action)
    stopped = again(action)
    assert (stopped.state, stopped.done, stopped.stopped_by) == (BulkState.STOPPED, 3, "bert")
    assert Job.objects.filter(retry_of__isnull=False).count() == 3
    # Nor twice, by whoever was at it too.
    assert not bulk.step(action)
    assert again(action).done == 3


def test_what_cannot_be_carried_out_ends_and_says_so() -> None:
    engine.dispatch(TenantFactory(), 2)
    broken, whole = ask(BulkKind.CANCEL, None, QUEUED), ask(BulkKind.CANCEL, None, QUEUED)
    BulkAction.objects.filter(id=broken.id).update(filter={"of": "another release"})
    assert finish(whole).state == "completed"
    assert (again(broken).state, again(broken).message) == (
        "failed",
        "The service could not go on. Its log says why.",
    )


class Killed(BaseException):
    """As SIGKILL: nothing is caught, and nothing after it runs."""


def dying_at_times(execute: Callable[..., T], chance: Random) -> Callable[..., T]:
    """One statement of the engine in four does not begin, or was the last."""

    def dying(*arguments: object) -> T:
        when = chance.randrange(8)
        if when == 0:
            raise Killed
        found = execute(*arguments)
        if when == 1:
            raise Killed
        return found

    return dying


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", BulkKind)
def test_a_killed_worker_does_no_job_twice_and_counts_each_once(
    kind: BulkKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = TenantFactory(release_window=100)
    ids = failed(tenant, 8) if kind == BulkKind.RETRY else engine.dispatch(tenant, 8)
    if kind == BulkKind.DELETE_RESULT:
        for job_id in ids:
            engine.complete(engine.start(job_id), {"label": "x"})
    action = ask(kind, tenant, JobFilter(type=["test_probe"]), priority=Priority.HIGH)
    chance = Random(14)
    monkeypatch.setattr(sql, "execute", dying_at_times(sql.execute, chance))
    monkeypatch.setattr(sql, "rows", dying_at_times(sql.rows, chance))
    for _ in range(200):
        try:
            bulk.carry_out(seconds=120)
        except Killed:
            continue
        break
    action = again(action)
    assert (action.state, action.done, action.refused) == ("completed", 8, {})
    if kind == BulkKind.RETRY:
        assert sorted(Job.objects.filter(retry_of__isnull=False).values_list("retry_of_id", flat=True)) == sorted(ids)
    if kind == BulkKind.CANCEL:
        assert all(engine.kinds(job_id) == ["queued", "cancelled"] for job_id in ids)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [BulkKind.CANCEL, BulkKind.RETRY])
def test_two_workers_at_once_do_no_harm(kind: BulkKind) -> None:
    tenant = TenantFactory(release_window=100)
    ids = failed(tenant, 20) if kind == BulkKind.RETRY else engine.dispatch(tenant, 20)
    _, members = engine.dispatch_batch(tenant, 4) if kind == BulkKind.CANCEL else (None, [])
    action = ask(kind, tenant, JobFilter(type=["test_probe"]))

    def work(number: int) -> None:
        for _ in range(40):
            bulk.carry_out(seconds=0.5)
            if again(action).state != BulkState.RUNNING:
                return

    at_once(3, work, threads=3)
    action = again(action)
    assert (action.state, action.done, action.refused) == ("completed", len(ids) + len(members), {})
    if kind == BulkKind.RETRY:
        assert Job.objects.filter(retry_of__isnull=False).count() == len(ids)
    else:
        assert all(engine.kinds(job_id) == ["queued", "cancelled"] for job_id in [*ids, *members])
        assert TenantCapacity.objects.get(tenant=tenant).active == 0


def test_a_step_reads_a_stretch_and_no_more() -> None:
    """However few jobs match."""
    tenant = TenantFactory()
    engine.dispatch(tenant, 12)
    action = ask(BulkKind.CANCEL, tenant, JobFilter(type=["test_hasty"]))
    bulk.step(action)
    assert again(action).cursor == Job.objects.order_by("id")[4].id


def test_retries_take_their_time_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs a dispatch: a step does as many as there is time for, and at least those of one transaction."""
    monkeypatch.setattr(bulk, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(bulk, "RETRIED_AT_ONCE", 1)
    tenant = TenantFactory(release_window=100)
    failed(tenant, 3)
    action = ask(BulkKind.RETRY, tenant, FAILED)
    for number in (1, 2, 3):
        assert bulk.step(again(action))
        assert again(action).done == number
    assert finish(action).state == "completed"


def test_beat_has_it_carried_out() -> None:
    tenant = TenantFactory()
    engine.dispatch(tenant)
    action = ask(BulkKind.CANCEL, tenant, QUEUED)
    assert settings.CELERY_BEAT_SCHEDULE["act-in-bulk"]["task"] == periodic.act_in_bulk.name
    periodic.act_in_bulk()
    assert again(action).state == "completed"


def test_what_waits_for_a_lock_goes_behind_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would be first at each call, and its second of patience would be all that is done in it."""
    tenant = TenantFactory()
    engine.dispatch(tenant)
    action = ask(BulkKind.CANCEL, tenant, QUEUED)
    monkeypatch.setattr(bulk, "step", Mock(side_effect=sql.LockTimeout()))
    action = finish(action)
    assert (action.state, action.cursor) == ("running", None)
    assert action.stepped_at is not None


def test_counting_takes_a_second_of_all_parts_together(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = TenantFactory()
    engine.dispatch(tenant)
    parts = JobFilter(status=["queued", "failed"], type=["test_probe", "test_hasty"])
    assert bulk.count(BulkKind.RETRY, tenant.pk, JobFilter(type=["test_probe"])) == 0
    # Each takes less than the time that there is, and all of them more.
    asleep = RawSQL("(SELECT true FROM pg_sleep(0.1))", [], BooleanField())
    monkeypatch.setattr(JobFilter, "apart", lambda self, jobs: [jobs.filter(asleep)] * 4)
    monkeypatch.setattr(bulk, "COUNT_SECONDS", 0.2)
    assert bulk.count(BulkKind.CANCEL, tenant.pk, parts) is None
