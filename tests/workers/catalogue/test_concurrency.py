"""What happens at the same time: every thread is a caller with a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import TypeVar
from uuid import UUID

import pytest
from django.db import connection, transaction

from aijobs import identifiers
from aijobs.models import Tenant
from tests.factories import TenantFactory
from tests.workers.catalogue.steps import imported
from workers.catalogue.importing.importer import Report
from workers.catalogue.kinds import PRODUCTS, SALES
from workers.catalogue.models import Product, Sale
from workers.changes.deciding import Applied, Decision, Origin, decide
from workers.changes.kinds.price import Prices
from workers.changes.models import Change

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
SKUS = [f"S{number:03d}" for number in range(200)]


def at_once(*tasks: Callable[[], T]) -> list[T]:
    """Run the tasks together; their results, in order. An error of any is raised."""
    barrier = Barrier(len(tasks))

    def run(task: Callable[[], T]) -> T:
        barrier.wait(60)
        try:
            return task()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result(60) for future in [pool.submit(run, task) for task in tasks]]


def products(tenant: Tenant, skus: list[str], title: str = "t") -> Report:
    body = "sku,title,price\n" + "".join(f"{sku},{title},10\n" for sku in skus)
    return imported(PRODUCTS, tenant, body.encode())


def sales(tenant: Tenant, skus: list[str], units: int) -> Report:
    days = [f"2026-03-{day}" for day in range(10, 30)]
    body = "sku,date,price,units\n" + "".join(f"{sku},{day},10,{units}\n" for day in days for sku in skus)
    return imported(SALES, tenant, body.encode())


def test_imports_of_the_same_products_do_not_deadlock() -> None:
    tenant = TenantFactory()
    backwards = SKUS[::-1]
    files = [("a", SKUS), ("b", backwards), ("c", SKUS), ("d", backwards)]
    reports = at_once(*(partial(products, tenant, skus, title) for title, skus in files))
    assert sum(each.imported for each in reports) == len(SKUS)
    assert Product.objects.count() == len(SKUS)


def test_imports_of_the_same_sales_do_not_deadlock() -> None:
    tenant, skus = TenantFactory(), SKUS[:100]
    products(tenant, skus)
    files = enumerate([skus, skus[::-1], skus, skus[::-1]])
    reports = at_once(*(partial(sales, tenant, skus, units) for units, skus in files))
    assert sum(each.imported for each in reports) == Sale.objects.count() == len(skus) * 20


def apply_prices(tenant: Tenant, job: UUID, skus: list[str], after: str) -> Applied:
    decisions = [Decision(sku, Decimal(10), Decimal(after), "") for sku in skus]
    with transaction.atomic():
        return decide(Prices(), Origin(tenant.pk, "amazon_us", job), decisions)


def test_two_jobs_over_the_same_products_write_each_price_once() -> None:
    tenant = TenantFactory()
    products(tenant, SKUS)

    def apply(skus: list[str], after: str) -> Applied:
        return apply_prices(tenant, identifiers.new_id(), skus, after)

    first, second = at_once(lambda: apply(SKUS, "9"), lambda: apply(SKUS[::-1], "11"))
    assert len(first.changes) + len(second.changes) == len(SKUS)
    assert set({**first.refused, **second.refused}.values()) == {"PRICE_CHANGED"}
    assert Change.objects.count() == len(SKUS)


def test_one_job_applied_twice_at_once_is_applied_once() -> None:
    tenant = TenantFactory()
    products(tenant, SKUS)
    job = identifiers.new_id()

    def apply() -> Applied:
        return apply_prices(tenant, job, SKUS, "9")

    first, second = at_once(apply, apply)
    assert sorted([len(first.changes), len(second.changes)]) == [0, len(SKUS)]
    assert set({**first.refused, **second.refused}.values()) == {"ALREADY_APPLIED"}


def test_an_import_of_sales_does_not_wait_for_prices_being_applied() -> None:
    """Their locks would be taken in different orders: the foreign key's must not conflict with the price's."""
    tenant = TenantFactory()
    products(tenant, SKUS)
    with transaction.atomic():
        apply_prices(tenant, identifiers.new_id(), ["S000"], "9")
        [told] = at_once(lambda: sales(tenant, ["S000"], 1))
    assert told.imported == 20
