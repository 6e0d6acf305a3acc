"""Listings to improve, jobs that do, and an assistant whose answers the tests choose."""

import json
from typing import Any
from uuid import UUID

from aijobs.models import Tenant
from tests import engine
from tests.clients import Caller
from tests.factories import (
    CompetitorListingFactory,
    KeywordFactory,
    ListingFactory,
    ProductFactory,
    ReviewFactory,
)
from tests.workers.assistants import recorded
from tests.workers.assistants.server import FakeProvider, Request
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.changes.jobs import result_of, run
from workers.catalogue.models import Listing

TITLE = "Steel Bottle 0.7 l BEST SELLER!"
BULLETS = ["Keeps tea warm for 12 hours", "Fits every cup holder", "FREE SHIPPING today"]
DESCRIPTION = "A bottle of stainless steel for 0.7 l. It keeps tea warm for 12 hours and fits every cup holder."
# What says nothing that the listing does not say, and breaks no rule.
GOOD = {
    "title": "Acme Stainless Steel Bottle 0.7 l, Keeps Tea Warm for 12 Hours",
    "bullets": ["Keeps tea warm for 12 hours", "Fits every cup holder", "Bottle of stainless steel for 0.7 l"],
    "description": DESCRIPTION,
    "search_terms": "tea cup holder",
}


def sell(tenant: Tenant, sku: str, marketplace: str = MARKETPLACE, **texts: Any) -> Listing:
    """A product with a listing that breaks rules."""
    product = ProductFactory.create(
        tenant=tenant, sku=sku, marketplace=marketplace, brand="Acme", title=f"Acme steel bottle {sku}"
    )
    said = {"title": TITLE, "bullets": BULLETS, "description": DESCRIPTION, "search_terms": "", **texts}
    attributes = {"Material": "Stainless steel", "Capacity": "0.7 l"}
    made: Listing = ListingFactory.create(product=product, attributes=attributes, category="Bottles", **said)
    return made


def surround(listing: Listing) -> None:
    """Competitors, keywords and reviews of it."""
    product = listing.product
    place = {"tenant": product.tenant, "marketplace": product.marketplace}
    CompetitorListingFactory.create(product=product, title="Insulated tea flask 0.7 l for hiking", **place)
    CompetitorListingFactory.create(category="Bottles", title="Vacuum flask for tea and hiking", **place)
    KeywordFactory.create(keyword="stainless steel bottle", volume=9000, **place)
    KeywordFactory.create(keyword="leakproof bottle", volume=5400, **place)
    opinion = {"aspect": "durability", "polarity": "negative", "text": "The lid cracked after a week"}
    for _ in range(3):
        ReviewFactory.create(
            product=product,
            body="The lid cracked after a week.",
            rating=1,
            analysed_with="a-model",
            aspects=[opinion],
        )


def dispatched(who: Caller, *skus: str, marketplace: str = MARKETPLACE, **params: Any) -> UUID:
    chosen: dict[str, object] = {"skus": skus} if skus else {"all": True}
    body = {**chosen, "marketplace": marketplace, **params}
    [job_id] = engine.dispatch(who.tenant, type="listing_optimize", params=body)
    return job_id


def optimised(who: Caller, *skus: str, marketplace: str = MARKETPLACE, **params: Any) -> dict[str, Any]:
    """The result of a job that is run at once."""
    return result_of(run(dispatched(who, *skus, marketplace=marketplace, **params)))


def only(result: dict[str, Any]) -> dict[str, Any]:
    """The one listing of a result."""
    [report] = result["listings"]
    found: dict[str, Any] = report
    return found


def proposed(report: dict[str, Any]) -> dict[str, Any]:
    """The proposed texts, by name."""
    return {each["field"]: each["proposed"] for each in report["proposals"]}


def stored(sku: str = "A") -> dict[str, Any]:
    listing = Listing.objects.get(product__sku=sku)
    return {name: getattr(listing, name) for name in GOOD}


def data_in(request: Request) -> dict[str, Any]:
    """What the prompt says about the listing."""
    begin, data, end = request.prompt.split("\n")[:3]
    assert begin.startswith("BEGIN DATA ")
    assert end == begin.replace("BEGIN", "END")
    found: dict[str, Any] = json.loads(data)
    return found


def says(provider: FakeProvider, *answers: dict[str, Any] | str) -> None:
    """What the assistant answers, one after the other; the last one again and again. Only the texts asked for."""
    left = list(answers)

    def answer(request: Request) -> dict[str, Any]:
        said = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(said, dict):
            said = json.dumps({name: said[name] for name in data_in(request)["write"]})
        return recorded.openai(said)

    provider.answer = answer
