"""The way of the listings: read, judged and improved by the rules, and, where an assistant was asked for, by it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aijobs import identifiers
from aijobs.errors import PermanentFailure, RunPostponed
from aijobs.outbound.failures import OutboundError
from aijobs.registry import Context
from workers.assistants.asking import Asker
from workers.assistants.connections import open_assistant
from workers.assistants.protocols import Usage
from workers.catalogue.models import Listing, Product
from workers.jobs.listing_optimize import turns
from workers.jobs.listing_optimize.assisting import Writer, Written
from workers.jobs.listing_optimize.drafting import Draft, draft
from workers.jobs.listing_optimize.reading import Shelf, materials_of, shelf_of
from workers.jobs.listing_optimize.shapes import (
    AssistantUsed,
    Failed,
    ListingParams,
    ListingReport,
    ListingResult,
)
from workers.jobs.listing_optimize.showing import failed, report_of
from workers.jobs.shared import Skipped, Tokens, dollars, products_of
from workers.listings.shapes import Field
from workers.marketplaces import connections
from workers.marketplaces.models import Connection

# Listings in memory with all that is known about them, and in questions under way at the same time.
CHUNK = 20
# Of the soft limit of 900 s: a run that is not ready by then is gone on with by another one.
WORK_SECONDS = 700.0


def propose_all(params: ListingParams, context: Context, connection: Connection) -> ListingResult:
    """Raises PermanentFailure where there is no such listing, or the assistant is gone; and RunPostponed."""
    shelf = shelf_of(connection)
    products = _products(params, context)
    names = [name for name in params.fields if name in shelf.rules.fields]
    reports: list[ListingReport] = []
    failures: list[Failed] = []
    with _writer(params, context, shelf, names) as writer:
        # All that is known about a listing is let go with it: of a thousand it would be a gigabyte.
        for written in _written(products, shelf, names, writer, context):
            reports.append(report_of(written))
            failures += failed(written)
        used = writer.used
    place = {product.sku: index for index, product in enumerate(products)}
    reports.sort(key=lambda each: place[each.sku])
    failures.sort(key=lambda each: place[each.sku])
    return ListingResult(
        processed_count=len(reports),
        updated_count=sum(bool(each.proposals) for each in reports),
        applies_to="marketplace" if connections.written_texts(connection) else "catalogue",
        assistant=writer.assistant,
        budget_exceeded=any(each.fallback == "BUDGET_EXCEEDED" for each in reports),
        cost=used.cost,
        tokens=Tokens(input=used.input_tokens, output=used.output_tokens),
        listings=reports,
        failures=failures,
        skipped=_skipped(params, products, {each.sku for each in reports}),
    )


def _products(params: ListingParams, context: Context) -> list[Product]:
    listings = Listing.objects.of(context.tenant_id).filter(marketplace=params.marketplace)
    if params.skus is None and not listings.exists():
        raise PermanentFailure(
            "NO_MATCHING_SKUS", f"There are no listings in the catalogue of {params.marketplace}. Import them first."
        )
    return products_of(params, context.tenant_id, turns.longest_ago_first)


class _RulesOnly:
    """Where no assistant was asked for."""

    assistant: AssistantUsed | None = None
    used = Usage()
    was_answered = False

    def write(self, drafts: Sequence[Draft]) -> Iterator[Written]:
        return (Written(each) for each in drafts)


class _Assisted:
    """With an assistant, and what it has cost."""

    def __init__(self, writer: Writer, asker: Asker, assistant: AssistantUsed) -> None:
        self.write = writer.write
        self._asker = asker
        self.assistant = assistant

    @property
    def used(self) -> Usage:
        return self._asker.used

    @property
    def was_answered(self) -> bool:
        return self._asker.was_answered


@contextmanager
def _writer(
    params: ListingParams, context: Context, shelf: Shelf, names: Sequence[Field]
) -> Iterator[_RulesOnly | _Assisted]:
    if params.assistant is None:
        yield _RulesOnly()
        return
    day = identifiers.created_at(context.job_id).date()
    asker = Asker(context.tenant_id, context.job_id, day, dollars(params.max_cost))
    try:
        with open_assistant(context.tenant_id, params.assistant) as assistant:
            used = AssistantUsed(assistant=assistant.name, model=assistant.model)
            yield _Assisted(Writer(asker, assistant, shelf.rules, names), asker, used)
    except OutboundError as error:
        raise PermanentFailure(error.code, error.message) from None


def _written(
    products: Sequence[Product],
    shelf: Shelf,
    names: Sequence[Field],
    writer: _RulesOnly | _Assisted,
    context: Context,
) -> Iterator[Written]:
    give_up_at = time.monotonic() + WORK_SECONDS
    done = 0
    context.progress(done, len(products))
    for first in range(0, len(products), CHUNK):
        chunk = products[first : first + CHUNK]
        materials = materials_of(chunk, shelf)
        done += len(chunk) - len(materials)
        for written in writer.write([draft(sku, each, shelf.rules, names) for sku, each in materials.items()]):
            done += 1
            context.progress(done)
            yield written
        if time.monotonic() > give_up_at and done < len(products) and writer.was_answered:
            # What was answered is stored. A run that was given nothing new would be repeated for nothing.
            raise RunPostponed(0)


def _skipped(params: ListingParams, products: Sequence[Product], reported: set[str]) -> list[Skipped]:
    known = {product.sku for product in products}
    unknown = [sku for sku in params.skus or [] if sku not in known]
    return [
        *(Skipped(sku=sku, reason="UNKNOWN_SKU") for sku in unknown),
        *(
            Skipped(sku=product.sku, reason="NO_LISTING", detail="Import the product's listing first.")
            for product in products
            if product.sku not in reported
        ),
    ]
