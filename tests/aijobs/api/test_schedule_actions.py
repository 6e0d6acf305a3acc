"""POST /api/ai-jobs/schedules/:id/pause, resume, run-now and backfill; GET …/runs"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs import ticking
from aijobs.api.wire.pagination import encode_cursor
from aijobs.models import Job, Schedule, ScheduleRun, Tenant
from aijobs.shapes import timestamp
from tests.aijobs.api.answers import PROBE, data_of, error_of, paths_of, uuid_of
from tests.aijobs.api.scheduled import PATH, created
from tests.clients import Caller
from tests.factories import ScheduleFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def at(schedule: dict[str, Any], action: str = "") -> str:
    return f"{PATH}/{schedule['id']}{action and '/' + action}"


# --- Pause and resume


def test_pause_says_who_and_why(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    shown = created(owner)
    error_of(outsider.post(at(shown, "pause"), {"reason": "mine"}), 404, "SCHEDULE_NOT_FOUND")
    paused = data_of(teammate.post(at(shown, "pause"), {"reason": "stock-taking"}))
    assert paused["paused"].pop("at")
    assert paused["paused"] == {"by": "api_key", "key": teammate.key[:12], "reason": "stock-taking"}
    assert paused["next_due_at"] is None
    assert len(paused["upcoming"]) == 5
    again = data_of(owner.post(at(shown, "pause"), {"reason": "another"}))
    assert again["paused"]["reason"] == "stock-taking"


def test_a_pause_needs_a_reason(owner: Caller, subtests: pytest.Subtests) -> None:
    shown = created(owner)
    bodies: list[dict[str, object]] = [{}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": 7}]
    for body in bodies:
        with subtests.test(body=body):
            assert paths_of(error_of(owner.post(at(shown, "pause"), body), 422, "INVALID_PARAMS")) == ["reason"]


def test_resume(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    shown = created(owner)
    owner.post(at(shown, "pause"), {"reason": "stock-taking"})
    error_of(outsider.post(at(shown, "resume")), 404, "SCHEDULE_NOT_FOUND")
    resumed = data_of(teammate.post(at(shown, "resume")))
    assert (resumed["paused"], resumed["next_due_at"]) == (None, shown["next_due_at"])
    assert data_of(owner.post(at(shown, "resume")))["paused"] is None


def test_what_is_not_valid_any_more_is_not_resumed(owner: Caller) -> None:
    row = ScheduleFactory(tenant=owner.tenant)
    Schedule.objects.update(template={"type": "test_probe", "params": {"x": 1}})
    ticking.tick(5)
    path = f"{PATH}/{row.public_id}"
    paused = data_of(owner.get(path))["paused"]
    assert (paused["by"], paused["key"]) == ("service", None)
    assert "params.x" in paused["reason"]
    error_of(owner.post(f"{path}/resume"), 422, "INVALID_PARAMS")
    changed = data_of(owner.put(path, {"name": "mended", "interval_seconds": 3_600, "job": PROBE}))
    assert changed["paused"] == paused
    assert data_of(owner.post(f"{path}/resume"))["paused"] is None


# --- Run now


def test_run_now_dispatches_once_more_also_where_it_is_paused(
    owner: Caller, teammate: Caller, outsider: Caller
) -> None:
    shown = created(owner)
    owner.post(at(shown, "pause"), {"reason": "stock-taking"})
    error_of(outsider.post(at(shown, "run-now")), 404, "SCHEDULE_NOT_FOUND")
    runs = [data_of(who.post(at(shown, "run-now")), 201) for who in (owner, teammate)]
    assert [run["trigger"] for run in runs] == ["run_now"] * 2
    assert {uuid_of(run["job_id"]) for run in runs} == set(Job.objects.values_list("id", flat=True))
    assert all(job.released_at for job in Job.objects.all())
    now_shown = data_of(owner.get(at(shown)))
    assert (now_shown["paused"]["reason"], now_shown["last_run"]) == ("stock-taking", runs[1])


def test_run_now_is_done_once_for_an_idempotency_key(owner: Caller) -> None:
    shown, other = created(owner), created(owner, name="other")
    first = owner.post(at(shown, "run-now"), idempotency_key="restock-4711")
    later = data_of(owner.post(at(shown, "run-now")), 201)
    again = owner.post(at(shown, "run-now"), idempotency_key="restock-4711")
    assert (data_of(again, 201), again["Idempotency-Replayed"]) == (data_of(first, 201), "true")
    assert data_of(first, 201) != later
    assert "Idempotency-Replayed" not in owner.post(at(other, "run-now"), idempotency_key="restock-4711")
    assert Job.objects.count() == 3
    error_of(owner.post(at(shown, "run-now"), idempotency_key="ü"), 400, "INVALID_REQUEST")


def test_run_now_is_refused_as_a_dispatch_is(owner: Caller, settings: Any) -> None:
    shown = created(owner)
    settings.AIJOBS_TENANT_QUEUE_LIMIT = 0
    response = owner.post(at(shown, "run-now"))
    error_of(response, 429, "QUEUE_FULL")
    assert int(response["Retry-After"]) >= 1
    assert ScheduleRun.objects.count() == 0


# --- Backfill


@pytest.fixture
def hourly(owner: Caller) -> dict[str, Any]:
    return created(owner, cron=None, interval_seconds=3_600)


# The same one all the time, also where another one begins between two requests.
LAST_HOUR = now().replace(minute=0, second=0, microsecond=0)


def last_hours(count: int) -> dict[str, str]:
    """A range with so many full hours."""
    return {"from": timestamp(LAST_HOUR - (count - 1) * HOUR), "to": timestamp(LAST_HOUR)}


def test_a_backfill_counts_first_and_then_dispatches_once_for_each(
    owner: Caller, teammate: Caller, outsider: Caller, hourly: dict[str, Any]
) -> None:
    path = at(hourly, "backfill")
    error_of(outsider.post(path, last_hours(3)), 404, "SCHEDULE_NOT_FOUND")
    counted = data_of(owner.post(path, last_hours(3)))
    assert (counted["count"], len(counted["due_times"]), counted["runs"]) == (3, 3, [])
    assert Job.objects.count() == 0
    made = data_of(teammate.post(path, {**last_hours(3), "count": 3}))
    assert [run["due_at"] for run in made["runs"]] == counted["due_times"]
    assert {(run["trigger"], run["outcome"]) for run in made["runs"]} == {("backfill", "dispatched")}
    assert Job.objects.filter(schedule=uuid_of(hourly["id"])).count() == 3
    assert data_of(owner.post(path, last_hours(4)))["count"] == 1


def test_a_backfill_of_another_number_than_was_counted_is_refused(owner: Caller, hourly: dict[str, Any]) -> None:
    path = at(hourly, "backfill")
    data_of(owner.post(path, {**last_hours(1), "count": 1}))
    error = error_of(owner.post(path, {**last_hours(3), "count": 3}), 409, "BACKFILL_CHANGED")
    assert "It is 2 now." in error["message"]
    assert Job.objects.count() == 1


def test_what_was_missed_is_made_up_for_in_its_place(owner: Caller) -> None:
    # A minute ago: the clock of the database stands still during a test.
    a_minute_ago = now().replace(microsecond=0) - timedelta(minutes=1)
    row = ScheduleFactory(tenant=owner.tenant, due=a_minute_ago - 2 * HOUR)
    ticking.tick(5)
    path = f"{PATH}/{row.public_id}"
    outcomes = [run["outcome"] for run in data_of(owner.get(f"{path}/runs"))]
    assert outcomes == ["dispatched", "missed", "missed"]
    body = {"from": timestamp(row.anchor), "to": timestamp(now()), "count": 2}
    data_of(owner.post(f"{path}/backfill", body))
    runs = data_of(owner.get(f"{path}/runs"))
    assert [(run["outcome"], run["trigger"], run["reason"]) for run in runs] == [
        ("dispatched", "due", None),
        ("dispatched", "backfill", None),
        ("dispatched", "backfill", None),
    ]


def test_a_due_time_that_was_made_up_for_before_it_was_decided_is_not_dispatched_again(owner: Caller) -> None:
    row = ScheduleFactory(tenant=owner.tenant)
    moment = timestamp(row.next_due_at)
    data_of(owner.post(f"{PATH}/{row.public_id}/backfill", {"from": moment, "to": moment, "count": 1}))
    ticking.tick(5)
    assert Job.objects.count() == 1
    row.refresh_from_db()
    assert row.next_due_at > now()


def test_a_queue_that_becomes_full_ends_a_backfill(owner: Caller, settings: Any, hourly: dict[str, Any]) -> None:
    settings.AIJOBS_TENANT_QUEUE_LIMIT = 2
    path = at(hourly, "backfill")
    made = data_of(owner.post(path, {**last_hours(3), "count": 3}))
    assert (made["count"], len(made["runs"])) == (3, 2)
    error_of(owner.post(path, {**last_hours(3), "count": 1}), 429, "QUEUE_FULL")


def test_the_ends_of_a_range_may_have_any_offset(owner: Caller, hourly: dict[str, Any]) -> None:
    """PostgreSQL takes those below sixteen hours only."""
    ends = {name: datetime.fromisoformat(at) for name, at in last_hours(3).items()}
    for offset in (timedelta(hours=16), -timedelta(hours=23, minutes=59)):
        sent = {name: at.astimezone(timezone(offset)).isoformat() for name, at in ends.items()}
        assert data_of(owner.post(at(hourly, "backfill"), sent))["count"] == 3, offset


def test_a_range_that_cannot_be_made_up_for_is_refused(
    owner: Caller, hourly: dict[str, Any], subtests: pytest.Subtests
) -> None:
    wrong: list[tuple[str, object]] = [
        ("from", "2026-03-12"),
        ("to", "tomorrow"),
        ("count", -1),
        ("from", timestamp(datetime(2020, 1, 1, tzinfo=UTC))),
        ("to", timestamp(datetime(2100, 1, 1, tzinfo=UTC))),
        ("to", timestamp(datetime(2020, 1, 1, tzinfo=UTC))),
    ]
    for name, value in wrong:
        with subtests.test(name=name, value=value):
            response = owner.post(at(hourly, "backfill"), {**last_hours(3), name: value})
            assert paths_of(error_of(response, 422, "INVALID_PARAMS")) == [name]


def test_a_range_whose_runs_are_deleted_is_refused(owner: Caller, settings: Any, hourly: dict[str, Any]) -> None:
    """What was dispatched then is not known any more, and would be dispatched again."""
    path = at(hourly, "backfill")

    def at_days_ago(days: int) -> dict[str, str]:
        moment = now() - timedelta(days=days)
        return {"from": timestamp(moment), "to": timestamp(moment + HOUR)}

    data_of(owner.post(path, at_days_ago(80)))
    assert paths_of(error_of(owner.post(path, at_days_ago(91)), 422, "INVALID_PARAMS")) == ["from"]
    Tenant.objects.filter(id=owner.tenant.id).update(job_days=7)
    error = error_of(owner.post(path, at_days_ago(8)), 422, "INVALID_PARAMS")
    assert "more than 7 days ago" in error["details"][0]["message"]
    settings.AIJOBS_JOB_DAYS = 1000
    Tenant.objects.filter(id=owner.tenant.id).update(job_days=None)
    data_of(owner.post(path, at_days_ago(365)))
    error_of(owner.post(path, at_days_ago(367)), 422, "INVALID_PARAMS")


def test_a_range_with_too_many_due_times_is_refused(owner: Caller, hourly: dict[str, Any]) -> None:
    path = at(hourly, "backfill")
    assert data_of(owner.post(path, last_hours(100)))["count"] == 100
    assert paths_of(error_of(owner.post(path, last_hours(101)), 422, "INVALID_PARAMS")) == ["to"]


# --- Runs


def test_runs_are_listed_newest_first_in_pages(
    owner: Caller, teammate: Caller, outsider: Caller, hourly: dict[str, Any]
) -> None:
    made = data_of(owner.post(at(hourly, "backfill"), {**last_hours(3), "count": 3}))["runs"]
    path = at(hourly, "runs")
    first = teammate.get(path, limit=2).json()
    assert first["data"] == made[:0:-1]
    last = teammate.get(path, limit=2, cursor=first["pagination"]["next_cursor"]).json()
    assert (last["data"], last["pagination"]["has_more"]) == (made[:1], False)
    error_of(outsider.get(path), 404, "SCHEDULE_NOT_FOUND")
    crafted = [f"{day}T00:00:00{offset}" for day in ("2026-03-12", "0001-01-01") for offset in ("+16:00", "")]
    for cursor in ("bm9uc2Vuc2U", "MjAyNi0wMy0xMg", *map(encode_cursor, crafted)):
        error_of(owner.get(path, cursor=cursor), 422, "INVALID_FILTER")
