"""Imports and reads of a large catalogue: `python -m tests.benchmarks.catalogue`.

On a PostgreSQL of its own, which writes to disk as in production. Prints seconds beside what is promised.
"""

import json
import os
import shutil
import tempfile
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import django

if TYPE_CHECKING:
    from tests.clients import Caller

T = TypeVar("T")
PRODUCTS = 5_000
DAYS = 200
MARKETPLACE = "amazon_us"
LAST = date(2026, 3, 31)


@contextmanager
def database() -> Iterator[None]:
    folder = Path(tempfile.mkdtemp(prefix="aijobs-benchmark-"))
    os.environ.update(AIJOBS_DATA_DIR=str(folder), DJANGO_SETTINGS_MODULE="tests.settings", LOG_LEVEL="WARNING")
    os.environ["ALLOWED_HOSTS"] = "testserver"
    for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL"):
        os.environ.pop(name, None)
    from config.local.servers import PostgreSQL

    server = PostgreSQL(folder)
    try:
        server.start()
        server.wait_ready()
        server.create_database()
        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        yield
        connections.close_all()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def timed(what: str, promised: float | None, task: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = task()
    seconds = time.perf_counter() - started
    print(f"{what:<58} {seconds:8.2f} s" + (f"   (promised: {promised:g} s)" if promised else ""), flush=True)
    return result


def product_file() -> BytesIO:
    rows = (f"SKU-{number:05d},Title of product {number},9.99,4.20\n" for number in range(PRODUCTS))
    return BytesIO(("sku,title,price,cost\n" + "".join(rows)).encode())


def sale_file(units: int) -> BytesIO:
    """Day by day, as a shop exports them."""
    days = [(LAST - timedelta(days=offset)).isoformat() for offset in reversed(range(DAYS))]
    rows = (
        f"SKU-{number:05d},{day},{9 + (number * 7 + index) % 100 / 100:.2f},{(number + index + units) % 50},false\n"
        for index, day in enumerate(days)
        for number in range(PRODUCTS)
    )
    return BytesIO(("sku,date,price,units,promoted\n" + "".join(rows)).encode())


def sales_as_json() -> BytesIO:
    """100,000 rows that differ in their fields."""
    rows = []
    for number in range(100_000):
        row = {"sku": f"SKU-{number % PRODUCTS:05d}", "date": f"2024-01-{1 + number // PRODUCTS:02d}", "price": 9.99}
        rows.append(json.dumps(row | {"units": number % 9} | ({"promoted": True} if number % 3 == 0 else {})))
    return BytesIO("\n".join(rows).encode())


def measure() -> None:
    from tests.clients import caller
    from tests.factories import TenantFactory
    from workers.catalogue.files import Said, import_file
    from workers.catalogue.kinds import PRODUCTS as PRODUCT_ROWS
    from workers.catalogue.kinds import SALES
    from workers.catalogue.models import Product
    from workers.jobs.pricing_recalculate.reading import load_sales

    shop = caller(TenantFactory())
    said = Said(MARKETPLACE)
    products = partial(import_file, shop.tenant, said=said, kind=PRODUCT_ROWS)
    sales = partial(import_file, shop.tenant, kind=SALES)
    timed(f"{PRODUCTS:,} products", None, partial(products, product_file()))
    for what, units in [("new", 0), ("once more", 0), ("every row corrected", 1)]:
        report = timed(f"1,000,000 sales, {what}", 60, partial(sales, sale_file(units), said=said)).report
        assert report.imported + report.updated == PRODUCTS * DAYS, report
    timed("1,000,000 sales, a dry run", None, partial(sales, sale_file(2), said=Said(MARKETPLACE, dry_run=True)))
    timed("100,000 sales, JSON that differs in fields", None, partial(sales, sales_as_json(), said=said))

    skus = [f"SKU-{number:05d}" for number in range(0, PRODUCTS, PRODUCTS // 1000)]
    wanted = Product.objects.of(shop.tenant.pk).filter(marketplace=MARKETPLACE, sku__in=skus)
    found: list[Product] = timed("read 1,000 products", None, partial(list, wanted))
    for turn in ("first", "again"):
        arrays = timed(f"read 1,000 × 180 sales, {turn}", 0.7, partial(load_sales, found, LAST, 180))
        assert len(arrays.day) == 180_000

    # The first request loads the application.
    shop.get("/api/catalogue/price-changes")
    for kind, pages in [("products", 25), ("sales", 100)]:
        for query in ("", "?marketplace=amazon_us", "?sku=SKU-02500"):
            timed(f"GET {kind}{query}", None, partial(shop.get, f"/api/catalogue/{kind}{query}"))
        timed(f"all of {pages} pages of 200 {kind}", None, partial(walk, shop, kind, pages))

    measure_pages(shop)


# Beside the sales that were imported: offers, and changes of prices, each at two marketplaces, and another tenant's.
FILL = """
INSERT INTO catalogue_product (tenant_id, marketplace, sku, title, price)
SELECT tenant, marketplace, 'SKU-' || lpad(number::text, 5, '0'), 'Title', 9.99
FROM generate_series(0, 4999) number, unnest(ARRAY[%(ours)s::bigint, %(other)s]) tenant,
    unnest(ARRAY['amazon_us', 'ebay']) marketplace
ON CONFLICT DO NOTHING;
INSERT INTO catalogue_offer (product_id, tenant_id, marketplace, seller, fetched_at, price, currency)
SELECT id, tenant_id, marketplace, 'Rival ' || number %% 5,
    timestamptz '2026-03-31' - make_interval(hours => number), 9, 'USD'
FROM generate_series(1, 100) number, catalogue_product;
INSERT INTO changes_change (tenant_id, product_id, marketplace, sku, currency, kind, before, after, reason, status,
    detail, warnings, read_back, created_at, attempts, not_before)
SELECT tenant_id, id, marketplace, sku, currency, 'price', '"10"', '"9"', '', 'applied', '', '[]', '', now(), 0, now()
FROM generate_series(1, 50) number, catalogue_product;
ANALYZE;
"""
LISTS = ["products", "sales", "offers", "price-changes"]
QUERIES: list[dict[str, str]] = [
    {},
    {"marketplace": "amazon_us"},
    {"sku": "SKU-02500"},
    {"sku": "SKU-02500", "marketplace": "amazon_us"},
]


def measure_pages(shop: "Caller") -> None:
    """The database's time for the first and the thousandth page, which is 10 ms at most."""
    from django.db import connection

    from tests.factories import TenantFactory

    with connection.cursor() as cursor:
        cursor.execute(FILL, {"ours": shop.tenant.pk, "other": TenantFactory().pk})
        for table in ("catalogue_product", "catalogue_sale", "catalogue_offer", "changes_change"):
            cursor.execute(f"SELECT count(*), pg_table_size(%s), pg_indexes_size(%s) FROM {table}", [table, table])  # noqa: S608  # ours
            rows, size, indexes = cursor.fetchone()
            print(f"{table}: {rows:,} rows, {size >> 20} MB, and {indexes >> 20} MB of indexes")
    for name in LISTS:
        for query in QUERIES:
            _, taken = page(shop, name, query, measured=True)
            print(f"GET {name} {query or ''}, page 1: {taken:.2f} ms in the database", flush=True)
            behind: dict[str, str] = {}
            # Page 1,000 of 50 rows, by way of longer ones.
            for _ in range(250):
                answer, _ = page(shop, name, {**query, **behind, "limit": "200"}, measured=False)
                if not answer["has_more"]:
                    break
                behind = {"cursor": answer["next_cursor"]}
            if behind:
                _, taken = page(shop, name, {**query, **behind}, measured=True)
                print(f"GET {name} {query or ''}, a page far behind: {taken:.2f} ms in the database", flush=True)


def page(shop: "Caller", name: str, query: dict[str, str], measured: bool) -> tuple[dict[str, str], float]:
    """Its pagination, and the milliseconds that planning and executing its statements took."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    if not measured:
        return shop.get(f"/api/catalogue/{name}", **query).json()["pagination"], 0.0
    with CaptureQueriesContext(connection) as captured:
        answer = shop.get(f"/api/catalogue/{name}", **query).json()["pagination"]
    taken = 0.0
    with connection.cursor() as cursor:
        for statement in captured.captured_queries:
            if statement["sql"].startswith("SELECT"):
                cursor.execute("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + statement["sql"])
                ((found,),) = cursor.fetchall()
                [told] = json.loads(found) if isinstance(found, str) else found
                taken += told["Planning Time"] + told["Execution Time"]
    return answer, taken


def walk(shop: "Caller", kind: str, pages: int) -> None:
    cursor: dict[str, str] = {}
    for _ in range(pages):
        page = shop.get(f"/api/catalogue/{kind}", limit=200, **cursor).json()["pagination"]
        if not page["has_more"]:
            return
        cursor = {"cursor": page["next_cursor"]}


if __name__ == "__main__":
    ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter).parse_args()
    with database():
        measure()
