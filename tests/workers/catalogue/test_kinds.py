"""What all kinds have in common: a list whose pages follow each other, and an import of its own example."""

from typing import Any

import pytest

from aijobs.api.wire.pagination import encode_cursor
from tests.clients import Caller
from tests.workers.catalogue.steps import add_products, all_pages, counts, listed, report
from workers.catalogue.api.filters import SEPARATOR
from workers.catalogue.importing.kind import Kind
from workers.catalogue.kinds import KINDS

pytestmark = pytest.mark.django_db

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@every_kind
def test_the_documented_example_is_imported_and_listed(owner: Caller, kind: Kind[Any]) -> None:
    add_products(owner, "SKU-001")
    told = report(owner, kind.path, kind.documentation.example)
    assert (sum(counts(told)), told["errors"]) == (1, [])
    [row] = listed(owner, kind.path)
    assert row.keys() == kind.pages.view.model_fields.keys()


@every_kind
def test_pages_of_one_row_are_the_whole_list(owner: Caller, kind: Kind[Any]) -> None:
    header, example, *_ = kind.documentation.example.split("\n")
    skus = [f"SKU-00{number}" for number in range(1, 4)]
    add_products(owner, *skus)
    report(owner, kind.path, "\n".join([header, *(example.replace("001", sku[-3:]) for sku in skus)]))
    found = all_pages(owner, kind.path, limit=1)
    assert found == listed(owner, kind.path)
    assert sorted(row["sku"] for row in found) == skus


def test_a_cursor_with_parts_missing_or_too_many_is_refused(owner: Caller) -> None:
    for kind in KINDS:
        for parts in {0, 1, 2, 3, 4} - {len(kind.pages.order.columns)}:
            answer = owner.get(f"/api/catalogue/{kind.path}", cursor=encode_cursor(SEPARATOR.join(["1"] * parts)))
            assert answer.status_code == 422, (kind.name, parts)


def test_a_cursor_that_no_offer_has_is_refused(owner: Caller) -> None:
    for key in (
        ("amazon_us", "x", "2026-03-12T14:32:01+00:00", "1"),
        ("amazon_us", "1", "then", "1"),
        ("amazon_us", "1", "2026-03-12T14:32:01", "1"),
        ("amazon_us", "1", "2026-03-12T14:32:01+00:00", "-1"),
    ):
        answer = owner.get("/api/catalogue/offers", cursor=encode_cursor(SEPARATOR.join(key)))
        assert answer.status_code == 422, key
