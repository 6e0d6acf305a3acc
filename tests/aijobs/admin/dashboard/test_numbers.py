"""What the front page asks for every few seconds: who may, what it costs, and what is in it."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.test import Client
from django.utils.timezone import now

from aijobs.admin.dashboard import ended
from aijobs.models import BUCKETS, Job, QueueStatistics, ScheduleRun, Tenant, Worker
from aijobs.states import PausedBy, Priority, RunOutcome, RunTrigger, Status
from tests import engine
from tests.aijobs.admin.test_admin import MARKUP, staff
from tests.browser import scenery
from tests.factories import HourRollupFactory, MinuteRollupFactory, ScheduleFactory, TenantFactory
from workers.changes.models import Change

pytestmark = pytest.mark.django_db
NUMBERS = "/admin/numbers/"


@pytest.fixture(autouse=True)
def _fresh_week() -> None:
    ended.forget()


def numbers(client: Client) -> Any:
    return client.get(NUMBERS).json()


def by(name: str, rows: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    return {row[name]: row for row in rows}


def test_who_may_look_at_jobs_sees_them() -> None:
    client = staff("view_job")
    assert client.get(NUMBERS).status_code == 200
    assert 'id="front"' in client.get("/admin/").content.decode()


def test_other_staff_see_their_lists_only() -> None:
    client = staff("view_tenant")
    assert client.get(NUMBERS).status_code == 403
    page = client.get("/admin/").content.decode()
    assert 'id="front"' not in page
    assert "front.js" not in page
    assert "Tenants" in page


def test_strangers_are_led_to_the_log_in(client: Client) -> None:
    assert client.get(NUMBERS).headers["Location"].startswith("/admin/login/")


def test_three_statements_and_two_while_last_week_is_known_and_nothing_that_was_sent_already(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenery.busy_hour()
    asked: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(str(query))
        return execute(cursor, query, *arguments, **options)

    # Django counts what goes through its own cursors, and no others.
    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    counts = []
    for _ in range(2):
        assert admin_client.get(NUMBERS).status_code == 200
        counts.append(len(asked))
        asked.clear()
    # The session and the user are Django's.
    assert counts == [2 + 3, 2 + 2]
    # Nothing is sent again where nothing has happened.
    first = admin_client.get(NUMBERS)
    again = admin_client.get(NUMBERS, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Worker.objects.filter(name="worker@jobs-1").update(last_claim_at=now())
    changed = admin_client.get(NUMBERS, headers={"if-none-match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_a_service_without_jobs_says_so(admin_client: Client) -> None:
    shown = numbers(admin_client)
    assert shown["used"] is False
    assert shown["tenants"] == shown["workers"] == shown["types"] == shown["failures"] == []


def test_lanes_say_what_waits_since_when_and_how_fast_it_goes(admin_client: Client) -> None:
    at = now()
    ids = engine.dispatch(TenantFactory(), 2, priority=Priority.HIGH)
    engine.let_wait(ids[:1], 40)
    QueueStatistics.objects.create(refreshed_at=at, active=2, depths={"2": 60}, drain_rate=1, medians={})
    for minutes in range(10):
        start = at.replace(second=0, microsecond=0) - timedelta(minutes=minutes)
        MinuteRollupFactory(start=start, lane=Priority.HIGH, count=30)
        MinuteRollupFactory(start=start, lane=Priority.HIGH, count=30, end=Status.CANCELLED)
    lanes = by("lane", numbers(admin_client)["lanes"])
    high = lanes["high"]
    assert high["depth"] == 60
    assert high["due_since"] == pytest.approx(Job.objects.get(id=ids[0]).run_after.timestamp(), abs=1)
    # Five minutes, of which the present one has just begun or is nearly over, or began between the rows and the look.
    assert 24 <= high["per_minute"] <= 37.5
    assert high["empty_in_minutes"] == pytest.approx(60 / high["per_minute"], abs=0.1)
    assert lanes["low"] == {**lanes["low"], "depth": 0, "due_since": None, "empty_in_minutes": None}


def test_who_has_to_wait_makes_no_lane_late(admin_client: Client) -> None:
    """A suspended tenant's jobs, and those of one that has as many running as it may."""
    suspended, limited = TenantFactory(name="suspended"), TenantFactory(name="limited")
    engine.let_wait(engine.dispatch(suspended), 1000)
    engine.start(engine.dispatch(limited)[0])
    engine.let_wait(engine.dispatch(limited), 1000)
    Tenant.objects.filter(pk=suspended.pk).update(suspended_at=now())
    Tenant.objects.filter(pk=limited.pk).update(max_running=1)
    shown = numbers(admin_client)
    assert [lane["due_since"] for lane in shown["lanes"]] == [None, None, None]
    limits = {name: row["limit"] for name, row in by("tenant", shown["tenants"]).items()}
    assert limits == {"suspended": "suspended", "limited": "1 of 1 running"}


