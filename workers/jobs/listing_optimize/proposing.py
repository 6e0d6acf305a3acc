"""The way of the listings: read, judged and improved by the rules, and, where an assistant was asked for, by it."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from aijobs import identifiers
from aijobs.errors import PermanentFailure, RunPostponed
from aijobs.outbound.failures import OutboundError
from aijobs.registry import Context
from workers.assistants.asking import Asker
from workers.assistants.connections import open_assistant
from workers.assistants.protocols import Usage
from workers.catalogue.models import Listing, Product
from workers.changes import replaying
from workers.jobs.listing_optimize import turns
from workers.jobs.listing_optimize.assisting import Writer, Written
from workers.jobs.listing_optimize.drafting import Draft, draft
from workers.jobs.listing_optimize.reading import Shelf, materials_of, shelf_of
from workers.jobs.listing_optimize.shapes import (
    AssistantUsed,
    Chunk,
    Failed,
    ListingParams,
    ListingReport,
    ListingResult,
)
from workers.jobs.listing_optimize.showing import failed, report_of
from workers.jobs.shared import Skipped, Tokens, dollars, products_of
from workers.listings.shapes import Field, Material
from workers.marketplaces import connections
from workers.marketplaces.models import Connection

# Listings in memory with all that is known about them, in questions under way at the same time, and computed once
# more where a run is lost.
CHUNK = 20
# Of the soft limit of 900 s: a run that is not ready by then is gone on with by another one.
WORK_SECONDS = 700.0


def propose_all(params: ListingParams, context: Context, connection: Connection) -> ListingResult:
    """What earlier attempts are ready with is taken as they left it.

    Raises PermanentFailure where there is no such listing, or the assistant is gone; and RunPostponed.
    """
    shelf = shelf_of(connection)
    products = _products(params, context)
    names = [name for name in params.fields if name in shelf.rules.fields]
    chunks = replaying.parts(context, Chunk)
    with _writer(params, context, shelf, names) as writer:
        # All that is known about a listing is let go with it: of a thousand it would be a gigabyte.
        left = _left(products, chunks, params)
        progress = _Progress(context, sum(len(chunk.listings) for chunk in chunks), len(left))
        chunks += _computed(left, shelf, names, writer, context, progress)
        used = writer.used
    reports = [report for chunk in chunks for report in chunk.listings]
    return ListingResult(
        processed_count=len(reports),
        updated_count=sum(bool(each.proposals) for each in reports),
        applies_to="marketplace" if connections.written_texts(connection) else "catalogue",
        assistant=writer.assistant,
        budget_exceeded=any(each.fallback == "BUDGET_EXCEEDED" for each in reports),
        cost=used.cost,
        tokens=Tokens(input=used.input_tokens, output=used.output_tokens),
        listings=reports,
        failures=[failure for chunk in chunks for failure in chunk.failures],
        skipped=_skipped(params, left, {each.sku for each in reports}),
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

    def write(self, drafts: Iterable[Draft]) -> Iterator[Written]:
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


@contextmanager
def _writer(
    params: ListingParams, context: Context, shelf: Shelf, names: Sequence[Field]
) -> Iterator[_RulesOnly | _Assisted]:
    if params.assistant is None:
        yield _RulesOnly()
        return
    day = identifiers.created_at(context.job_id).date()
    asker = Asker(context.tenant_id, context.job_id, day, dollars(params.max_cost), context.checkpoint)
    try:
        with open_assistant(context.tenant_id, params.assistant) as assistant:
            used = AssistantUsed(assistant=assistant.name, model=assistant.model)
            yield _Assisted(Writer(asker, assistant, shelf.rules, names), asker, used)
    except OutboundError as error:
        raise PermanentFailure(error.code, error.message) from None


def _left(products: Sequence[Product], chunks: Sequence[Chunk], params: ListingParams) -> list[Product]:
    """What no attempt is ready with yet. With `all`, others' turn may have come meanwhile: they do not add to it."""
    ready = {report.sku for chunk in chunks for report in chunk.listings}
    left = [product for product in products if product.sku not in ready]
    return left if params.skus is not None else left[: params.limit - len(ready)]


class _Progress:
    def __init__(self, context: Context, ready: int, left: int) -> None:
        self._context = context
        self._done = ready
        context.progress(ready, ready + left)

    def note(self, count: int = 1) -> None:
        self._done += count
        self._context.progress(self._done)


def _computed(
    products: Sequence[Product],
    shelf: Shelf,
    names: Sequence[Field],
    writer: _RulesOnly | _Assisted,
    context: Context,
    progress: _Progress,
) -> Iterator[Chunk]:
    """Chunk by chunk, each stored but the last one: behind that is the result. A run has one at least.

    Raises RunPostponed where the time is over.
    """
    give_up_at = time.monotonic() + WORK_SECONDS
    for first in range(0, len(products), CHUNK):
        some = products[first : first + CHUNK]
        materials = materials_of(some, shelf)
        progress.note(len(some) - len(materials))
        chunk = _chunk(writer.write(_drafts(materials, shelf, names, give_up_at)), list(materials), progress)
        if first + CHUNK < len(products) or len(chunk.listings) < len(materials):
            replaying.keep(context, chunk)
            if time.monotonic() > give_up_at:
                raise RunPostponed(0)
        yield chunk


def _drafts(
    materials: Mapping[str, Material], shelf: Shelf, names: Sequence[Field], give_up_at: float
) -> Iterator[Draft]:
    """Up to where the time is over: texts at their longest take seconds each."""
    for sku, material in materials.items():
        yield draft(sku, material, shelf.rules, names)
        if time.monotonic() > give_up_at:
            return


def _chunk(decided: Iterator[Written], order: Sequence[str], progress: _Progress) -> Chunk:
    listings: list[ListingReport] = []
    failures: list[Failed] = []
    for written in decided:
        listings.append(report_of(written))
        failures += failed(written)
        progress.note()
    place = {sku: index for index, sku in enumerate(order)}
    listings.sort(key=lambda each: place[each.sku])
    failures.sort(key=lambda each: place[each.sku])
    return Chunk(listings=listings, failures=failures)


def _skipped(params: ListingParams, left: Sequence[Product], reported: set[str]) -> list[Skipped]:
    """`left`: what this attempt was to do; earlier ones may have reported others."""
    known = reported | {product.sku for product in left}
    unknown = [sku for sku in params.skus or [] if sku not in known]
    return [
        *(Skipped(sku=sku, reason="UNKNOWN_SKU") for sku in unknown),
        *(
            Skipped(sku=product.sku, reason="NO_LISTING", detail="Import the product's listing first.")
            for product in left
            if product.sku not in reported
        ),
    ]
