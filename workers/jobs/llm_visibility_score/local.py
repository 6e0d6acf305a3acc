"""The service's own assistant: a search over the tenant's listings and the stored listings of competitors.

It answers as the retrieval step of a shopping assistant does, and is named for what it is.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models.functions import Left

from aijobs.outbound.failures import Permanent
from workers.assistants.protocols import Answer, Citation, Prompt
from workers.catalogue.models import CompetitorListing, Product
from workers.jobs.llm_visibility_score.shapes import LOCAL
from workers.visibility.retrieval import Index, answer_of, mentions_of
from workers.visibility.retrieval import Product as Document
from workers.visibility.shapes import Brand, Mention

MOST_LISTINGS = 20_000
CHUNK = 2_000
# Of a description, which may be a whole page in HTML: all of it, of so many listings, would be gigabytes.
LONGEST_DESCRIPTION = 5_000


class LocalRetrieval:
    """An assistant."""

    name = LOCAL
    model = "bm25f"

    def __init__(self, tenant_id: int, marketplace: str, language: str) -> None:
        documents = [*_own(tenant_id, marketplace), *_competitors(tenant_id, marketplace)]
        self._index, self._language, self._marketplace = Index(documents, language), language, marketplace
        self._is_empty = not documents

    def ask(self, prompt: Prompt) -> Answer:
        """Empty where nothing fits. Raises Permanent where there is nothing to search."""
        if self._is_empty:
            raise Permanent(
                "EMPTY_CATALOGUE",
                f"The catalogue of {self._marketplace} has neither products nor competitors' listings to search. "
                "Import them, or configure an assistant.",
            )
        found = self._index.ranked(prompt.text)
        cited = tuple(Citation(each.product.url, each.product.title) for each in found if each.product.url)
        return Answer(answer_of(found), cited, model=self.model)

    def mentions(self, question: str, brands: Sequence[Brand]) -> list[Mention]:
        """What its answer to the question names."""
        return mentions_of(self._index.ranked(question), brands, self._language)


def _own(tenant_id: int, marketplace: str) -> Iterator[Document]:
    rows = Product.objects.of(tenant_id).filter(marketplace=marketplace).select_related("listing").order_by("sku")
    rows = rows.defer("listing__description").annotate(begins=Left("listing__description", LONGEST_DESCRIPTION))
    for product in rows[:MOST_LISTINGS].iterator(CHUNK):
        listing = getattr(product, "listing", None)
        title = (listing.title if listing else "") or product.title
        fields = {"title": title, "brand": product.brand, "category": product.category}
        if listing:
            fields |= _texts(listing.bullets, listing.attributes, _beginning(product))
            fields["category"] = listing.category or product.category
        yield Document(f"own {product.sku}", title, product.brand, fields)


def _competitors(tenant_id: int, marketplace: str) -> Iterator[Document]:
    rows = CompetitorListing.objects.of(tenant_id).filter(marketplace=marketplace).order_by("external_id")
    rows = rows.defer("description").annotate(begins=Left("description", LONGEST_DESCRIPTION))
    for each in rows[:MOST_LISTINGS].iterator(CHUNK):
        fields = {"title": each.title, "brand": each.brand, "category": each.category}
        fields |= _texts(each.bullets, each.attributes, _beginning(each))
        yield Document(f"other {each.external_id}", each.title, each.brand, fields, each.url)


def _beginning(row: Any) -> str:
    """Of the description, as both statements name it."""
    return str(row.begins)


def _texts(bullets: list[str], attributes: dict[str, str], description: str) -> dict[str, str]:
    return {"bullets": " ".join(bullets), "attributes": " ".join(attributes.values()), "description": description}
