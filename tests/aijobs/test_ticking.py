"""What becomes of a schedule's due times."""

from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from django.db import connection
from django.utils.timezone import now
from hypothesis import strategies as st

from aijobs import due_rows, registry, schedule_bodies, schedules, ticking
from aijobs.models import Batch, IdempotencyKey, Job, Schedule, ScheduleRun
from aijobs.postgresql.connection import Connection
from aijobs.states import Missed, Overlap, RunOutcome, Status
from tests import engine
from tests.drawing import draws
from tests.factories import ScheduleFactory, TenantFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
ENOUGH_SECONDS = 120


def tick() -> None:
    ticking.tick(ENOUGH_SECONDS)


def tick_again(schedule: Schedule, later: timedelta = timedelta()) -> None:
    """The next look, as if so much time had passed: all the schedule's times are earlier by it."""
    # The oldest first: no two have the same due time at any moment.
    for run in schedule.runs.order_by("due_at"):
        schedule.runs.filter(pk=run.pk).update(due_at=run.due_at - later)
    IdempotencyKey.objects.all().delete()
    schedule.refresh_from_db()
    for name in ("anchor", "next_due_at", "wake_at"):
        if moment := getattr(schedule, name):
            setattr(schedule, name, moment - later)
    if schedule.wake_at:
        schedule.wake_at = min(schedule.wake_at, now() - timedelta(minutes=1))
    schedule.save()
    tick()
    schedule.refresh_from_db()


def runs(schedule: Schedule) -> list[tuple[str, str]]:
    """Outcomes and reasons, in the order of their due times."""
    return list(schedule.runs.order_by("due_at").values_list("outcome", "reason"))


def test_what_is_due_is_dispatched_and_the_next_due_time_counts_from_the_due_time() -> None:
    schedule = ScheduleFactory()
    due = schedule.next_due_at
    tick()
    job = Job.objects.get()
    assert (job.tenant, job.schedule, job.status) == (schedule.tenant, schedule, Status.QUEUED)
    assert job.params == {"label": "of a schedule"}
    run = ScheduleRun.objects.get()
    assert (run.due_at, run.outcome, run.job_id, run.batch_id) == (due, RunOutcome.DISPATCHED, job.id, None)
    schedule.refresh_from_db()
    assert schedule.next_due_at == schedule.wake_at == due + HOUR
    assert job.released_at is not None


def test_a_second_tick_does_nothing() -> None:
    ScheduleFactory()
    tick()
    tick()
    assert (Job.objects.count(), ScheduleRun.objects.count()) == (1, 1)


def test_of_many_that_are_due_each_takes_a_statement_of_its_own_and_the_others_they_have_together() -> None:
    tenant = ScheduleFactory().tenant
    tick()
    for _ in range(ticking.AT_ONCE):
        ScheduleFactory(tenant=tenant)
    raw = cast("Connection[Any]", connection.connection)
    before = raw.waits
    tick()
    assert raw.waits - before <= ticking.AT_ONCE + 8
    assert ScheduleRun.objects.filter(outcome=RunOutcome.DISPATCHED).count() == ticking.AT_ONCE + 1


def test_what_is_not_due_is_left_alone() -> None:
    schedule = ScheduleFactory(due=now() + HOUR)
    tick()
    assert runs(schedule) == []


def test_a_batch_is_dispatched_with_all_its_jobs() -> None:
    body = {"jobs": [{"type": "test_probe"}, {"type": "test_hasty"}], "sequential": True}
    schedule = ScheduleFactory(template_kind="batch", template=body)
    tick()
    batch, run = Batch.objects.get(), ScheduleRun.objects.get()
    assert (run.batch_id, run.job_id) == (batch.id, None)
    jobs = Job.objects.order_by("position")
    assert [(job.type, job.batch, job.schedule) for job in jobs] == [
        ("test_probe", batch, schedule),
        ("test_hasty", batch, schedule),
    ]


def test_a_due_time_has_a_key_that_no_caller_can_send() -> None:
    schedule = ScheduleFactory()
    tick()
    key = IdempotencyKey.objects.get().key
    assert str(schedule.id) in key
    assert not key.isascii()


def test_a_due_time_that_was_dispatched_is_not_dispatched_again() -> None:
    """As after a restore, or with a clock that nobody believed possible."""
    schedule = ScheduleFactory()
    due = schedule.next_due_at
    tick()
    Schedule.objects.update(next_due_at=due, wake_at=due, overlap=Overlap.ALLOW)
    tick()
    # Without its run the key still knows.
    ScheduleRun.objects.all().delete()
    Schedule.objects.update(next_due_at=due, wake_at=due)
    tick()
    assert Job.objects.count() == 1
    schedule.refresh_from_db()
    assert schedule.next_due_at == due + HOUR


