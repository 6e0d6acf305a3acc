"""A catalogue may be large: what is read of it is not."""

import pytest

from tests.clients import Caller
from tests.factories import CompetitorListingFactory, ListingFactory, ProductFactory
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import FakeProvider
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.jobs.llm_visibility_score.steps import QUESTIONS, result_of, run, saying, shop
from workers.assistants.protocols import Prompt
from workers.catalogue.models import Product
from workers.jobs.llm_visibility_score import reading, topics
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


def test_a_result_is_bounded_however_much_the_answers_say(
    owner: Caller, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES_OF_QUOTES", 100 * len(QUESTIONS))
    shop(owner)
    configure(owner, provider)
    sites = " ".join(f"https://site{number}.example/" for number in range(90))
    provider.answer = saying(lambda _: f"Northfield {'ü' * 150} is good.\n\n{sites}")
    answers = result_of(run(owner, questions=QUESTIONS, samples=1))["questions"]
    quotes = [mention["quote"] for each in answers for mention in each["mentions"]]
    assert {len(quote.encode()) for quote in quotes} <= {99, 100}
    assert len(quotes) == len(QUESTIONS)
    assert {len(each["citations"]) for each in answers} == {20}


def test_questions_are_made_of_the_first_products_of_a_large_brand(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics, "MOST_PRODUCTS", 2)
    for sku in ("A", "B", "C"):
        product = ProductFactory.create(tenant=owner.tenant, sku=sku, category="")
        ListingFactory.create(product=product, category=f"Category {sku}")
    products = Product.objects.of(owner.tenant.pk)
    assert [each.category for each in topics.topics_of(products, "en")] == ["Category A", "Category B"]
