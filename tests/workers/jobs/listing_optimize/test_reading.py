"""What is known about a listing: of its tenant, marketplace and product, and no more than a prompt can hold."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.clients import Caller
from tests.factories import CompetitorListingFactory, KeywordFactory, ReviewFactory
from tests.workers.catalogue.steps import MARKETPLACE, report
from tests.workers.jobs.listing_optimize.steps import sell
from workers.catalogue.models import Listing
from workers.jobs.listing_optimize.reading import MOST_REVIEWS, Shelf, materials_of, shelf_of
from workers.listings.rulebook import rules_of
from workers.listings.shapes import Competitor, Evidence, Keyword, Material
from workers.marketplaces.models import Connection

pytestmark = pytest.mark.django_db


@pytest.fixture
def listing(owner: Caller) -> Listing:
    return sell(owner.tenant, "A")


def shelf(listing: Listing) -> Shelf:
    return Shelf(listing.tenant_id, MARKETPLACE, rules_of(MARKETPLACE), "en")


def known(listing: Listing) -> Material:
    return materials_of([listing.product], shelf(listing))["A"]


@pytest.mark.parametrize(
    ("name", "connector", "settings", "rules", "language"),
    [
        ("amazon_de", "catalogue", {}, "amazon", "de"),
        ("germany", "amazon", {"country": "DE"}, "amazon", "de"),
        ("my_shop", "shopify", {}, "shopify", "en"),
        ("my_shop", "catalogue", {}, "neutral", "en"),
        ("ebay_fr", "web", {}, "ebay", "fr"),
    ],
)
def test_the_rules_and_the_language_are_the_marketplaces(
    name: str, connector: str, settings: dict[str, str], rules: str, language: str
) -> None:
    found = shelf_of(Connection(tenant_id=1, name=name, connector=connector, settings=settings))
    assert (found.rules.name, found.language) == (rules, language)


def test_the_listing_is_read_with_its_product(listing: Listing) -> None:
    found = known(listing)
    assert (found.listing.title, found.listing.bullets) == (listing.title, tuple(listing.bullets))
    assert (found.listing.brand, found.product_title) == ("Acme", "Acme steel bottle A")
    assert found.listing.attributes == {"Material": "Stainless steel", "Capacity": "0.7 l"}


def test_competitors_are_the_products_own_and_those_of_its_category(listing: Listing, outsider: Caller) -> None:
    place = {"tenant": listing.tenant, "marketplace": MARKETPLACE}
    CompetitorListingFactory.create(title="Of the category", category="Bottles", **place)
    CompetitorListingFactory.create(title="Its own", product=listing.product, **place)
    CompetitorListingFactory.create(title="Of another product", product=sell(listing.tenant, "B").product, **place)
    CompetitorListingFactory.create(title="Of another category", category="Cups", **place)
    CompetitorListingFactory.create(title="Elsewhere", category="Bottles", tenant=listing.tenant, marketplace="ebay")
    CompetitorListingFactory.create(title="Not ours", category="Bottles", tenant=outsider.tenant)
    assert known(listing).competitors == (
        Competitor("Its own", brand="Rivalware"),
        Competitor("Of the category", brand="Rivalware"),
    )


def test_keywords_are_the_products_own_and_what_of_the_marketplaces_is_about_it(
    listing: Listing, outsider: Caller
) -> None:
    place = {"tenant": listing.tenant, "marketplace": MARKETPLACE}
    KeywordFactory.create(keyword="bottle", volume=9000, **place)
    KeywordFactory.create(keyword="bottle holder", volume=None, **place)
    KeywordFactory.create(keyword="phone case", volume=900_000, **place)
    KeywordFactory.create(keyword="steel bottle", volume=10, product=listing.product, sku="A", **place)
    KeywordFactory.create(keyword="not ours", tenant=outsider.tenant)
    assert known(listing).keywords == (
        Keyword("steel bottle", 10),
        Keyword("bottle", 9000),
        Keyword("bottle holder", None),
    )


def test_keywords_that_ask_are_shoppers_questions(owner: Caller, listing: Listing) -> None:
    rows = "question,sku\nDoes this flask keep tea warm?,A\nIs this flask heavy?,A\n"
    assert report(owner, "keywords", rows)["imported"] == 2
    assert known(listing).questions == ("does this flask keep tea warm?", "is this flask heavy?")
    assert known(listing).keywords == ()


def test_the_keywords_of_a_marketplace_are_read_once_for_all_listings(listing: Listing) -> None:
    KeywordFactory.create(tenant=listing.tenant, marketplace=MARKETPLACE, keyword="bottle", volume=None)
    place = shelf(listing)
    materials_of([listing.product], place)
    with CaptureQueriesContext(connection) as asked:
        assert materials_of([listing.product], place)["A"].keywords == (Keyword("bottle", None),)
    assert sum("catalogue_keyword" in each["sql"] for each in asked.captured_queries) == 1


def test_opinions_are_counted_by_review_and_quoted_from_the_surest(listing: Listing) -> None:
    opinion = {"aspect": "durability", "polarity": "negative", "text": "It broke"}
    for confidence, text in ((0.6, "It broke"), (0.9, "It broke at once")):
        said = [{**opinion, "text": text}] * 2
        ReviewFactory.create(product=listing.product, confidence=confidence, aspects=said)
    ReviewFactory.create(product=listing.product, aspects=[opinion], flags=["suspected_spam"])
    [found] = known(listing).evidence
    assert found == Evidence("durability", "negative", "It broke at once", 2)


def test_only_the_newest_reviews_are_read_and_each_no_further_than_needed(listing: Listing) -> None:
    for number in range(MOST_REVIEWS + 2):
        ReviewFactory.create(product=listing.product, title="", body=f"Number {number}. " + "x" * 3000)
    found = known(listing).reviews
    assert len(found) == MOST_REVIEWS
    assert all(len(each) == 2000 for each in found)
    assert found[-1].startswith(f"Number {MOST_REVIEWS + 1}.")


def test_it_is_the_same_every_time(listing: Listing) -> None:
    """An attempt after a crash asks the same questions, whose answers are stored."""
    for number in range(5):
        ReviewFactory.create(product=listing.product, body=f"Number {number}")
        CompetitorListingFactory.create(tenant=listing.tenant, category="Bottles", title=f"Number {number}")
        KeywordFactory.create(tenant=listing.tenant, keyword=f"bottle {number}", volume=None)
    assert known(listing) == known(listing)