# --- What was missed


@pytest.mark.parametrize("missed", Missed)
def test_of_several_due_times_only_the_last_is_dispatched(missed: Missed) -> None:
    schedule = ScheduleFactory(due=now() - 3 * HOUR - timedelta(minutes=1), missed=missed)
    tick()
    assert runs(schedule) == [("missed", "LATE")] * 3 + [("dispatched", "")]
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("missed", "late", "outcome"),
    [
        (Missed.SKIP, timedelta(minutes=4), "dispatched"),
        (Missed.SKIP, timedelta(minutes=6), "missed"),
        (Missed.CATCH_UP_ONCE, timedelta(minutes=29), "dispatched"),
        (Missed.CATCH_UP_ONCE, timedelta(minutes=31), "missed"),
    ],
)
def test_what_is_too_late_is_missed(missed: Missed, late: timedelta, outcome: str) -> None:
    schedule = ScheduleFactory(due=now() - late, missed=missed, missed_window_seconds=1_800)
    tick()
    assert [outcome for outcome, _ in runs(schedule)] == [outcome]
    schedule.refresh_from_db()
    assert schedule.next_due_at > now()


def test_a_long_time_is_made_up_for_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "MOST_PASSED", 100)
    schedule = ScheduleFactory(interval_seconds=3_600, due=now() - timedelta(hours=249, minutes=4))
    for _ in range(3):
        tick()
    outcomes = [outcome for outcome, _ in runs(schedule)]
    assert outcomes == ["missed"] * 249 + ["dispatched"]


def test_with_a_jitter_it_is_dispatched_later_than_due() -> None:
    schedule = ScheduleFactory(due=now() + timedelta(minutes=30), jitter_seconds=1_800)
    late = schedules.delay(schedule, schedule.next_due_at + HOUR)
    assert timedelta() < late <= timedelta(minutes=30)
    schedules.come_due(schedule, schedule.next_due_at + HOUR)
    assert schedule.wake_at == schedule.next_due_at + late


# --- Jobs of before that are still open


@pytest.fixture
def busy() -> Schedule:
    """Due again, while its job of the last time is open."""
    schedule: Schedule = ScheduleFactory()
    tick()
    return schedule


def end_jobs() -> None:
    for job in Job.objects.filter(status=Status.QUEUED):
        engine.complete(engine.start(job.id))


def test_skip_leaves_out_what_comes_due_meanwhile(busy: Schedule) -> None:
    tick_again(busy, HOUR)
    assert runs(busy) == [("dispatched", ""), ("skipped", "OVERLAP")]
    end_jobs()
    tick_again(busy, HOUR)
    assert runs(busy)[2:] == [("dispatched", "")]


def test_a_running_job_counts_too(busy: Schedule) -> None:
    engine.start(Job.objects.get().id)
    tick_again(busy, HOUR)
    assert runs(busy)[1:] == [("skipped", "OVERLAP")]


def test_allow_dispatches_all_the_same(busy: Schedule) -> None:
    Schedule.objects.update(overlap=Overlap.ALLOW)
    tick_again(busy, HOUR)
    assert runs(busy) == [("dispatched", "")] * 2
    assert Job.objects.filter(status=Status.QUEUED).count() == 2


def test_queue_one_has_one_due_time_wait_and_leaves_out_the_others(busy: Schedule) -> None:
    Schedule.objects.update(overlap=Overlap.QUEUE_ONE)
    for hours, left_out in ((1, 0), (0, 0), (1, 1), (1, 2)):
        tick_again(busy, hours * HOUR)
        assert (runs(busy)[1:], busy.held) == ([("skipped", "OVERLAP")] * left_out, "OVERLAP")
    waited = busy.next_due_at
    end_jobs()
    tick_again(busy)
    assert runs(busy) == [("dispatched", ""), ("dispatched", ""), ("skipped", "OVERLAP"), ("skipped", "OVERLAP")]
    assert waited is not None
    assert (busy.next_due_at, busy.held) == (waited + 3 * HOUR, "")
    assert Job.objects.filter(status=Status.QUEUED).count() == 1


# --- A full queue


def fill(settings: Any) -> None:
    settings.AIJOBS_TENANT_QUEUE_LIMIT = 0


