"""One chunk of rows, written: new ones, those that are there, and those that can be neither."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal

import pytest

from aijobs.models import Tenant
from tests.factories import TenantFactory
from workers.catalogue.importing.fields import Row
from workers.catalogue.importing.writing import Table, Written, line, upsert
from workers.catalogue.kinds import PRODUCTS, SALES
from workers.catalogue.models import Product, Sale

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory()
    write(tenant, PRODUCTS.table, [{"sku": sku, "title": sku.lower(), "price": 10, "stock": 5} for sku in "AB"])
    return tenant


def write(
    tenant: Tenant,
    table: Table,
    rows: Sequence[Row],
    *,
    dry_run: bool = False,
    keep: Collection[str] = (),
) -> Written:
    """Write rows of the same columns."""
    owner: Row = {"tenant_id": tenant.pk, "marketplace": "amazon_us"}
    lines = [line({**owner, **row}.values()) for row in rows]
    return upsert(table, [*owner, *rows[0]], lines, dry_run=dry_run, keep=keep)


@pytest.mark.parametrize("dry_run", [False, True])
def test_without_what_a_new_row_needs_only_rows_that_are_there_are_updated(tenant: Tenant, dry_run: bool) -> None:
    before = Product.objects.get(sku="B")
    written = write(tenant, PRODUCTS.table, [{"sku": sku, "stock": 7} for sku in "AX"], dry_run=dry_run)
    assert (written.new, written.missing) == (0, 1)
    stored = Product.objects.get(sku="A")
    assert (stored.stock, stored.title, stored.price) == (5 if dry_run else 7, "a", Decimal(10))
    untouched = Product.objects.get(sku="B")
    assert (untouched.stock, untouched.updated_at) == (before.stock, before.updated_at)


def test_a_part_of_a_row_that_says_nothing_new_rewrites_nothing(tenant: Tenant) -> None:
    before = Product.objects.get(sku="A").updated_at
    write(tenant, PRODUCTS.table, [{"sku": "A", "stock": 5}])
    assert Product.objects.get(sku="A").updated_at == before
    write(tenant, PRODUCTS.table, [{"sku": "A", "stock": None}])
    assert Product.objects.get(sku="A").updated_at != before


def test_a_part_of_a_row_updates_the_own_tenants_only(tenant: Tenant) -> None:
    other: Tenant = TenantFactory()
    assert write(other, PRODUCTS.table, [{"sku": "A", "stock": 7}]).missing == 1
    assert Product.objects.get(sku="A").stock == 5


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_is_kept_is_of_new_rows_only(tenant: Tenant, dry_run: bool) -> None:
    rows: list[Row] = [
        {"sku": sku, "title": "new", "price": price} for sku, price in [("A", 10), ("B", 11), ("C", 12)]
    ]
    written = write(tenant, PRODUCTS.table, rows, dry_run=dry_run, keep={"price"})
    assert written == Written(new=1, kept=1)
    stored = {each.sku: (each.title, int(each.price)) for each in Product.objects.all()}
    assert stored == ({"A": ("a", 10), "B": ("b", 10)} if dry_run else {
        "A": ("new", 10), "B": ("new", 10), "C": ("new", 12)
    })  # fmt: skip


def test_a_row_of_nothing_but_what_is_kept_changes_nothing(tenant: Tenant) -> None:
    assert write(tenant, PRODUCTS.table, [{"sku": "A", "price": 11}], keep={"price"}) == Written(kept=1)
    assert Product.objects.get(sku="A").price == Decimal(10)


def test_rows_of_products_that_are_gone_are_left_out(tenant: Tenant) -> None:
    there, gone = Product.objects.order_by("sku")
    Product.objects.filter(pk=gone.pk).delete()
    rows: list[Row] = [
        {"product_id": each.pk, "date": date(2026, 3, 12), "price": 10, "units": 1} for each in (there, gone)
    ]  # fmt: skip
    assert write(tenant, SALES.table, rows) == Written(new=1, missing=1)
    assert Sale.objects.get().product_id == there.pk
