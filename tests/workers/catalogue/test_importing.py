"""Imports below the API: what is committed when, and how many statements rows of different fields take."""

import json
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aijobs.models import Tenant
from tests.factories import TenantFactory
from workers.catalogue.importing import Expected, run_import
from workers.catalogue.importing.importer import CHUNK_ROWS
from workers.catalogue.importing.reading import read_csv, read_ndjson
from workers.catalogue.kinds import PRODUCTS, SALES
from workers.catalogue.models import Product, Sale

MARKETPLACE = "amazon_us"


class Broken:
    """A body whose sender goes away after some bytes."""

    def __init__(self, content: bytes) -> None:
        self.stream = BytesIO(content)

    def read(self, size: int, /) -> bytes:
        if piece := self.stream.read(size):
            return piece
        raise OSError("gone")


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant: Tenant = TenantFactory()
    run_import(PRODUCTS, tenant.pk, MARKETPLACE, BytesIO(b"sku,title,price\nA,a,5\n"), read_csv)
    return tenant


@pytest.mark.django_db(transaction=True)
def test_whole_chunks_stay_when_the_rest_never_comes() -> None:
    tenant = TenantFactory()
    rows = "".join(f"S{number},t,5\n" for number in range(CHUNK_ROWS * 2 + 500))
    body = f"sku,title,price\n{rows}".encode()
    with pytest.raises(OSError, match="gone"):
        run_import(PRODUCTS, tenant.pk, MARKETPLACE, Broken(body), read_csv)
    assert Product.objects.count() == CHUNK_ROWS * 2
    report = run_import(PRODUCTS, tenant.pk, MARKETPLACE, BytesIO(body), read_csv)
    assert (report.imported, report.updated) == (500, CHUNK_ROWS * 2)


def test_json_rows_that_alternate_in_their_fields_are_written_together(tenant: Tenant) -> None:
    days = [f"{year}-01-{day:02d}" for year in range(1990, 2020) for day in range(1, 29)]
    rows = [
        {"sku": "A", "date": day, "price": 5, "units": 1, **({"promoted": True} if number % 2 else {})}
        for number, day in enumerate(days)
    ]
    body = "\n".join(json.dumps(row) for row in rows).encode()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        report = run_import(SALES, tenant.pk, MARKETPLACE, BytesIO(body), read_ndjson)
    assert report.imported == len(days)
    assert len(queries) < 20
    assert Sale.objects.filter(promoted=1).count() == len(days) / 2


def test_a_dry_run_of_sales_expects_the_products_of_the_dry_run_before(tenant: Tenant) -> None:
    expected: Expected = {}
    products = b"sku,title,price\nB,b,5\nC,c,x\n"
    run_import(PRODUCTS, tenant.pk, MARKETPLACE, BytesIO(products), read_csv, dry_run=True, expected=expected)
    sales = b"sku,date,price,units\nA,2026-03-12,5,1\nB,2026-03-12,5,1\nC,2026-03-12,5,1\n"
    report = run_import(SALES, tenant.pk, MARKETPLACE, BytesIO(sales), read_csv, dry_run=True, expected=expected)
    assert (report.imported, report.rejected) == (2, 1)
    assert Product.objects.count() == 1
    assert not Sale.objects.exists()