def test_a_full_queue_is_tried_again(settings: Any) -> None:
    schedule = ScheduleFactory()
    due = schedule.next_due_at
    fill(settings)
    tick()
    schedule.refresh_from_db()
    assert (schedule.held, schedule.next_due_at, runs(schedule)) == ("QUEUE_FULL", due, [])
    assert now() < schedule.wake_at <= now() + ticking.RETRY
    settings.AIJOBS_TENANT_QUEUE_LIMIT = 1
    tick_again(schedule)
    assert runs(schedule) == [("dispatched", "")]
    assert (schedule.next_due_at, schedule.failures, schedule.held) == (due + HOUR, 0, "")


def test_it_is_tried_again_for_as_long_as_it_takes_until_the_next_due_time(settings: Any) -> None:
    schedule = ScheduleFactory()
    fill(settings)
    tick()
    tick_again(schedule, timedelta(minutes=50))
    assert (schedule.held, runs(schedule)) == ("QUEUE_FULL", [])
    tick_again(schedule, timedelta(minutes=10))
    assert (schedule.held, runs(schedule)) == ("QUEUE_FULL", [("failed", "QUEUE_FULL")])
    settings.AIJOBS_TENANT_QUEUE_LIMIT = 1
    tick_again(schedule)
    assert runs(schedule) == [("failed", "QUEUE_FULL"), ("dispatched", "")]
    assert schedule.failures == 0


@pytest.mark.parametrize(
    ("limit", "whose"),
    [("AIJOBS_TENANT_QUEUE_LIMIT", "this tenant"), ("AIJOBS_QUEUE_LIMIT", "all tenants together")],
)
def test_a_batch_that_never_fits_does_not_wait(settings: Any, limit: str, whose: str) -> None:
    schedule = ScheduleFactory(template_kind="batch", template={"jobs": [{"type": "test_probe"}] * 2})
    setattr(settings, limit, 1)
    tick()
    schedule.refresh_from_db()
    assert (schedule.held, schedule.failures, runs(schedule)) == ("", 1, [("failed", "QUEUE_FULL")])
    assert f"The batch has 2 jobs, and {whose} can have 1 queued or running" in schedule.runs.get().detail


def test_five_due_times_in_a_row_that_failed_pause_it(settings: Any) -> None:
    schedule = ScheduleFactory()
    fill(settings)
    tick()
    for _ in range(5):
        assert schedule.paused_at is None
        tick_again(schedule, HOUR)
    assert (schedule.failures, schedule.paused_by, schedule.wake_at) == (5, "service", None)
    assert "5 due times in a row failed, the last one with QUEUE_FULL" in schedule.pause_reason
    tick_again(schedule, HOUR)
    assert runs(schedule) == [("failed", "QUEUE_FULL")] * 5


# --- Templates that are refused


def test_a_template_that_is_not_valid_any_more_pauses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = ScheduleFactory(template={"type": "test_probe", "params": {"sleep": "long"}})
    tick()
    schedule.refresh_from_db()
    assert runs(schedule) == [("failed", "INVALID_PARAMS")]
    assert (schedule.paused_by, schedule.next_due_at) == ("service", None)
    assert "params.sleep" in schedule.pause_reason
    assert Job.objects.count() == 0


def test_a_type_that_is_gone_pauses_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = ScheduleFactory()
    monkeypatch.delitem(registry.TYPES, "test_probe")
    tick()
    schedule.refresh_from_db()
    assert runs(schedule) == [("failed", "INVALID_JOB_TYPE")]
    assert schedule.paused_by == "service"


NO_SHOP = {"type": "pricing_recalculate", "params": {"all": True, "limit": 10, "marketplace": "nowhere"}}


def test_what_the_data_refuse_may_pass_and_pauses_after_five(db: None) -> None:
    schedule = ScheduleFactory(template=NO_SHOP)
    tick()
    schedule.refresh_from_db()
    assert (runs(schedule), schedule.paused_at) == ([("failed", "MARKETPLACE_NOT_CONFIGURED")], None)
    for _ in range(4):
        tick_again(schedule, HOUR)
    assert schedule.paused_by == "service"
    assert "5 due times in a row failed, the last one with MARKETPLACE_NOT_CONFIGURED" in schedule.pause_reason


def test_a_dispatch_between_them_begins_the_count_again() -> None:
    schedule = ScheduleFactory(template=NO_SHOP, failures=4)
    Schedule.objects.update(template={"type": "test_probe"})
    tick()
    schedule.refresh_from_db()
    assert (schedule.failures, schedule.paused_at) == (0, None)


