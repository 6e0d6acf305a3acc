"""What lists in the admin cost, of all apps: no statement reads a whole table that may be long."""

from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from aijobs.models import DayUsage, Job, Tenant
from tests.factories import DayUsageFactory, TenantFactory
from workers.assistants.models import MonthlyUsage
from workers.catalogue.models import Product
from workers.changes.models import Change

pytestmark = pytest.mark.django_db


def assert_bounded(asked: list[str]) -> None:
    """What a list asks of its own table; test_plans.py has all of them."""
    # No list of values, and no text that an index does not find.
    assert not any(word in each for each in asked for word in ("DISTINCT", " LIKE "))
    # The count, the page, and how far back a filter looks. A page that is known to be short has no limit.
    assert len(asked) <= 3
    assert all("LIMIT" in each for each in asked if "COUNT(" in each), asked
    assert sum("LIMIT" not in each for each in asked) <= 1


def test_usage_is_a_page_and_a_bounded_count(admin_client: Client) -> None:
    TenantFactory(name="shop")
    offered = [
        f"{each}__exact" if isinstance(each, str) else str(each.parameter_name)  # type: ignore[union-attr]
        for each in admin.site._registry[DayUsage].list_filter
    ]
    for query in ({}, {"q": "shop"}, *({name: "1"} for name in offered)):
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(reverse("admin:aijobs_dayusage_changelist"), query).status_code == 200
        assert_bounded([each["sql"] for each in captured if 'FROM "aijobs_dayusage"' in each["sql"]])


@pytest.mark.parametrize("model", [Product, Change, Job])
def test_staff_filter_by_tenant(admin_client: Client, model: type[Model]) -> None:
    shop, other = TenantFactory(), TenantFactory()
    product = Product.objects.create(tenant=shop, marketplace="amazon_us", sku="A", title="t", price=1)
    Product.objects.create(tenant=other, marketplace="ebay", sku="A", title="t", price=1)
    assert product.tenant == shop
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    def found(**query: str) -> set[Any]:
        answer = admin_client.get(page, query)
        assert answer.status_code == 200
        return {row.tenant for row in answer.context["cl"].result_list}

    for tenant in (shop, other):
        assert found(tenant=tenant.name) <= {tenant}
    if model is Product:
        assert found(tenant=shop.name) == {shop}
        assert found(marketplace="ebay") == {other}
        assert found(marketplace="ebay", tenant=shop.name) == set()
        assert found(q="A") == {shop, other}
    assert found(tenant="nobody") == set()


@pytest.mark.parametrize("tenant", ["", "shop"])
def test_other_filters_look_through_the_newest_rows(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, tenant: str
) -> None:
    """Of all tenants, or of one."""
    from aijobs.admin.base import NewestRows
    from tests import engine

    monkeypatch.setattr(NewestRows, "most_rows", 2)
    shop: Tenant = TenantFactory(name="shop")
    batches = [engine.dispatch_batch(shop, 1)[0] for _ in range(4)]
    if tenant:
        engine.dispatch_batch(TenantFactory(), 3)
    query = {"sequential__exact": "1", **({"tenant": tenant} if tenant else {})}
    answer = admin_client.get(reverse("admin:aijobs_batch_changelist"), query)
    shown = [batch.pk for batch in answer.context["cl"].result_list]
    assert shown == batches[:0:-1]
    assertContains(answer, "This list has looked through the newest 2 rows only.")
    assertNotContains(admin_client.get(reverse("admin:aijobs_batch_changelist")), "This list has looked through")


def test_a_day_is_found_behind_whatever_is_newer(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a tenant is: by an index."""
    from aijobs.admin.base import NewestRows

    monkeypatch.setattr(NewestRows, "most_rows", 2)
    old = DayUsageFactory(day=date(2026, 3, 1))
    DayUsageFactory.create_batch(3)
    address = reverse("admin:aijobs_dayusage_changelist")
    for query in ({}, {"tenant": old.tenant.name}, {"type": old.type}):
        answer = admin_client.get(address, {"day": "2026-03-01", **query})
        assert list(answer.context["cl"].result_list) == [old]


def test_a_month_is_found_behind_whatever_is_newer(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from aijobs.admin.base import NewestRows

    monkeypatch.setattr(NewestRows, "most_rows", 2)
    months = [date(2026, 2, 1), *[date(2026, 3, 1)] * 3]
    shops = [TenantFactory() for _ in months]
    old, *_ = [
        MonthlyUsage.objects.create(tenant=shop, month=month) for shop, month in zip(shops, months, strict=True)
    ]
    address = reverse("admin:assistants_monthlyusage_changelist")
    for query in ({}, {"tenant": old.tenant.name}):
        answer = admin_client.get(address, {"month": "2026-02", **query})
        assert list(answer.context["cl"].result_list) == [old]
