"""Lists of a large catalogue: what a page costs, from its plan, and that the pages of every filter are the list."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from aijobs.api.wire.pagination import encode_cursor
from aijobs.models import Tenant
from tests.clients import Caller, caller
from tests.factories import TenantFactory
from workers.catalogue.api.filters import SEPARATOR
from workers.catalogue.kinds import KINDS
from workers.catalogue.pages import Order
from workers.changes.api.changes import NEWEST_FIRST
from workers.changes.models import Change

Listed = tuple[QuerySet[Any], Order]
# The rows of a tenant in each list, and how they are sorted.
ROWS: dict[str, Callable[[int], Listed]] = {
    **{kind.path: partial(lambda pages, tenant: (pages.rows(tenant), pages.order), kind.pages) for kind in KINDS},
    "price-changes": lambda tenant: (Change.objects.of(tenant).filter(kind="price"), NEWEST_FIRST),
}
# Two shops of the same size, whose rows lie between each other's. The SKUs 1 to 100 are on both marketplaces.
PRODUCTS, DAYS = 600, 40
FILL = """
INSERT INTO catalogue_product (tenant_id, marketplace, sku, title, price)
SELECT tenant, CASE WHEN number > 500 THEN 'ebay' ELSE 'amazon_us' END, 'SKU-' || number %% 500, 't', 10
FROM generate_series(1, %(products)s) number, unnest(%(tenants)s::bigint[]) tenant;
INSERT INTO catalogue_sale (product_id, tenant_id, marketplace, date, units, price)
SELECT id, tenant_id, marketplace, date '2026-01-01' + day, 1, 10
FROM catalogue_product, generate_series(1, %(days)s) day;
INSERT INTO catalogue_offer (product_id, tenant_id, marketplace, seller, fetched_at, price, currency)
SELECT id, tenant_id, marketplace, 'Rival', timestamptz '2026-01-01' + make_interval(days => day), 9, 'USD'
FROM catalogue_product, generate_series(1, %(days)s) day;
INSERT INTO catalogue_review (product_id, tenant_id, marketplace, external_id, body)
SELECT id, tenant_id, marketplace, 'R' || number, 'It works as it should.'
FROM catalogue_product, generate_series(1, %(days)s) number;
INSERT INTO catalogue_return (product_id, tenant_id, marketplace, return_id, date)
SELECT id, tenant_id, marketplace, 'R' || day, date '2026-01-01' + day
FROM catalogue_product, generate_series(1, %(days)s) day;
INSERT INTO catalogue_listing (product_id, tenant_id, marketplace, title)
SELECT id, tenant_id, marketplace, 't' FROM catalogue_product ORDER BY id;
INSERT INTO catalogue_competitorlisting (tenant_id, marketplace, external_id, product_id, title)
SELECT tenant_id, marketplace, 'B' || id || '-' || number, id, 't'
FROM catalogue_product, generate_series(1, %(days)s) number ORDER BY id, number;
INSERT INTO catalogue_keyword (tenant_id, marketplace, sku, product_id, keyword)
SELECT tenant_id, marketplace, sku, id, 'keyword ' || number
FROM catalogue_product, generate_series(1, %(days)s) number ORDER BY id, number;
INSERT INTO changes_change (tenant_id, product_id, marketplace, sku, currency, kind, before, after, reason, status,
    detail, warnings, read_back, created_at, attempts, not_before)
SELECT tenant_id, id, marketplace, sku, currency, 'price', '"10"', '"9"', '', 'applied', '', '[]', '', now(), 0, now()
FROM generate_series(1, %(days)s) day, catalogue_product;
ANALYZE catalogue_product, catalogue_sale, catalogue_offer, catalogue_review, catalogue_return, catalogue_listing,
    catalogue_competitorlisting, catalogue_keyword, changes_change;
