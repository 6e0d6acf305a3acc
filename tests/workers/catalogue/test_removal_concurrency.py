"""A removal beside imports and jobs: they wait for each other, nobody fails, and nothing is left of a product."""

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import Tenant
from tests.factories import TenantFactory, key_for
from tests.workers.catalogue.test_concurrency import SKUS, apply_prices, at_once, products, sales
from tests.workers.changes.sessions import in_another_session, wait_until_blocked
from workers.catalogue import offers, removal
from workers.catalogue.importing.kind import Kind
from workers.catalogue.kinds import PRODUCTS, SALES
from workers.catalogue.models import Offer, Product, Removal, Sale, Scan
from workers.catalogue.offers import StoredOffer
from workers.catalogue.removal import Removed, Wanted
from workers.changes.models import Change

pytestmark = pytest.mark.django_db(transaction=True)


SOME = SKUS[:100]


@pytest.fixture
def tenant() -> Tenant:
    """With two products of twenty sales each."""
    return filled(SKUS[:2])


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """With a hundred products of twenty sales each, which are removed in many steps."""
    monkeypatch.setattr(removal, "MOST_ROWS", 150)
    monkeypatch.setattr(removal, "MOST_PRODUCTS", 15)
    return filled(SOME)


def filled(skus: list[str]) -> Tenant:
    tenant: Tenant = TenantFactory()
    key_for(tenant)
    products(tenant, skus)
    sales(tenant, skus, 1)
    return tenant


def remove(tenant: Tenant, kind: Kind[Any], **filters: Any) -> Removed:
    return removal.remove(Wanted(kind, tenant.pk, "amazon_us", **filters), tenant.api_keys.get().pk, lambda: None)


def scan(found: list[Product], job_id: UUID) -> None:
    """What a competitor_scan keeps of its products, as it has found them."""
    at = now()
    offers.store(
        [
            StoredOffer(
                product_id=each.pk,
                tenant_id=each.tenant_id,
                marketplace=each.marketplace,
                seller="Rival",
                condition="new",
                fulfilment="",
                fetched_at=at,
                price=Decimal(9),
                shipping=Decimal(0),
                points=Decimal(0),
                currency="USD",
                is_buy_box=False,
                availability="",
                tax_included=None,
                source="",
                url="",
            )
            for each in found
        ]
    )
    offers.store_scans(
        [
            Scan(product=each, job_id=job_id, scanned_at=at, conditions=["new"], fetched=True, sellers=["Rival"])
            for each in found
        ]
    )


def test_products_are_removed_beside_imports_and_jobs(large: Tenant) -> None:
    found = list(Product.objects.order_by("-sku"))
    backwards = SOME[::-1]
    gone, *_ = at_once(
        lambda: remove(large, PRODUCTS),
        partial(sales, large, SOME, 2),
        partial(sales, large, backwards, 3),
        partial(products, large, backwards, "again"),
        partial(apply_prices, large, identifiers.new_id(), backwards, "9"),
        partial(scan, found, identifiers.new_id()),
    )
    assert isinstance(gone, Removed)
    assert gone.refused == []
    assert Removal.objects.get().deleted == gone.rows
    remove(large, PRODUCTS)
    assert [Product.objects.count(), Sale.objects.count(), Offer.objects.count(), Scan.objects.count()] == [0] * 4


def test_sales_are_removed_beside_imports_of_them(large: Tenant) -> None:
    first, last = date(2026, 3, 12), date(2026, 3, 20)
    at_once(
        lambda: remove(large, SALES, first_day=first, last_day=last),
        lambda: remove(large, SALES),
        partial(sales, large, SOME, 2),
        partial(sales, large, SOME[::-1], 3),
    )
    assert Product.objects.count() == len(SOME)
    remove(large, SALES)
    assert not Sale.objects.exists()


def test_a_product_of_which_a_change_is_decided_meanwhile_is_left(tenant: Tenant) -> None:
    """The decision holds the product when the removal comes to it. Its sales are gone by then, as was asked for."""
    with transaction.atomic():
        [change] = apply_prices(tenant, identifiers.new_id(), ["S000"], "9").changes
        Change.objects.filter(pk=change.pk).update(status="pending")
        told = in_another_session(lambda: remove(tenant, PRODUCTS, sku="S000"))
        wait_until_blocked()
    removed = told.result(60)
    assert (removed.refused, removed.rows["products"]) == (["S000"], 0)
    assert Product.objects.filter(sku="S000").exists()


def test_sales_of_a_product_that_is_being_removed_are_left_out_and_counted(tenant: Tenant) -> None:
    with transaction.atomic():
        product = Product.objects.select_for_update().get(sku="S000")
        product.delete()
        told = in_another_session(lambda: sales(tenant, ["S000", "S001"], 5))
        wait_until_blocked()
    report = told.result(60)
    assert (report.imported, report.updated, report.rejected) == (0, 20, 20)


def test_a_removal_waits_for_an_import_of_sales_and_takes_them_with_it(tenant: Tenant) -> None:
    with transaction.atomic():
        sales(tenant, ["S000"], 5)
        told = in_another_session(lambda: remove(tenant, PRODUCTS, sku="S000"))
        wait_until_blocked()
    assert told.result(60).rows == {**dict.fromkeys(removal.DEPENDENTS, 0), "products": 1, "sales": 20}


def test_a_scan_keeps_nothing_of_a_product_that_was_removed_meanwhile(tenant: Tenant) -> None:
    found = list(Product.objects.filter(sku__in=["S000", "S001"]))
    remove(tenant, PRODUCTS, sku="S000")
    scan(found, identifiers.new_id())
    for model in (Offer, Scan):
        assert [each.product.sku for each in model._default_manager.all()] == ["S001"]
