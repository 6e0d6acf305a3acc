"""Several that tick at once, and others that write meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs import schedule_bodies, schedule_runs, schedules, ticking
from aijobs.auth import TenantAccess
from aijobs.errors import ApiError, TooManySchedules
from aijobs.models import Job, Schedule, ScheduleRun, TenantCapacity
from aijobs.states import Overlap, RunOutcome
from tests.aijobs.api.answers import at_once
from tests.aijobs.api.locks import row_held
from tests.factories import ScheduleFactory, TenantFactory

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 120


def test_each_due_time_is_dispatched_once_whoever_ticks() -> None:
    tenants = [TenantFactory() for _ in range(4)]
    for number in range(40):
        ScheduleFactory(tenant=tenants[number % 4])
    # The second time with due times of before, too.
    for due_times in (1, 2):
        at_once(8, lambda _: ticking.tick(SECONDS), threads=8)
        dispatched = ScheduleRun.objects.filter(outcome=RunOutcome.DISPATCHED)
        assert ScheduleRun.objects.count() == dispatched.count() == 40 * due_times
        assert Job.objects.count() == len(set(dispatched.values_list("job_id", flat=True))) == 40 * due_times
        Schedule.objects.update(overlap=Overlap.ALLOW)
        for schedule in Schedule.objects.all():
            schedule.anchor = schedule.next_due_at = schedule.wake_at = now() - timedelta(seconds=10)
            schedule.save()
    assert sum(TenantCapacity.objects.values_list("active", flat=True)) == 80


def test_a_due_time_is_dispatched_once_by_a_tick_and_a_backfill() -> None:
    schedule = ScheduleFactory(overlap=Overlap.ALLOW)
    due = schedule.next_due_at

    def act(number: int) -> Any:
        if number % 2:
            return ticking.tick(SECONDS)
        try:
            return schedule_runs.backfill(schedule.id, schedule.tenant_id, due, due, 1)
        except ApiError:
            return None

    at_once(8, act, threads=8)
    assert (Job.objects.count(), ScheduleRun.objects.count()) == (1, 1)
    schedule.refresh_from_db()
    Schedule.objects.update(wake_at=now())
    ticking.tick(SECONDS)
    assert Job.objects.count() == 1


def test_of_many_that_create_the_last_one_of_two_hundred_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TooManySchedules, "most", 3)
    tenant = TenantAccess.of(TenantFactory())
    body = {"interval_seconds": 60, "job": {"type": "test_probe"}}

    def create(number: int) -> bool:
        try:
            schedules.create(tenant, schedule_bodies.read(tenant, {**body, "name": f"number {number}"}))
        except TooManySchedules:
            return False
        return True

    assert at_once(8, create, threads=8).count(True) == 3
    assert Schedule.objects.count() == 3


def test_a_tenant_whose_row_is_held_keeps_no_other() -> None:
    first, second = (
        ScheduleFactory(due=now() - timedelta(minutes=2)),
        ScheduleFactory(due=now() - timedelta(minutes=3)),
    )
    ticking.tick(SECONDS)
    for schedule in (first, second):
        Schedule.objects.filter(id=schedule.id).update(
            overlap=Overlap.ALLOW, anchor=now(), next_due_at=now(), wake_at=now()
        )
    capacity = TenantCapacity.objects.get(tenant=first.tenant)
    with row_held("aijobs_tenantcapacity", capacity.id):
        ticking.tick(SECONDS)
    counts = {schedule.id: schedule.runs.count() for schedule in (first, second)}
    assert counts == {first.id: 1, second.id: 2}
    first.refresh_from_db()
    assert now() < first.wake_at <= now() + ticking.RETRY
    Schedule.objects.filter(id=first.id).update(wake_at=now())
    ticking.tick(SECONDS)
    assert first.runs.count() == 2


def test_a_schedule_that_somebody_changes_is_left_to_the_next_look() -> None:
    schedule = ScheduleFactory()
    with row_held("aijobs_schedule", schedule.id):
        assert not ticking.tick(SECONDS)
        assert Job.objects.count() == 0
    ticking.tick(SECONDS)
    assert Job.objects.count() == 1


def test_a_look_ends_in_time_and_says_that_there_is_more() -> None:
    for _ in range(3):
        ScheduleFactory()
    assert ticking.tick(0)
    assert Job.objects.count() == 0
    assert not ticking.tick(SECONDS)
    assert Job.objects.count() == 3