def test_tenants_at_a_limit_come_first_then_the_busiest(admin_client: Client) -> None:
    for number in range(3):
        engine.dispatch(TenantFactory(name=f"busy-{number}"), 5 + number)
    full = TenantFactory(name="full", queue_limit=2)
    engine.dispatch(full, 2)
    shown = numbers(admin_client)["tenants"]
    assert [row["tenant"] for row in shown] == ["full", "busy-2", "busy-1", "busy-0"]
    assert shown[0]["limit"] == "2 of 2 jobs"


def test_workers_say_what_they_hold_and_who_is_silent(admin_client: Client) -> None:
    at = now()
    (job_id,) = engine.dispatch(TenantFactory())
    engine.start(job_id)
    common = {"queues": ["ai-jobs.high", "ai-jobs.normal", "ai-jobs.low"], "places": 2, "version": "0.1.0+1"}
    Worker.objects.create(id=engine.WORKER, name="worker@a", last_claim_at=at, **common)
    Worker.objects.create(id="b", name="worker@b", seen_at=at - timedelta(seconds=60), **common)
    workers = by("name", numbers(admin_client)["workers"])
    assert workers["worker@a"]["holds"] == 1
    assert [each["type"] for each in workers["worker@a"]["held"]] == ["test_probe"]
    assert workers["worker@a"]["last_claim"] == int(at.timestamp())
    assert workers["worker@a"]["silent_since"] is None
    assert workers["worker@a"]["queues"] == ["high", "normal", "low"]
    assert workers["worker@b"]["silent_since"] == pytest.approx(at.timestamp() - 60, abs=2)
    assert admin_client.get(workers["worker@a"]["held"][0]["link"]).status_code == 200


def test_a_type_that_is_new_has_no_rate_of_last_week(admin_client: Client) -> None:
    MinuteRollupFactory(start=now().replace(second=0, microsecond=0))
    (shown,) = numbers(admin_client)["types"]
    assert shown["failed_last_week"] is None


def test_types_show_their_times_beside_those_of_last_week(admin_client: Client) -> None:
    minute = now().replace(second=0, microsecond=0)
    slow, fast = [0] * BUCKETS, [0] * BUCKETS
    # From 0.91 to 1.28 seconds, and from 10.2 to 14.5.
    fast[14], slow[21] = 95, 95
    slow[25] = 5
    MinuteRollupFactory(start=minute, count=100, running=slow)
    MinuteRollupFactory(start=minute, count=100, end=Status.FAILED, error_code="X")
    HourRollupFactory(start=minute.replace(minute=0) - timedelta(days=3), count=95, running=fast)
    HourRollupFactory(start=minute.replace(minute=0) - timedelta(days=9), count=95, running=slow)
    (shown,) = numbers(admin_client)["types"]
    assert (shown["ended"], shown["failed"], shown["failed_last_week"]) == (200, 100, 0)
    assert 10.2 < shown["times"]["running"]["p50"] < 14.5
    assert shown["times"]["running"]["p50"] < shown["times"]["running"]["p95"] <= 14.5
    assert 0.9 < shown["last_week"]["running"]["p50"] < 1.3
    assert shown["times"]["waiting"] == {"p50": None, "p95": None}


def test_minutes_are_stacked_by_their_ends(admin_client: Client) -> None:
    minute = now().replace(second=0, microsecond=0)
    MinuteRollupFactory(start=minute, count=3)
    MinuteRollupFactory(start=minute, count=4, type="test_hasty")
    MinuteRollupFactory(start=minute - timedelta(minutes=58), count=2, end=Status.FAILED)
    MinuteRollupFactory(start=minute - timedelta(minutes=61), count=9)
    shown = numbers(admin_client)["minutes"]
    passed = (int(minute.timestamp()) - shown["first"]) // 60
    assert shown["ends"]["completed"][passed] == 7
    assert shown["ends"]["failed"][passed - 58] == 2
    assert sum(map(sum, shown["ends"].values())) == 9


