"""GET /api/usage"""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs import retention
from aijobs.engine import lifecycle, rollups
from aijobs.models import DayUsage, Tenant
from aijobs.retention import HOURS_KEPT
from tests import engine
from tests.aijobs.api.answers import data_of, error_of, paths_of
from tests.clients import Caller, caller
from tests.factories import DayUsageFactory, TenantFactory

PATH = "/api/usage"


def used(owner: Caller, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = data_of(owner.get(PATH, **query))
    return found


@pytest.mark.django_db(transaction=True)
def test_what_ended_today_is_counted_once_and_for_its_tenant() -> None:
    """Committed, as the rollup reads what is."""
    tenant, other = TenantFactory(release_window=100), TenantFactory()
    owner, outsider = caller(tenant), caller(other)
    ids = engine.dispatch(tenant, 4, type="listing_optimize")
    engine.complete(engine.start(ids[0]), {"cost": 0.0125})
    engine.complete(engine.start(ids[1]), {"cost": 0.5})
    engine.fail(engine.start(ids[2]))
    probe, queued = engine.dispatch(tenant, 2)
    # Of a type that does not cost.
    engine.complete(engine.start(probe), {"cost": 7})
    lifecycle.cancel(ids[3], tenant.pk)
    engine.dispatch(other)
    before = now().date()
    for _ in range(2):
        rollups.roll_up(seconds=60)
    found = used(owner, start_date=(before - timedelta(days=1)).isoformat())
    # In two parts, where a day ends just now.
    days = found["days"]
    assert {status: sum(each["jobs"][status] for each in days) for status in days[0]["jobs"]} == {
        "cancelled": 1,
        "completed": 3,
        "failed": 1,
    }
    assert round(sum(each["cost"] for each in days), 6) == 0.5125
    assert {each["type"] for each in days} == {"listing_optimize", "test_probe"}
    assert all(each["run_seconds"] >= 0 for each in days)
    assert found["queue"] == {"limit": 20_000, "used": 1, "left": 19_999}
    assert engine.statuses([queued]) == ["queued"]
    assert used(outsider)["days"] == []


@pytest.mark.django_db
def test_a_range_of_days_in_order(owner: Caller) -> None:
    for day, kind, end, count in (
        (12, "test_probe", "completed", 3),
        (12, "test_probe", "failed", 1),
        (12, "test_hasty", "cancelled", 2),
        (13, "test_probe", "completed", 5),
        (14, "test_probe", "completed", 7),
    ):
        DayUsageFactory(tenant=owner.tenant, day=date(2026, 3, day), type=kind, end=end, count=count, cost=count)
    found = used(owner, start_date="2026-03-12", end_date="2026-03-13")
    assert (found["start_date"], found["end_date"]) == ("2026-03-12", "2026-03-13")
    assert [(each["date"], each["type"], *each["jobs"].values(), each["cost"]) for each in found["days"]] == [
        ("2026-03-12", "test_hasty", 2, 0, 0, 2.0),
        ("2026-03-12", "test_probe", 0, 3, 1, 4.0),
        ("2026-03-13", "test_probe", 0, 5, 0, 5.0),
    ]
    assert found["days"][1]["run_seconds"] == 3.0


@pytest.mark.django_db
def test_run_seconds_are_rounded_to_milliseconds(owner: Caller) -> None:
    for end, seconds in (("completed", 0.1), ("failed", 0.2)):
        DayUsageFactory(tenant=owner.tenant, day=date(2026, 3, 12), end=end, running_seconds=seconds)
    assert 0.1 + 0.2 != 0.3
    assert used(owner, start_date="2026-03-12", end_date="2026-03-12")["days"][0]["run_seconds"] == 0.3


@pytest.mark.django_db
def test_without_dates_it_is_the_present_month(owner: Caller) -> None:
    today = now().date()
    assert used(owner)["start_date"] in {today.replace(day=1).isoformat(), now().date().replace(day=1).isoformat()}
    assert used(owner, end_date="2026-03-12")["start_date"] == "2026-03-01"


@pytest.mark.django_db
def test_the_queue_is_the_tenants(owner: Caller) -> None:
    Tenant.objects.filter(pk=owner.tenant.pk).update(queue_limit=2)
    engine.dispatch(owner.tenant, 2)
    assert used(owner)["queue"] == {"limit": 2, "used": 2, "left": 0}


@pytest.mark.django_db
def test_what_is_no_range_is_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    for query, path in (
        ({"start_date": "yesterday"}, "start_date"),
        ({"end_date": "2026-02-30"}, "end_date"),
        ({"start_date": "2026-03-12T00:00:00Z"}, "start_date"),
        ({"start_date": "2026-03-13", "end_date": "2026-03-12"}, "start_date"),
        ({"start_date": "2025-01-01", "end_date": "2026-03-12"}, "start_date"),
        ({"type": "test_probe"}, "type"),
    ):
        with subtests.test(query=query):
            assert paths_of(error_of(owner.get(PATH, **query), 422, "INVALID_FILTER")) == [path]


@pytest.mark.django_db
def test_days_are_kept_for_months(owner: Caller) -> None:
    DayUsageFactory(tenant=owner.tenant, day=(now() - HOURS_KEPT).date() - timedelta(days=1))
    kept = DayUsageFactory(tenant=owner.tenant, day=(now() - HOURS_KEPT).date() + timedelta(days=1))
    assert retention.old_days().rows == 1
    assert list(DayUsage.objects.all()) == [kept]
