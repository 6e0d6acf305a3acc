"""Imports below the API: what is committed when, and how many statements rows of different fields take."""

import json
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aijobs.models import Tenant
from tests.factories import TenantFactory
from tests.workers.catalogue.steps import imported
from workers.catalogue.importing.importer import AIMED_SECONDS, CHUNK_ROWS, FEWEST_ROWS, FIRST_ROWS, Pace
from workers.catalogue.importing.kind import Expected
from workers.catalogue.importing.writing import Table, Written, upsert
from workers.catalogue.kinds import KINDS, OFFERS, PRODUCTS, SALES
from workers.catalogue.models import Offer, Product, Sale

MARKETPLACE = "amazon_us"


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant: Tenant = TenantFactory()
    imported(PRODUCTS, tenant, b"sku,title,price\nA,a,5\n")
    return tenant


def test_json_rows_that_alternate_in_their_fields_are_written_together(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is: else it would write fewer rows at a time.
    monkeypatch.setattr("workers.catalogue.importing.importer.AIMED_SECONDS", 3600)
    days = [f"{year}-01-{day:02d}" for year in range(1990, 2020) for day in range(1, 29)]
    rows = [
        {"sku": "A", "date": day, "price": 5, "units": 1, **({"promoted": True} if number % 2 else {})}
        for number, day in enumerate(days)
    ]
    body = "\n".join(json.dumps(row) for row in rows).encode()
    with CaptureQueriesContext(connection) as queries:
        report = imported(SALES, tenant, body, json=True)
    assert report.imported == len(days)
    assert len(queries) < 20
    assert Sale.objects.filter(promoted=1).count() == len(days) / 2


def test_a_dry_run_of_sales_expects_the_products_of_the_dry_run_before(tenant: Tenant) -> None:
    expected: Expected = {}
    products = b"sku,title,price\nB,b,5\nC,c,x\n"
    imported(PRODUCTS, tenant, products, dry_run=True, expected=expected)
    sales = b"sku,date,price,units\nA,2026-03-12,5,1\nB,2026-03-12,5,1\nC,2026-03-12,5,1\n"
    report = imported(SALES, tenant, sales, dry_run=True, expected=expected)
    assert (report.imported, report.rejected) == (2, 1)
    assert Product.objects.count() == 1
    assert not Sale.objects.exists()


MANY = 10_000
FILL = """
INSERT INTO catalogue_product (tenant_id, marketplace, sku, title, price)
SELECT %s, %s, 'SKU-' || number, 'title', 5 FROM generate_series(1, %s) number
"""


def test_one_line_is_imported_into_a_large_catalogue_in_little_memory(tenant: Tenant) -> None:
    """What is read of the catalogue are the products that the lines name."""
    with connection.cursor() as cursor:
        cursor.execute(FILL, [tenant.pk, MARKETPLACE, MANY])
    for kind in KINDS:
        body = kind.documentation.example.replace("SKU-001", "SKU-1").encode()
        imported(kind, tenant, body)
        tracemalloc.start()
        try:
            report = imported(kind, tenant, body)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert report.imported + report.updated == 1, kind.name
        assert most < MANY * 50, kind.name


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_later_chunk_is_checked_against_what_an_earlier_one_says(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    monkeypatch.setattr("workers.catalogue.importing.importer.CHUNK_ROWS", 1)
    rows = [{"sku": "A", "title": "a", "price": 5, **bound} for bound in ({"min_price": 4}, {"max_price": 3})]
    body = "\n".join(json.dumps(row) for row in rows).encode()
    report = imported(PRODUCTS, tenant, body, json=True, dry_run=dry_run)
    assert [each["line"] for each in report.errors] == [2]


def test_offers_without_a_moment_are_of_the_import_whatever_their_chunk(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.catalogue.importing.importer.CHUNK_ROWS", 1)
    body = b"sku,seller,price\nA,Rival,5\nA,Other,6\nA,Rival,7\n"
    imported(OFFERS, tenant, body)
    assert Offer.objects.values("fetched_at").distinct().count() == 1
    assert {offer.seller: int(offer.price) for offer in Offer.objects.all()} == {"Other": 6, "Rival": 7}


def test_rows_of_products_that_are_removed_meanwhile_are_counted_and_said(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After they were looked up, and before they are written."""

    def removed(table: Table, *arguments: Any, **options: Any) -> Written:
        Product.objects.filter(sku="A").delete()
        return upsert(table, *arguments, **options)

    imported(PRODUCTS, tenant, b"sku,title,price\nB,b,5\n")
    monkeypatch.setattr("workers.catalogue.importing.importer.upsert", removed)
    body = b"sku,date,price,units\nA,2026-03-12,5,1\nB,2026-03-12,5,1\nA,2026-03-13,5,1\n"
    report = imported(SALES, tenant, body)
    assert (report.imported, report.updated, report.rejected) == (1, 0, 2)
    [error] = report.errors
    assert error["message"].startswith("Rows left out: 2")


def test_rows_bear_the_tenant_and_the_marketplace_of_their_product(tenant: Tenant) -> None:
    imported(SALES, tenant, b"sku,date,price,units\nA,2026-03-12,5,1\n")
    imported(OFFERS, tenant, b"sku,seller,price\nA,R,5\n")
    for row in (Sale.objects.get(), Offer.objects.get()):
        assert (row.tenant_id, row.marketplace) == (row.product.tenant_id, row.product.marketplace)


SLOW = """
CREATE FUNCTION slow_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.001); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON catalogue_product FOR EACH ROW EXECUTE FUNCTION slow_row();
"""


def test_a_transaction_is_shorter_where_rows_take_longer(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant's stream of events waits for the oldest one that writes: each is to take a quarter of a second."""
    written: list[int] = []

    def counted(table: Table, columns: Sequence[str], lines: Sequence[str], **options: Any) -> Written:
        written.append(len(lines))
        return upsert(table, columns, lines, **options)

    monkeypatch.setattr("workers.catalogue.importing.importer.upsert", counted)
    with connection.cursor() as cursor:
        cursor.execute(SLOW)
    body = "sku,title,price\n" + "".join(f"SKU-{number},t,5\n" for number in range(900))
    report = imported(PRODUCTS, tenant, body.encode())
    assert (report.imported, sum(written)) == (900, 900)
    # No row takes less than a millisecond.
    assert written[0] == FIRST_ROWS
    assert max(written[1:]) <= 1_000 * AIMED_SECONDS


def test_quick_rows_are_written_more_at_a_time() -> None:
    pace = Pace()
    pace.measured(FIRST_ROWS, 0.001)
    assert pace.rows == 2 * FIRST_ROWS
    for _ in range(20):
        pace.measured(1_000, 0.001)
    assert pace.rows == CHUNK_ROWS
    pace.measured(1_000, 60.0)
    assert pace.rows == FEWEST_ROWS
    lines = [str(number) for number in range(50)]
    assert [line for portion in pace.portions(lines) for line in portion] == lines