"""
CHECKING = "SELECT set_config('session_replication_role', %s, false) WHERE current_setting('is_superuser') = 'on'"
FILTERS: list[dict[str, str]] = [
    {},
    {"marketplace": "amazon_us"},
    {"marketplace": "ebay"},
    {"sku": "SKU-50"},
    {"sku": "SKU-50", "marketplace": "ebay"},
]


@dataclass(frozen=True)
class Cost:
    """What a page's statements on the listed rows cost: the plans' nodes, and the buffers that they read."""

    nodes: list[dict[str, Any]]
    buffers: int

    @property
    def kinds(self) -> set[str]:
        return {node["Node Type"] for node in self.nodes}

    @property
    def filtered(self) -> int:
        """Rows that were read for nothing."""
        return sum(node.get("Rows Removed by Filter", 0) for node in self.nodes)


@pytest.fixture(scope="module")
def shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[Caller]:
    """Filled once: only read from here on."""
    with django_db_blocker.unblock():
        tenants: list[Tenant] = [TenantFactory(), TenantFactory()]
        with connection.cursor() as cursor:
            # Without looking at foreign keys, which only a superuser may leave out: half of the work.
            cursor.execute(CHECKING, ["replica"])
            cursor.execute(FILL, {"tenants": [each.pk for each in tenants], "products": PRODUCTS, "days": DAYS})
            cursor.execute(CHECKING, ["origin"])
        yield caller(tenants[0])
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE aijobs_tenant, aijobs_apikey CASCADE")


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


def cost_of(shop: Caller, name: str, **query: str | int) -> tuple[Cost, dict[str, Any]]:
    """What a page cost, and the page."""
    with CaptureQueriesContext(connection) as captured:
        answer = shop.get(f"/api/catalogue/{name}", **query)
    assert answer.status_code == 200, answer.content
    nodes: list[dict[str, Any]] = []
    buffers = 0
    with connection.cursor() as cursor:
        for statement in captured.captured_queries:
            # Changes of a marketplace that has most of them are read among the tenant's, and the few others skipped.
            if not re.search("catalogue_|changes_" if "sku" in query else "catalogue_", statement["sql"]):
                continue
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement["sql"])
            (found,) = cursor.fetchone()
            [told] = json.loads(found) if isinstance(found, str) else found
            plan = told["Plan"]
            # A page's products, and rows with long texts, are fetched by their ids: for that, a table of this size
            # need not use its index.
            if not re.search(r'"id" IN \(', statement["sql"]):
                nodes += nodes_of(plan)
            buffers += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return Cost(nodes, buffers), answer.json()


def deep_cursor(shop: Caller, name: str, query: dict[str, str]) -> dict[str, str]:
    """The cursor of a page 2,400 rows on, or of the last one. Reading what lies before would be 30 buffers more."""
    rows, order = ROWS[name](shop.tenant.pk)
    sku = "sku" if any(field.name == "sku" for field in rows.model._meta.fields) else "product__sku"
    listed = rows.filter(**{sku if each == "sku" else each: value for each, value in query.items()})
    before = min(2_400, listed.count() - 1)
    if not before:
        return {}
    key = order.key(listed.order_by(*order.terms)[before - 1])
    return {"cursor": encode_cursor(SEPARATOR.join(key))}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ROWS)
def test_a_page_is_one_stretch_of_an_index_wherever_it_lies(shop: Caller, name: str) -> None:
    for query in FILTERS:
        first, _ = cost_of(shop, name, limit=5, **query)
        deep, page = cost_of(shop, name, limit=5, **query, **deep_cursor(shop, name, query))
        assert page["data"], query
        for cost in (first, deep):
            assert not cost.kinds & {"Sort", "Incremental Sort", "Seq Scan", "Bitmap Heap Scan", "Hash Join"}, cost
            assert all("Index Cond" in node for node in cost.nodes if "Index" in node["Node Type"]), cost
            assert cost.filtered == 0, cost
        assert deep.buffers <= first.buffers + 12, query
