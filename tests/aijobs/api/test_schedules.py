"""/api/ai-jobs/schedules: create, list, get, change, delete"""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils.timezone import now

from aijobs.api.wire import pagination
from aijobs.errors import TooManySchedules
from aijobs.models import Job, Schedule
from aijobs.shapes import timestamp
from tests.aijobs.api.answers import MOMENT, NO_SCHEDULE, PROBE, data_of, error_of, paths_of, uuid_of
from tests.aijobs.api.scheduled import NIGHTLY, PATH, created
from tests.clients import Caller, caller
from tests.factories import ScheduleFactory

pytestmark = pytest.mark.django_db

ID = re.compile(r"schedule_[0-7][0-9A-HJKMNP-TV-Z]{25}")
BATCH = {"jobs": [PROBE, {"type": "test_hasty", "priority": "high"}], "sequential": True}


def at(schedule: dict[str, Any]) -> str:
    return f"{PATH}/{schedule['id']}"


# --- Create


def test_a_schedule_is_answered_with_its_upcoming_due_times(owner: Caller) -> None:
    response = owner.post(PATH, NIGHTLY)
    shown = data_of(response, 201)
    assert ID.fullmatch(shown["id"])
    assert response["Location"] == f"{PATH}/{shown['id']}"
    moments = [shown.pop(name) for name in ("created_at", "updated_at", "next_due_at")]
    upcoming = shown.pop("upcoming")
    assert all(MOMENT.fullmatch(moment) for moment in [*moments, *upcoming])
    assert (upcoming[0], len(upcoming)) == (moments[-1], 5)
    assert shown == {
        "id": shown["id"],
        "name": "nightly",
        "cron": "30 2 * * 1-5",
        "interval_seconds": None,
        "anchor": None,
        "timezone": "Europe/Berlin",
        "description": "At 02:30 on Monday through Friday",
        "job": PROBE,
        "batch": None,
        "overlap": "skip",
        "missed": "catch_up_once",
        "missed_window_seconds": 3_600,
        "jitter_seconds": 0,
        "paused": None,
        "waiting_for": None,
        "last_run": None,
    }


def test_an_interval_is_counted_from_its_anchor(owner: Caller) -> None:
    shown = created(
        owner,
        cron=None,
        timezone=None,
        interval_seconds=7_200,
        anchor="2020-03-12t01:30:00+01:00",
        job=None,
        batch=BATCH,
    )
    first, second, *_ = (datetime.fromisoformat(moment) for moment in shown["upcoming"])
    assert (first.minute, first.hour % 2) == (30, 0)
    assert (second - first).total_seconds() == 7_200
    assert shown["batch"] == BATCH
    assert (shown["timezone"], shown["description"]) == ("UTC", "Every 2 hours")


def test_without_an_anchor_it_is_counted_from_midnight(owner: Caller) -> None:
    shown = created(owner, cron=None, interval_seconds=3_600)
    assert shown["upcoming"][0].endswith(":00:00.000Z")
    again = data_of(owner.put(at(shown), {**NIGHTLY, "cron": None, "interval_seconds": 3_600}))
    assert again["next_due_at"] == shown["next_due_at"]


def test_the_time_zone_is_the_tenants_unless_another_is_named(owner: Caller) -> None:
    owner.tenant.timezone = "Asia/Tokyo"
    owner.tenant.save()
    assert created(caller(owner.tenant), timezone=None)["timezone"] == "Asia/Tokyo"


