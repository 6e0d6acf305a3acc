"""What jobs read of a large catalogue are stretches of an index."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.clients import Caller
from tests.factories import CompetitorListingFactory, ListingFactory, ProductFactory
from tests.workers.catalogue.steps import MARKETPLACE
from workers.catalogue.models import CompetitorListing
from workers.jobs.listing_optimize import reading
from workers.jobs.listing_optimize.reading import Shelf
from workers.jobs.llm_visibility_score import subject
from workers.jobs.llm_visibility_score.shapes import VisibilityParams
from workers.listings.rulebook import rules_of

pytestmark = pytest.mark.django_db
ROWS = 4_000
# Eight times what a run reads of them: of a table that it reads as a whole, the planner takes the index or not by how
# many dead rows other tests have left there.
KEYWORDS = 8 * reading.MOST_OF_MARKETPLACE
FILL = """
INSERT INTO catalogue_product (tenant_id, marketplace, sku, title, brand, currency, price)
SELECT %(tenant)s, %(marketplace)s, 'SKU-' || n, 'Bottle', 'Brand ' || n %% 100, 'USD', 10
FROM generate_series(1, %(rows)s) AS n;
INSERT INTO catalogue_competitorlisting (tenant_id, marketplace, external_id, brand, title, category)
SELECT %(tenant)s, %(marketplace)s, 'B' || n * 7919 %% 1000003, 'Rival', 'Bottle', 'Category ' || n %% 100
FROM generate_series(1, %(rows)s) AS n;
INSERT INTO catalogue_keyword (tenant_id, marketplace, keyword, volume)
SELECT %(tenant)s, %(marketplace)s, 'keyword ' || n, n * 7919 %% 100003
FROM generate_series(1, %(keywords)s) AS n;
ANALYZE catalogue_product, catalogue_competitorlisting, catalogue_keyword;
"""


@pytest.fixture
def catalogue(owner: Caller) -> Caller:
    with connection.cursor() as cursor:
        cursor.execute(
            FILL, {"tenant": owner.tenant.pk, "marketplace": MARKETPLACE, "rows": ROWS, "keywords": KEYWORDS}
        )
    return owner


def indexes_of(task: Callable[[], object], table: str) -> set[str]:
    """Those that the statements on that table use, of which none reads all its rows."""
    with CaptureQueriesContext(connection) as captured:
        task()
    found: set[str] = set()
    with connection.cursor() as cursor:
        for statement in captured.captured_queries:
            if f'FROM "{table}"' in statement["sql"]:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {statement['sql']}")
                (told,) = cursor.fetchone()
                [plan] = json.loads(told) if isinstance(told, str) else told
                nodes = list(nodes_of(plan["Plan"]))
                found |= {node["Index Name"] for node in nodes if "Index Name" in node}
                assert "Seq Scan" not in {node["Node Type"] for node in nodes}
    return found


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes_of(child)


def test_a_brands_products_are_found_in_any_case_of_letters(catalogue: Caller) -> None:
    params = VisibilityParams(marketplace=MARKETPLACE, brand="BRAND 7")  # type: ignore[arg-type]  # a name is short
    products = subject.products_of(params, catalogue.tenant.pk)
    assert products.count() == ROWS / 100
    assert indexes_of(products.exists, "catalogue_product") == {"product_brand"}
    assert indexes_of(lambda: list(products.order_by("sku")[:2000]), "catalogue_product") == {"product_brand"}


def test_a_categorys_competitors_and_the_keywords_with_most_searches(catalogue: Caller) -> None:
    product = ProductFactory.create(tenant=catalogue.tenant, sku="MINE")
    ListingFactory.create(product=product, category="Category 7")

    def read() -> object:
        # A new run's: the marketplace's keywords are read once in each.
        return reading.materials_of([product], Shelf(catalogue.tenant.pk, MARKETPLACE, rules_of(MARKETPLACE), "en"))

    # Those of a product of its own are by another.
    used = indexes_of(read, "catalogue_competitorlisting")
    assert used == {"competitor_listing_category", "competitor_listing_page"}
    assert "keyword_volume" in indexes_of(read, "catalogue_keyword")


def test_the_longest_category_fits_its_index(owner: Caller) -> None:
    """Of letters of four bytes, in an order that nothing makes shorter."""
    letters = "".join(chr(0x20000 + number * 7919 % 40_000) for number in range(700))
    long = letters[:500]
    CompetitorListingFactory.create(tenant=owner.tenant, category=long, external_id=letters[500:])
    assert CompetitorListing.objects.of(owner.tenant.pk).in_category(long).count() == 1
