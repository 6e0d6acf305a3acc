"""A shop with a brand and rivals, assistants that answer by a script, and jobs over them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.factories import CompetitorListingFactory, ListingFactory, ProductFactory
from tests.workers.assistants import recorded
from tests.workers.assistants.server import Request
from tests.workers.catalogue.steps import MARKETPLACE
from workers.catalogue.models import Product
from workers.running import execute

BRAND, RIVAL = "Northfield", "Halden"
QUESTIONS = [f"Which bottle number {number} is the best for hiking?" for number in range(1, 9)]
PRAISE = "1. **Northfield Trail** – excellent, keeps tea warm\n2. **Halden Flask** – heavy"
BLAME = "I would avoid Northfield, it leaks. Halden is the best."


def shop(who: Caller) -> Product:
    """A product of the brand with a listing, and a rival's."""
    product: Product = ProductFactory(
        tenant=who.tenant, sku="BOTTLE", title="Steel Bottle", brand=BRAND, category="Drinkware"
    )
    ListingFactory(product=product, title="Northfield steel bottle 0.7 l", category="Home > Bottles")
    CompetitorListingFactory(
        tenant=who.tenant,
        brand=RIVAL,
        title="Halden insulated bottle",
        category="Bottles",
        url="https://halden.com/b",
    )
    return product


def dispatched(who: Caller, **params: object) -> UUID:
    sent = {"marketplace": MARKETPLACE, "brand": BRAND, **params}
    [job_id] = engine.dispatch(who.tenant, type="llm_visibility_score", params=sent)
    return job_id


def run(who: Caller, **params: object) -> Job:
    """A job, run at once."""
    job_id = dispatched(who, **params)
    execute(engine.start(job_id))
    return Job.objects.get(id=job_id)


def result_of(job: Job) -> dict[str, Any]:
    assert job.result is not None, f"{job.status} {job.error_code} {job.error_message}"
    result: dict[str, Any] = job.result
    return result


def saying(text: Callable[[str], str]) -> Callable[[Request], Any]:
    """The script of a provider: what it says to each question."""
    return lambda request: recorded.openai(text(request.prompt))