WRONG: list[tuple[dict[str, object], list[str]]] = [
    ({"name": ""}, ["name"]),
    ({"name": 7}, ["name"]),
    ({"name": " \n"}, ["name"]),
    ({"cron": "0 0 31 2 *"}, ["cron"]),
    ({"cron": "nonsense"}, ["cron"]),
    ({"cron": None}, ["cron"]),
    ({"interval_seconds": 60}, ["cron"]),
    ({"cron": None, "interval_seconds": 59}, ["interval_seconds"]),
    ({"cron": None, "interval_seconds": 366 * 86_400 + 1}, ["interval_seconds"]),
    ({"anchor": "2026-03-12T02:00:00Z"}, ["anchor"]),
    ({"cron": None, "interval_seconds": 60, "anchor": "2026-03-12"}, ["anchor"]),
    ({"cron": None, "interval_seconds": 60, "anchor": "2026-03-12T02:00:00"}, ["anchor"]),
    ({"cron": None, "interval_seconds": 60, "anchor": 1_700_000_000}, ["anchor"]),
    ({"timezone": "Mars/Olympus_Mons"}, ["timezone"]),
    # Files of the same folder.
    ({"timezone": "localtime"}, ["timezone"]),
    ({"timezone": "Factory"}, ["timezone"]),
    ({"timezone": "posixrules"}, ["timezone"]),
    ({"timezone": "../etc/passwd"}, ["timezone"]),
    ({"timezone": "Mars/Olympus_Mons", "cron": "61 * * * *"}, ["timezone", "cron"]),
    ({"job": None}, ["job"]),
    ({"job": []}, ["job"]),
    ({"batch": BATCH}, ["job"]),
    ({"job": {"type": "test_probe", "params": {"sleep": "long"}}}, ["job.params.sleep"]),
    ({"job": {"type": "test_probe", "colour": "red"}}, ["job.colour"]),
    (
        {"job": None, "batch": {"jobs": [PROBE, {"type": "test_probe", "params": {"x": 1}}]}},
        ["batch.jobs.1.params.x"],
    ),
    ({"overlap": "never"}, ["overlap"]),
    ({"missed": "all"}, ["missed"]),
    ({"missed_window_seconds": 59}, ["missed_window_seconds"]),
    ({"jitter_seconds": 3_601}, ["jitter_seconds"]),
    ({"colour": "red"}, ["colour"]),
    (
        {"name": "", "cron": "61 * * * *", "job": {"type": "test_probe", "params": {"x": 1}}},
        ["name", "job.params.x", "cron"],
    ),
    (
        {"colour": "red", "overlap": "never", "timezone": "Mars/Olympus_Mons", "cron": "61 * * * *", "job": []},
        ["job", "overlap", "colour", "timezone", "cron"],
    ),
    ({"name": 7, "cron": 7, "timezone": 7}, ["name", "cron", "timezone"]),
    ({"name": "", "cron": None}, ["name", "cron"]),
    ({"interval_seconds": 59, "job": None}, ["interval_seconds", "job"]),
]


def test_what_is_wrong_is_named(owner: Caller, subtests: pytest.Subtests) -> None:
    for changes, paths in WRONG:
        with subtests.test(changes=changes):
            body = {name: value for name, value in {**NIGHTLY, **changes}.items() if value is not None}
            assert paths_of(error_of(owner.post(PATH, body), 422, "INVALID_PARAMS")) == paths
            assert Schedule.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"job": {"type": "nonsense"}}, "INVALID_JOB_TYPE"),
        ({"job": None, "batch": {"jobs": []}}, "INVALID_BATCH"),
        (
            {"job": {"type": "pricing_recalculate", "params": {"all": True, "marketplace": "nowhere"}}},
            "MARKETPLACE_NOT_CONFIGURED",
        ),
    ],
)
def test_what_a_dispatch_would_refuse_is_refused_as_that_would(
    owner: Caller, changes: dict[str, object], code: str
) -> None:
    body = {name: value for name, value in {**NIGHTLY, **changes}.items() if value is not None}
    error = error_of(owner.post(PATH, body), 422, code)
    details = error["details"]
    fields = details["errors"] if isinstance(details, dict) else details
    assert all(field["path"].startswith(("job.", "batch")) for field in fields)


def test_a_name_is_taken_once_until_its_schedule_is_deleted(owner: Caller, outsider: Caller) -> None:
    first = created(owner)
    error_of(owner.post(PATH, NIGHTLY), 409, "SCHEDULE_EXISTS")
    created(outsider)
    assert owner.delete(at(first)).status_code == 204
    created(owner)


