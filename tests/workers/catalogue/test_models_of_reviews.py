"""What the database itself refuses of reviews and returns."""

from typing import Any

import pytest
from django.db import IntegrityError

from tests.factories import ReturnFactory, ReviewFactory
from workers.catalogue.models import Return, Review

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "wrong",
    [{"rating": 0}, {"rating": 6}, {"label": "mixed"}, {"score": 1.1}, {"score": -1.1}, {"confidence": 1.01}],
    ids=str,
)
def test_a_review_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        ReviewFactory.create(**wrong)


@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"confidence": -0.1}], ids=str)
def test_a_return_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        ReturnFactory.create(**wrong)


def test_ids_are_unique_within_a_product() -> None:
    review, returned = ReviewFactory.create(), ReturnFactory.create()
    ReviewFactory.create(external_id=review.external_id)
    ReturnFactory.create(return_id=returned.return_id)
    with pytest.raises(IntegrityError):
        ReviewFactory.create(product=review.product, external_id=review.external_id)


def test_rows_of_a_tenant_are_its_own() -> None:
    review, returned = ReviewFactory.create(), ReturnFactory.create()
    assert list(Review.objects.of(review.tenant_id)) == [review]
    assert list(Return.objects.of(returned.tenant_id)) == [returned]
    assert not Return.objects.of(review.tenant_id).exists()


def test_a_new_row_is_not_looked_at() -> None:
    review, returned = ReviewFactory.create(), ReturnFactory.create()
    assert (review.label, review.analysed_with, review.aspects, review.flags) == ("", "", [], [])
    assert (returned.reason, returned.classified_with, returned.classification) == ("", "", {})
