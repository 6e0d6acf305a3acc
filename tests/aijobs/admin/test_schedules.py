"""Schedules in the admin: to be read, made, changed, and acted upon as by the API."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from aijobs import ticking
from aijobs.admin.due_times import upcoming
from aijobs.errors import TooManySchedules
from aijobs.models import Job, Schedule, ScheduleRun, Tenant
from tests.aijobs.admin.test_admin import address, staff
from tests.factories import ScheduleFactory, TenantFactory

pytestmark = pytest.mark.django_db

MARKUP = "<script>alert(1)</script>"
ADD = {
    "name": "nightly",
    "cron": "30 2 * * 1-5",
    "interval_seconds": "",
    "anchor_0": "",
    "anchor_1": "",
    "timezone": "Europe/Berlin",
    "template_kind": "job",
    "template": '{"type": "test_probe"}',
    "overlap": "skip",
    "missed": "skip",
    "missed_window_seconds": "3600",
    "jitter_seconds": "0",
}


def act(client: Client, schedule: Schedule, action: str, **data: object) -> Any:
    return client.post(reverse(f"admin:aijobs_schedule_{action}", args=[schedule.pk]), data, follow=True)


def page(client: Client, schedule: Schedule) -> str:
    response = client.get(address(Schedule, "change", schedule.pk))
    assert response.status_code == 200
    text: str = response.content.decode()
    return text


def test_the_list_shows_words_and_last_runs_in_a_few_queries(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        schedule = ScheduleFactory(due=now() - timedelta(hours=2, minutes=1))
    ticking.tick(5)
    with django_assert_max_num_queries(8):
        text = admin_client.get(address(Schedule, "changelist")).content.decode()
    assert text.count("Every hour") == 5
    assert (text.count("tick-missed"), text.count("tick-dispatched")) == (10, 5)
    assert reverse("admin:aijobs_job_change", args=[Job.objects.filter(schedule=schedule).get().pk]) in text


def test_the_list_is_filtered_by_tenant_and_state(admin_client: Client) -> None:
    first = ScheduleFactory(name="first one")
    ScheduleFactory(name="second one", template={"type": "nonsense"})
    ticking.tick(5)

    def listed(**query: str) -> list[str]:
        return re.findall(
            r"(first|second) one", admin_client.get(address(Schedule, "changelist"), query).content.decode()
        )

    assert listed(tenant=first.tenant.name) == ["first"]
    assert listed(state="active") == ["first"]
    assert listed(state="paused") == listed(state="itself") == ["second"]
    assert listed(q="second") == ["second"]


def test_the_page_shows_due_times_in_both_zones_runs_and_why_it_is_paused(admin_client: Client) -> None:
    schedule = ScheduleFactory(
        name=MARKUP, timezone="Asia/Tokyo", template={"type": "test_probe", "params": {"label": MARKUP, "x": 1}}
    )
    ticking.tick(5)
    text = page(admin_client, schedule)
    assert "Every hour (Asia/Tokyo)" in text
    assert text.count(" JST</td>") == 5
    assert "What it dispatches is not valid any more." in text
    assert "tick-failed" in text
    assert MARKUP not in text


@pytest.mark.parametrize("cron", ["30 2 * * *", ""])
def test_a_schedule_of_a_time_zone_that_is_gone_is_shown_and_mended(admin_client: Client, cron: str) -> None:
    """Nothing breaks: neither its page, nor the list with all the others, nor the form that mends it."""
    timing = {"cron": cron, "interval_seconds": None, "anchor": None} if cron else {}
    schedule = ScheduleFactory(timezone="Europe/Berlin", **timing)
    Schedule.objects.update(timezone="Europe/Atlantis")
    expected = "does not know the time zone Europe/Atlantis any more" if cron else "Every hour"
    assert expected in page(admin_client, schedule)
    assert expected in admin_client.get(address(Schedule, "changelist")).content.decode()
    form = {**ADD, "cron": cron or "30 2 * * *", "timezone": "Europe/Berlin"}
    admin_client.post(address(Schedule, "change", schedule.pk), form)
    schedule.refresh_from_db()
    assert (schedule.timezone, schedule.cron) == ("Europe/Berlin", cron or "30 2 * * *")


def test_a_change_of_clocks_is_marked(db: None) -> None:
    schedule = ScheduleFactory.build(
        interval_seconds=None, anchor=None, next_due_at=None, cron="30 2 * * *", timezone="Europe/Berlin", tenant=None
    )
    present = datetime(2026, 3, 28, 12, tzinfo=UTC)
    schedule.next_due_at = schedule.calendar.after(present)
    first, second, *others = upcoming(schedule, present)
    assert (first.local, first.utc) == ("Sun 29 Mar 2026, 03:00:00 CEST", "Sun 29 Mar, 01:00:00")
    assert first.change == "after the clocks went forward by 60 minutes"
    assert {each.change for each in (second, *others)} == {""}
    assert ZoneInfo(schedule.timezone) == schedule.calendar.zone


# --- Made and changed


def test_a_schedule_is_made_as_by_the_api(admin_client: Client) -> None:
    tenant: Tenant = TenantFactory()
    response = admin_client.post(address(Schedule, "add"), {**ADD, "tenant": tenant.pk}, follow=True)
    schedule = Schedule.objects.get()
    assert (schedule.tenant, schedule.cron, schedule.template) == (tenant, "30 2 * * 1-5", {"type": "test_probe"})
    assert schedule.next_due_at is not None
    assert schedule.next_due_at > now()
    assert "nightly" in response.content.decode()


def test_an_interval_of_a_batch_is_made_too(admin_client: Client) -> None:
    changes = {
        "cron": "",
        "timezone": "",
        "interval_seconds": "900",
        "anchor_0": "2026-03-12",
        "anchor_1": "02:07:00",
        "template_kind": "batch",
        "template": json.dumps({"jobs": [{"type": "test_probe"}]}),
    }
    admin_client.post(address(Schedule, "add"), {**ADD, **changes, "tenant": TenantFactory().pk})
    schedule = Schedule.objects.get()
    assert (schedule.interval_seconds, schedule.timezone, schedule.template_kind) == (900, "UTC", "batch")
    assert schedule.next_due_at is not None
    assert schedule.next_due_at.minute % 15 == 7


def test_what_the_api_refuses_is_told_at_its_field(admin_client: Client, subtests: pytest.Subtests) -> None:
    form = {**ADD, "tenant": TenantFactory().pk}
    for changes, told in (
        ({"cron": "0 0 31 2 *"}, "never comes due"),
        ({"template": "{"}, "not valid JSON"),
        ({"template": "7"}, "must be a JSON object"),
        ({"template": '{"type": "test_probe", "params": {"sleep": "long"}}'}, "params.sleep"),
        ({"timezone": "Mars/Olympus"}, "is not a time zone"),
        ({"cron": ""}, "Give either cron or interval_seconds."),
        ({"jitter_seconds": "9999"}, "less than or equal to 3600"),
        ({"name": ""}, "This field is required"),
    ):
        with subtests.test(changes=changes):
            response = admin_client.post(address(Schedule, "add"), form | changes)
            assert told in response.content.decode()
            assert Schedule.objects.count() == 0


def test_a_taken_name_keeps_what_was_written(admin_client: Client) -> None:
    """Also where there is no room for another one."""
    schedule = ScheduleFactory(name="nightly")
    page = {**ADD, "tenant": schedule.tenant_id, "cron": "17 3 * * *"}
    text = admin_client.post(address(Schedule, "add"), page).content.decode()
    assert "The tenant already has a schedule with this name. Use another one." in text
    assert "17 3 * * *" in text
    assert Schedule.objects.count() == 1


def test_one_schedule_too_many_keeps_what_was_written(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TooManySchedules, "most", 1)
    page = {**ADD, "tenant": ScheduleFactory().tenant_id, "cron": "17 3 * * *"}
    text = admin_client.post(address(Schedule, "add"), page).content.decode()
    assert "A tenant can have 200 schedules." in text
    assert "17 3 * * *" in text


def test_who_is_no_tenant_is_told_at_the_field(admin_client: Client, subtests: pytest.Subtests) -> None:
    for tenant in ("x", "", "0", "-1", "9" * 40, "1\0"):
        with subtests.test(tenant=tenant):
            response = admin_client.post(address(Schedule, "add"), {**ADD, "tenant": tenant})
            assert response.status_code == 200
            assert "errorlist" in response.content.decode()
            assert Schedule.objects.count() == 0


def test_a_change_is_the_apis(admin_client: Client) -> None:
    schedule = ScheduleFactory()
    admin_client.post(address(Schedule, "change", schedule.pk), ADD)
    schedule.refresh_from_db()
    assert (schedule.name, schedule.cron) == ("nightly", "30 2 * * 1-5")
    assert schedule.interval_seconds is None
    other = ScheduleFactory(tenant=schedule.tenant)
    response = admin_client.post(address(Schedule, "change", other.pk), ADD, follow=True)
    assert "already has a schedule with this name" in response.content.decode()


# --- Acted upon


def test_run_now(admin_client: Client) -> None:
    schedule = ScheduleFactory()
    assert "Dispatched once, now." in act(admin_client, schedule, "run_now").content.decode()
    job = Job.objects.get()
    assert job.schedule == schedule
    shown = admin_client.get(address(Job, "change", job.pk)).content.decode()
    assert f'<dt>Schedule</dt><dd><a href="{address(Schedule, "change", schedule.pk)}">{schedule.name}</a>' in shown
    assert LogEntry.objects.get().object_id == str(schedule.pk)


def test_a_double_click_runs_it_once(admin_client: Client) -> None:
    schedule = ScheduleFactory()
    [token] = re.findall(r'name="once" value="(\w{32})"', page(admin_client, schedule))
    for _ in range(2):
        assert "Dispatched once, now." in act(admin_client, schedule, "run_now", once=token).content.decode()
    assert Job.objects.count() == 1
    act(admin_client, schedule, "run_now", once="nonsense")
    act(admin_client, schedule, "run_now")
    assert Job.objects.count() == 3


def test_pause_and_resume(admin_client: Client) -> None:
    schedule = ScheduleFactory()
    assert "Say why" in act(admin_client, schedule, "pause", reason=" ").content.decode()
    text = act(admin_client, schedule, "pause", reason=f"too dear {MARKUP}").content.decode()
    assert MARKUP not in text
    schedule.refresh_from_db()
    assert (schedule.paused_by, schedule.paused_by_name) == ("staff", "admin")
    assert schedule.pause_reason == f"too dear {MARKUP}"
    act(admin_client, schedule, "resume")
    schedule.refresh_from_db()
    assert schedule.paused_at is None


def test_a_backfill_shows_its_count_before_it_dispatches(admin_client: Client) -> None:
    schedule = ScheduleFactory(due=now().replace(microsecond=0) + timedelta(minutes=1))
    a_range = {
        "first": f"{now() - timedelta(hours=3):%Y-%m-%dT%H:%M}",
        "last": f"{now() - timedelta(minutes=1):%Y-%m-%dT%H:%M}",
    }
    text = act(admin_client, schedule, "backfill", **a_range).content.decode()
    assert "3 due times of this range were not dispatched" in text
    assert Job.objects.count() == 0
    hidden = dict(re.findall(r'<input type="hidden" name="(first|last|count)" value="([^"]+)"', text))
    assert "Made up for 3 due times from" in act(admin_client, schedule, "backfill", **hidden).content.decode()
    assert ScheduleRun.objects.filter(trigger="backfill").count() == Job.objects.count() == 3
    wrong = act(admin_client, schedule, "backfill", first=a_range["last"], last=a_range["first"]).content.decode()
    assert "The end of the range is before from." in wrong
    # An offset that PostgreSQL would refuse.
    a_range["first"] = f"{now() + timedelta(hours=13):%Y-%m-%dT%H:%M}+16:00"
    assert (
        "Every due time of this range was dispatched, or there is none"
        in act(admin_client, schedule, "backfill", **a_range).content.decode()
    )


@pytest.mark.parametrize("action", ["pause", "resume", "run_now", "backfill"])
def test_who_may_only_look_may_not_act(db: None, action: str) -> None:
    client = staff("view_schedule")
    schedule = ScheduleFactory()
    assert "Run now" not in page(client, schedule)
    assert act(client, schedule, action, reason="no").status_code == 403
    assert Job.objects.count() == 0
    schedule.refresh_from_db()
    assert schedule.paused_at is None


def test_nothing_is_done_by_a_link(admin_client: Client) -> None:
    schedule = ScheduleFactory()
    assert admin_client.get(reverse("admin:aijobs_schedule_run_now", args=[schedule.pk])).status_code == 404
    assert Job.objects.count() == 0