def test_failures_are_compared_with_the_day_before_and_name_marketplaces(admin_client: Client) -> None:
    minute = now().replace(second=0, microsecond=0)
    MinuteRollupFactory(start=minute, count=3, end=Status.FAILED, error_code="PROBE_FAILED")
    # Also of the hour that is none of them, unless another one begins just now.
    for hours in range(1, 26):
        start = minute.replace(minute=0) - timedelta(hours=hours)
        HourRollupFactory(start=start, count=2, end=Status.FAILED, error_code="WORKER_TIMEOUT")
    tenant = TenantFactory()
    kinds: list[object] = [{"marketplace": MARKUP}, {"marketplace": "ebay"}, {"marketplace": "ebay"}, {}, [], "text"]
    for params in kinds:
        engine.fail(engine.start(engine.dispatch(tenant, params=params)[0]))
    failures = numbers(admin_client)["failures"]
    assert [(each["code"], each["count"], each["hourly_before"]) for each in failures] == [
        ("PROBE_FAILED", 3, 0.0),
        ("WORKER_TIMEOUT", 0, 2.0),
    ]
    assert failures[0]["marketplaces"] == ["ebay", MARKUP]


def test_the_next_schedules_and_those_that_were_missed(admin_client: Client) -> None:
    at = now().replace(microsecond=0)
    shop = TenantFactory(name="northfield")
    for minutes in range(12):
        ScheduleFactory(tenant=shop, name=f"in {minutes}", due=at + timedelta(minutes=minutes))
    held = ScheduleFactory(tenant=shop, name="late", due=at - timedelta(minutes=4), held="QUEUE_FULL")
    for outcome, hours in ((RunOutcome.MISSED, 1), (RunOutcome.DISPATCHED, 2), (RunOutcome.FAILED, 3)):
        due_at = at - timedelta(hours=hours)
        ScheduleRun.objects.create(
            schedule=held, tenant=shop, due_at=due_at, trigger=RunTrigger.DUE, outcome=outcome, detail="Why."
        )
    shown = numbers(admin_client)
    assert [row["schedule"] for row in shown["schedules"]] == ["late", *(f"in {minutes}" for minutes in range(9))]
    assert (shown["schedules"][0]["held"], shown["schedules"][0]["tenant"]) == ("QUEUE_FULL", "northfield")
    assert shown["schedules"][0]["due"] == at.timestamp() - 240
    assert [(row["outcome"], row["due"]) for row in shown["unmet"]] == [
        ("failed", at.timestamp() - 3 * 3600),
        ("missed", at.timestamp() - 3600),
    ]
    assert admin_client.get(shown["unmet"][0]["link"]).status_code == 200


def test_a_schedule_that_paused_itself_is_a_concern(admin_client: Client) -> None:
    QueueStatistics.objects.create(refreshed_at=now(), active=0, depths={}, drain_rate=0, medians={})
    paused = {"next_due_at": None, "wake_at": None, "paused_at": now(), "pause_reason": "Its template is invalid."}
    ScheduleFactory(name="of a key", paused_by=PausedBy.KEY, **paused)
    ScheduleFactory(name="of the service", paused_by=PausedBy.SERVICE, **paused)
    (concern,) = numbers(admin_client)["concerns"]
    assert concern["sentence"].startswith("The schedule of the service of shop-")
    page = admin_client.get(concern["link"])
    assert [row.name for row in page.context["cl"].result_list] == ["of the service"]


def test_a_change_that_stays_unknown_is_a_concern(admin_client: Client) -> None:
    QueueStatistics.objects.create(refreshed_at=now(), active=0, depths={}, drain_rate=0, medians={})
    tenant = TenantFactory()
    for number, (status, minutes) in enumerate([("unknown", 16), ("unknown", 14), ("pending", 16)]):
        Change.objects.create(
            tenant=tenant,
            product_id=number + 1,
            marketplace="ebay",
            sku="A",
            kind="price",
            before="1",
            after="2",
            status=status,
            created_at=now() - timedelta(minutes=minutes),
        )
    (concern,) = numbers(admin_client)["concerns"]
    assert concern["sentence"].startswith("1 change of a shop has been unknown for more than 15 minutes")
    assert admin_client.get(concern["link"]).status_code == 200


def test_every_link_leads_to_a_list_that_takes_its_filters(admin_client: Client) -> None:
    scenery.busy_hour()
    QueueStatistics.objects.update(refreshed_at=now() - timedelta(minutes=5))
    Job.objects.filter(status=Status.QUEUED).update(run_after=now() - timedelta(hours=1))
    Worker.objects.update(last_claim_at=now() - timedelta(minutes=5))
    shown = numbers(admin_client)
    assert len(shown["concerns"]) == 3
    rows = [row for name in ("concerns", "types", "failures", "tenants", "schedules", "unmet") for row in shown[name]]
    # One with each list and each set of filters.
    links = {(link.path, *parse_qs(link.query)): link.geturl() for link in (urlsplit(row["link"]) for row in rows)}
    for link in links.values():
        assert admin_client.get(link).status_code == 200, link
