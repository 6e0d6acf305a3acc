"""Lists of reviews and returns, whose texts may be long: a page ends before they are too many bytes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clients import Caller
from tests.factories import ListingFactory, ProductFactory, ReturnFactory, ReviewFactory
from tests.workers.catalogue.steps import add_products, all_pages
from workers.catalogue import pages
from workers.catalogue.kinds import RETURNS, REVIEWS
from workers.catalogue.kinds.reviews import LONGEST_BODY
from workers.catalogue.models import Product, Return, Review
from workers.catalogue.pages import MOST_BYTES, Asked

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(owner: Caller) -> Product:
    made: Product = ProductFactory(tenant=owner.tenant)
    return made


@contextmanager
def at_most(most: int) -> Iterator[None]:
    with patch.object(pages, "MOST_BYTES", most):
        yield


def page_of(who: Caller, kind: str, **query: str | int) -> tuple[list[dict[str, Any]], str | None]:
    """The rows, and the next cursor."""
    response = who.get(f"/api/catalogue/{kind}", **query)
    assert response.status_code == 200, response.content
    found = response.json()
    cursor: str | None = found["pagination"]["next_cursor"]
    assert found["pagination"]["has_more"] == (cursor is not None)
    return found["data"], cursor


def test_a_page_of_the_longest_reviews_ends_at_eight_megabytes(owner: Caller, product: Product) -> None:
    for _ in range(10):
        ReviewFactory(product=product, body="x" * LONGEST_BODY)
    rows, cursor = page_of(owner, "reviews", limit=200)
    assert len(rows) == MOST_BYTES // LONGEST_BODY == 8
    rest, last = page_of(owner, "reviews", limit=200, cursor=str(cursor))
    assert (len(rest), last) == (2, None)


def test_it_is_bytes_that_count(owner: Caller, product: Product) -> None:
    for _ in range(4):
        ReviewFactory(product=product, body="é" * 10)
        ReturnFactory(product=product, comment="é" * 10)
    for kind in ("reviews", "returns"):
        with at_most(40):
            assert len(page_of(owner, kind)[0]) == 2, kind
        with at_most(80):
            assert page_of(owner, kind)[1] is None, kind


def test_a_text_that_is_larger_than_a_page_may_be_is_a_page_by_itself(owner: Caller, product: Product) -> None:
    for size in (5, 50, 5):
        ReviewFactory(product=product, body="x" * size)
    with at_most(10):
        sizes = []
        cursor: dict[str, str] = {}
        while True:
            rows, following = page_of(owner, "reviews", **cursor)
            sizes.append([len(row["body"]) for row in rows])
            if following is None:
                break
            cursor = {"cursor": following}
    assert sizes == [[5], [50], [5]]


def test_rows_without_texts_cost_a_page_nothing(owner: Caller, product: Product) -> None:
    for _ in range(3):
        ReturnFactory(product=product, comment="")
    with at_most(0):
        assert len(page_of(owner, "returns")[0]) == 3


def test_pages_of_every_filter_are_the_whole_list(owner: Caller) -> None:
    for sku, marketplace in (("A", "amazon_us"), ("A", "ebay"), ("B", "amazon_us")):
        product = ProductFactory(tenant=owner.tenant, sku=sku, marketplace=marketplace)
        for size in (1, 30, 2, 9, 10, 11):
            ReturnFactory(product=product, comment="x" * size)
    queries: list[dict[str, str]] = [
        {},
        {"sku": "A"},
        {"marketplace": "amazon_us"},
        {"sku": "A", "marketplace": "ebay"},
    ]
    for query in queries:
        whole = all_pages(owner, "returns", **query)
        assert len(whole) == len({row["return_id"] for row in whole})
        with at_most(20):
            assert all_pages(owner, "returns", **query) == whole


@given(
    sizes=st.lists(st.integers(min_value=0, max_value=40), max_size=15),
    limit=st.integers(min_value=1, max_value=6),
    most=st.integers(min_value=0, max_value=60),
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_skipped_or_repeated_and_no_page_is_too_large_or_too_small(
    owner: Caller, product: Product, sizes: list[int], limit: int, most: int
) -> None:
    Review.objects.all().delete()
    Review.objects.bulk_create(
        Review(
            product=product,
            tenant=owner.tenant,
            marketplace=product.marketplace,
            external_id=str(number),
            body="x" * size,
        )
        for number, size in enumerate(sizes)
    )
    seen: list[int] = []
    key: list[str] | None = None
    with at_most(most):
        while True:
            page = REVIEWS.pages.after(Asked(owner.tenant.pk), key, limit)
            lengths = [len(row.body) for row in page.rows]
            seen += lengths
            assert len(lengths) <= limit
            assert len(lengths) <= 1 or sum(lengths) <= most
            key = page.next_key
            if key is None:
                break
            # It ends for a reason: the next one would not have fitted.
            following = sizes[::-1][len(seen)]
            assert len(lengths) == limit or sum(lengths) + following > most
    # The ones that were imported last come first.
    assert seen == sizes[::-1]


def test_listings_end_at_as_many_bytes(owner: Caller) -> None:
    for sku in ("A", "B", "C"):
        ListingFactory(product=ProductFactory(tenant=owner.tenant, sku=sku), description="x" * 10)
    with at_most(25):
        rows, cursor = page_of(owner, "listings")
        assert [row["sku"] for row in rows] == ["C", "B"]
        assert [row["sku"] for row in page_of(owner, "listings", cursor=str(cursor))[0]] == ["A"]


def test_rows_that_are_removed_while_a_page_is_read_are_left_out(owner: Caller, product: Product) -> None:
    made = [ReturnFactory(product=product, comment="x" * 10) for _ in range(5)]

    def remove(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        answer = execute(sql, *arguments)
        if "octet_length" in sql:
            Return.objects.filter(pk__in=[made[3].pk, made[4].pk]).delete()
        return answer

    with at_most(20):
        with connection.execute_wrapper(remove):
            rows, cursor = page_of(owner, "returns")
        assert (rows, cursor is None) == ([], False)
        rows, cursor = page_of(owner, "returns", cursor=str(cursor))
        assert [row["return_id"] for row in rows] == [made[2].return_id, made[1].return_id]


def test_another_tenants_rows_are_not_read(owner: Caller, outsider: Caller, product: Product) -> None:
    ReviewFactory(product=product)
    assert page_of(outsider, "reviews") == ([], None)


def test_only_lists_with_long_texts_are_measured(owner: Caller) -> None:
    add_products(owner, "A", "B")
    for kind, statements in (
        ("products", 1),
        ("sales", 1),
        ("offers", 1),
        (RETURNS.name, 1),
        (REVIEWS.name, 1),
        ("listings", 1),
        ("keywords", 1),
    ):
        with CaptureQueriesContext(connection) as captured:
            page_of(owner, kind)
        of_rows = [each["sql"] for each in captured if "catalogue_" in each["sql"]]
        assert len(of_rows) == statements, of_rows
        assert any("octet_length" in each for each in of_rows) == (kind in ("reviews", "returns", "listings"))
