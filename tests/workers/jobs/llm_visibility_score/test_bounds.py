"""A catalogue may be large: what is read of it is not."""

import pytest

from tests.clients import Caller
from tests.factories import CompetitorListingFactory, ListingFactory, ProductFactory
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.jobs.llm_visibility_score.steps import shop
from workers.assistants.protocols import Prompt
from workers.catalogue.models import Product
from workers.jobs.llm_visibility_score import topics
from workers.jobs.llm_visibility_score.local import LONGEST_DESCRIPTION, LocalRetrieval

pytestmark = pytest.mark.django_db


def test_the_search_reads_the_beginning_of_each_description(owner: Caller) -> None:
    listing = shop(owner).listing
    listing.description = f"Samovar. {'x ' * LONGEST_DESCRIPTION} Teapot."
    listing.save()
    CompetitorListingFactory.create(
        tenant=owner.tenant, title="Kettle", description=f"Gooseneck. {'x ' * LONGEST_DESCRIPTION} Carafe."
    )
    search = LocalRetrieval(owner.tenant.pk, MARKETPLACE, "en")
    found = {word: search.ask(Prompt(word)).text for word in ("samovar", "gooseneck", "teapot", "carafe")}
    assert [word for word, text in found.items() if text] == ["samovar", "gooseneck"]


def test_questions_are_made_of_the_first_products_of_a_large_brand(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "MOST_PRODUCTS", 2)
    for sku in ("A", "B", "C"):
        product = ProductFactory.create(tenant=owner.tenant, sku=sku, category="")
        ListingFactory.create(product=product, category=f"Category {sku}")
    products = Product.objects.of(owner.tenant.pk)
    assert [each.category for each in topics.topics_of(products, "en")] == ["Category A", "Category B"]