def test_a_tenant_has_so_many_at_most(owner: Caller, outsider: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TooManySchedules.most == 200
    monkeypatch.setattr(TooManySchedules, "most", 2)
    created(owner)
    second = created(owner, name="second")
    error_of(owner.post(PATH, {**NIGHTLY, "name": "third"}), 409, "TOO_MANY_SCHEDULES")
    created(outsider)
    owner.delete(at(second))
    created(owner, name="third")


def test_scopes(owner: Caller) -> None:
    shown = created(owner)
    reader = caller(owner.tenant, scopes=("catalogue:read",))
    data_of(reader.get(PATH))
    data_of(reader.get(at(shown)))
    data_of(reader.get(f"{at(shown)}/runs"))
    error_of(reader.post(PATH, NIGHTLY), 403, "INSUFFICIENT_SCOPE")
    error_of(reader.put(at(shown), NIGHTLY), 403, "INSUFFICIENT_SCOPE")
    error_of(reader.delete(at(shown)), 403, "INSUFFICIENT_SCOPE")
    for action in ("pause", "resume", "run-now", "backfill"):
        error_of(reader.post(f"{at(shown)}/{action}", {}), 403, "INSUFFICIENT_SCOPE")


# --- List and get


def test_the_list_has_the_tenants_newest_first_in_pages(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    ids = [created(owner, name=f"number {number}")["id"] for number in range(3)]
    created(outsider)
    first = teammate.get(PATH, limit=2).json()
    assert [each["id"] for each in first["data"]] == [ids[2], ids[1]]
    assert "upcoming" not in first["data"][0]
    last = teammate.get(PATH, limit=2, cursor=first["pagination"]["next_cursor"]).json()
    assert [each["id"] for each in last["data"]] == [ids[0]]
    assert not last["pagination"]["has_more"]
    error_of(owner.get(PATH, cursor="bm9uc2Vuc2U"), 422, "INVALID_FILTER")
    error_of(owner.get(PATH, colour="red"), 422, "INVALID_FILTER")


def test_a_page_has_no_more_templates_than_fit(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MOST_BYTES", 2_500)
    ids = []
    for number, length in enumerate((10, 700, 600, 1_400)):
        job = {**PROBE, "metadata": {str(each): "x" * 50 for each in range(length // 60)}}
        ids.append(created(owner, name=f"number {number}", job=job)["id"])
    cursor: dict[str, str] = {}
    for expected in ([ids[3], ids[2]], [ids[1], ids[0]]):
        page = owner.get(PATH, **cursor).json()
        assert [each["id"] for each in page["data"]] == expected
        cursor = {"cursor": page["pagination"]["next_cursor"]}
    assert not page["pagination"]["has_more"]


def test_the_list_shows_last_runs_in_a_few_queries(owner: Caller, django_assert_max_num_queries: Any) -> None:
    rows = [ScheduleFactory(tenant=owner.tenant) for _ in range(5)]
    runs = [data_of(owner.post(f"{PATH}/{row.public_id}/run-now"), 201) for row in rows for _ in range(2)]
    with django_assert_max_num_queries(5):
        shown = data_of(owner.get(PATH))
    assert [each["last_run"] for each in shown] == runs[::-2]


def test_get(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    shown = created(owner)
    assert data_of(teammate.get(at(shown))) == shown
    error_of(outsider.get(at(shown)), 404, "SCHEDULE_NOT_FOUND")


@pytest.mark.parametrize("schedule_id", [NO_SCHEDULE, "schedule_01HX...", "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6", "%00"])
def test_an_id_of_any_other_form_is_no_schedules(owner: Caller, schedule_id: str) -> None:
    path = f"{PATH}/{schedule_id}"
    error_of(owner.get(path), 404, "SCHEDULE_NOT_FOUND")
    error_of(owner.get(f"{path}/runs"), 404, "SCHEDULE_NOT_FOUND")
    error_of(owner.put(path, NIGHTLY), 404, "SCHEDULE_NOT_FOUND")
    error_of(owner.delete(path), 404, "SCHEDULE_NOT_FOUND")
    error_of(owner.post(f"{path}/run-now"), 404, "SCHEDULE_NOT_FOUND")


# --- Change


def test_a_change_replaces_all_of_it(owner: Caller, teammate: Caller) -> None:
    shown = created(owner, jitter_seconds=60, overlap="allow")
    changed = data_of(teammate.put(at(shown), {"name": "batch", "cron": "0 4 * * *", "batch": BATCH}))
    assert (changed["name"], changed["job"], changed["batch"]) == ("batch", None, BATCH)
    assert (changed["jitter_seconds"], changed["overlap"], changed["timezone"]) == (0, "skip", "UTC")
    assert changed["next_due_at"].endswith("T04:00:00.000Z")
    assert data_of(owner.get(at(shown))) == changed


def test_a_change_of_anything_but_its_times_leaves_the_due_time_alone(owner: Caller) -> None:
    """Also one that has come and is not decided yet."""
    body = {"name": "hourly", "interval_seconds": 3_600, "anchor": "2020-03-12T01:30:00Z", "job": PROBE}
    path = at(data_of(owner.post(PATH, body), 201))
    Schedule.objects.update(
        next_due_at=F("next_due_at") - timedelta(hours=1), wake_at=F("wake_at") - timedelta(hours=1)
    )
    due = data_of(owner.get(path))["next_due_at"]
    changed = data_of(owner.put(path, {**body, "name": "new", "overlap": "allow"}))
    assert (changed["name"], changed["next_due_at"]) == ("new", due)
    assert data_of(owner.put(path, {**body, "interval_seconds": 7_200}))["next_due_at"] > timestamp(now())


def test_a_change_is_refused_as_a_creation_is(owner: Caller, outsider: Caller) -> None:
    shown = created(owner)
    created(owner, name="other")
    error_of(owner.put(at(shown), {**NIGHTLY, "name": "other"}), 409, "SCHEDULE_EXISTS")
    error_of(owner.put(at(shown), {**NIGHTLY, "cron": "0 0 31 2 *"}), 422, "INVALID_PARAMS")
    error_of(outsider.put(at(shown), NIGHTLY), 404, "SCHEDULE_NOT_FOUND")
    assert data_of(owner.get(at(shown))) == shown


# --- Delete


def test_a_deleted_schedule_is_gone_and_its_jobs_stay(owner: Caller, outsider: Caller) -> None:
    shown = created(owner)
    job = data_of(owner.post(f"{at(shown)}/run-now"), 201)["job_id"]
    error_of(outsider.delete(at(shown)), 404, "SCHEDULE_NOT_FOUND")
    assert owner.delete(at(shown)).status_code == 204
    for response in (owner.get(at(shown)), owner.get(f"{at(shown)}/runs"), owner.delete(at(shown))):
        error_of(response, 404, "SCHEDULE_NOT_FOUND")
    assert data_of(owner.get(PATH)) == []
    assert data_of(owner.get(f"/api/ai-jobs/{job}"))["schedule_id"] == shown["id"]


# --- Its jobs


def test_jobs_name_their_schedule_and_are_listed_by_it(owner: Caller, outsider: Caller) -> None:
    first, second = created(owner), created(owner, name="second", job=None, batch=BATCH)
    owner.dispatch()
    job = data_of(owner.post(f"{at(first)}/run-now"), 201)["job_id"]
    batch = data_of(owner.post(f"{at(second)}/run-now"), 201)["batch_id"]
    [listed] = data_of(owner.get("/api/ai-jobs", schedule_id=first["id"]))
    assert (listed["id"], listed["schedule_id"]) == (job, first["id"])
    members = data_of(owner.get("/api/ai-jobs", schedule_id=second["id"]))
    assert {each["batch_id"] for each in members} == {batch}
    assert len(members) == 2
    assert data_of(outsider.get("/api/ai-jobs", schedule_id=first["id"])) == []
    error_of(owner.get("/api/ai-jobs", schedule_id="nonsense"), 422, "INVALID_FILTER")
    assert Job.objects.filter(schedule=uuid_of(first["id"])).count() == 1


# --- What cannot be told any more


@pytest.mark.parametrize(
    ("gone", "path", "told"),
    [
        ({"timezone": "Europe/Atlantis"}, "timezone", "does not know the time zone Europe/Atlantis any more"),
        ({"cron": "5-1 * * * *"}, "cron", "cannot read the cron expression '5-1 * * * *' any more"),
    ],
)
def test_a_schedule_whose_calendar_is_gone_can_be_seen_and_mended(
    owner: Caller, gone: dict[str, str], path: str, told: str
) -> None:
    """Time zones are taken off the list, or a release reads expressions in another way."""
    schedule = created(owner)
    Schedule.objects.update(**gone, paused_at=now(), next_due_at=None, wake_at=None)
    [listed] = data_of(owner.get(PATH))
    shown = data_of(owner.get(at(schedule)))
    assert told in listed["description"]
    assert (shown["description"], shown["upcoming"]) == (listed["description"], [])
    a_range = {"from": timestamp(now() - timedelta(days=1)), "to": timestamp(now())}
    for response in (owner.post(f"{at(schedule)}/resume"), owner.post(f"{at(schedule)}/backfill", a_range)):
        error = error_of(response, 422, "INVALID_PARAMS")
        assert paths_of(error) == [path]
        assert told in error["details"][0]["message"]
    data_of(owner.post(f"{at(schedule)}/run-now"), 201)
    mended = data_of(owner.put(at(schedule), NIGHTLY))
    assert (mended["description"], len(mended["upcoming"])) == (schedule["description"], 5)
    assert data_of(owner.post(f"{at(schedule)}/resume"))["next_due_at"] == mended["upcoming"][0]


def test_a_list_of_jobs_reads_days_in_utc_where_the_tenants_zone_is_gone(owner: Caller) -> None:
    owner.tenant.timezone = "Europe/Atlantis"
    owner.tenant.save()
    assert data_of(caller(owner.tenant).get("/api/ai-jobs?start_date=2026-03-12")) == []