def test_a_bug_of_one_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ScheduleFactory(due=now() - timedelta(minutes=2)), ScheduleFactory()
    read = schedule_bodies.wanted

    def stumble(schedule: Schedule) -> Any:
        if schedule.id == first.id:
            raise RuntimeError("secret=hunter2")
        return read(schedule)

    monkeypatch.setattr(schedule_bodies, "wanted", stumble)
    tick()
    assert (runs(first), runs(second)) == ([("failed", "INTERNAL_ERROR")], [("dispatched", "")])
    assert "hunter2" not in ScheduleRun.objects.get(schedule=first).detail


def test_what_the_database_refuses_of_one_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ScheduleFactory(), ScheduleFactory()
    refused = f", 1 / (CASE WHEN schedule.id = '{first.id}' THEN 0 ELSE 1 END)"
    monkeypatch.setattr("aijobs.ticking.DECIDE", due_rows.DECIDE + refused)
    tick()
    assert (runs(first), runs(second), Job.objects.count()) == ([], [("dispatched", "")], 1)
    first.refresh_from_db()
    assert (first.paused_by, "Change its time zone" in first.pause_reason) == ("service", True)


def test_a_time_zone_that_is_no_more_pauses() -> None:
    schedule, other = ScheduleFactory(interval_seconds=None, anchor=None, cron="0 2 * * *"), ScheduleFactory()
    Schedule.objects.filter(id=schedule.id).update(timezone="Mars/Olympus_Mons")
    tick()
    schedule.refresh_from_db()
    assert (schedule.paused_by, runs(schedule), runs(other)) == ("service", [], [("dispatched", "")])
    assert schedule.pause_reason == (
        "The service cannot tell any more when it comes due. The service does not know the time zone "
        "Mars/Olympus_Mons any more. Name another one. Then resume it."
    )


def test_a_due_time_that_new_rules_of_its_zone_have_moved_is_kept_once() -> None:
    schedule = ScheduleFactory()
    due = schedule.next_due_at
    Schedule.objects.update(anchor=due - timedelta(minutes=30))
    tick()
    schedule.refresh_from_db()
    assert (runs(schedule), schedule.next_due_at) == ([("dispatched", "")], due + timedelta(minutes=30))


# --- Tenants, pauses


def test_a_suspended_tenants_are_left_out() -> None:
    schedule = ScheduleFactory(tenant=TenantFactory(suspended_at=now()))
    tick()
    assert runs(schedule) == [("skipped", "TENANT_SUSPENDED")]
    schedule.refresh_from_db()
    assert (schedule.failures, schedule.paused_at) == (0, None)


def test_a_paused_one_is_not_looked_at_and_is_due_from_its_resumption_on() -> None:
    schedule = ScheduleFactory()
    schedules.pause(schedule.id, schedule.tenant_id, ticking.THE_SERVICE, "for a test")
    tick()
    assert runs(schedule) == []
    resumed = schedules.resume(schedule.id, schedule.tenant_id)
    assert resumed.next_due_at is not None
    assert resumed.next_due_at > now()


# --- Whatever the clock does


@draws(
    30,
    1000,
    st.lists(st.integers(-20, 90), min_size=1, max_size=25),
    st.sampled_from([60, 300, 3_600]),
    st.sampled_from(Missed),
    st.sampled_from([0, 40]),
    st.sampled_from(["", "QUEUE_FULL", "OVERLAP"]),
)
def test_each_due_time_is_decided_once_whatever_the_clock_does(
    looks: list[int], seconds: int, missed: Missed, jitter: int, held: str
) -> None:
    """A clock that goes on and is set back, by minutes."""
    start = datetime.fromisoformat("2026-03-12T02:00:00+00:00")
    schedule = ScheduleFactory.build(
        tenant=None, due=start, interval_seconds=seconds, missed=missed, jitter_seconds=jitter, held=held
    )
    present = start
    decided: list[datetime] = []
    for minutes in looks:
        present += timedelta(minutes=minutes)
        if present < schedule.wake_at:
            continue
        plan = ticking.plan_of(schedule, schedule.next_due_at, present)
        decided += [due for due, _, _ in plan.passed if held != "OVERLAP"]
        decided += [plan.current] if plan.current else []
        decided += [due for due, _, _ in plan.passed if held == "OVERLAP"]
        schedules.come_due(schedule, plan.next_due)
    assert decided == [start + timedelta(seconds=seconds) * number for number in range(len(decided))]
    assert schedule.next_due_at == start + timedelta(seconds=seconds) * len(decided)
