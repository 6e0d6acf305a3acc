"""What the database itself keeps to with listings, competitors' listings and keywords."""

import pytest
from django.db import IntegrityError

from tests.factories import CompetitorListingFactory, KeywordFactory, ListingFactory, ProductFactory
from workers.catalogue.models import CompetitorListing, Keyword, Listing

pytestmark = pytest.mark.django_db


def test_a_product_has_one_listing() -> None:
    listing = ListingFactory.create()
    with pytest.raises(IntegrityError):
        ListingFactory.create(product=listing.product)


def test_a_competitors_listing_is_known_by_its_id_within_a_marketplace() -> None:
    first = CompetitorListingFactory.create()
    CompetitorListingFactory.create(tenant=first.tenant, marketplace="amazon_de", external_id=first.external_id)
    with pytest.raises(IntegrityError):
        CompetitorListingFactory.create(tenant=first.tenant, external_id=first.external_id)


def test_a_keyword_is_a_products_or_the_whole_marketplaces() -> None:
    product = ProductFactory.create()
    KeywordFactory.create(tenant=product.tenant, keyword="bottle")
    KeywordFactory.create(tenant=product.tenant, keyword="bottle", sku=product.sku, product=product)
    with pytest.raises(IntegrityError):
        KeywordFactory.create(tenant=product.tenant, keyword="bottle")


@pytest.mark.parametrize("sku", ["", "SKU-001"])
def test_a_keyword_names_its_product_by_both_or_by_neither(sku: str) -> None:
    product = None if sku else ProductFactory.create()
    with pytest.raises(IntegrityError):
        KeywordFactory.create(sku=sku, product=product)


def test_rows_of_a_tenant_are_its_own() -> None:
    listing, rival, keyword = ListingFactory.create(), CompetitorListingFactory.create(), KeywordFactory.create()
    assert list(Listing.objects.of(listing.tenant_id)) == [listing]
    assert list(CompetitorListing.objects.of(rival.tenant_id)) == [rival]
    assert list(Keyword.objects.of(keyword.tenant_id)) == [keyword]
    assert not Listing.objects.of(rival.tenant_id).exists()


def test_what_belongs_to_a_product_goes_with_it() -> None:
    listing = ListingFactory.create()
    of_product = {"tenant": listing.tenant, "product": listing.product}
    CompetitorListingFactory.create(**of_product)
    KeywordFactory.create(sku=listing.product.sku, **of_product)
    listing.product.delete()
    assert [each.objects.count() for each in (Listing, CompetitorListing, Keyword)] == [0, 0, 0]
