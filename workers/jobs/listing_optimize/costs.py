"""What a job costs at most: each listing, as often as it is asked about, by the prices set for the assistant."""

from decimal import Decimal

from django.db.models import Count, F, Func, IntegerField, Sum, TextField
from django.db.models.functions import Cast

from workers.assistants import accounting, connections
from workers.catalogue.models import Listing
from workers.jobs.listing_optimize.reading import shelf_of
from workers.jobs.listing_optimize.shapes import ListingParams
from workers.jobs.shared import dollars
from workers.listings.lexicons import LISTED
from workers.marketplaces import connections as marketplaces

# How often an assistant is asked about a listing: a text that is refused is asked for once more.
ATTEMPTS = 2
# Of an answer. A long description and five bullets have a thousand; a text in Japanese three times as many.
MOST_TOKENS = 4000
# Of a prompt, beside the listing's own texts: the instructions, the marketplace's rules, search terms, customers'
# words, and why a text was refused. Fewer do nearly always.
BYTES_BESIDE = 10_000
TEXTS = ("title", "bullets", "description", "search_terms", "attributes", "category")


def _bytes_of(text: str) -> Func:
    return Func(Cast(text, TextField()), function="octet_length", output_field=IntegerField())


BYTES = sum((_bytes_of(text) for text in TEXTS[1:]), _bytes_of(TEXTS[0]))


def _is_checked(marketplace: str, tenant_id: int) -> bool:
    """Whether an assistant is asked for texts in the marketplace's language."""
    connection = marketplaces.find(tenant_id, marketplace)
    return connection is None or shelf_of(connection).language in LISTED


def estimate_cost(params: ListingParams, tenant_id: int) -> Decimal:
    """Every text is taken to be refused once, and every answer to be as long as it may be."""
    assistant = connections.find(tenant_id, params.assistant) if params.assistant else None
    if assistant is None or not _is_checked(params.marketplace, tenant_id):
        return Decimal(0)
    listings = Listing.objects.of(tenant_id).filter(marketplace=params.marketplace)
    if params.skus is None:
        turn = (F("optimised_at").asc(nulls_first=True), "id")
        listings = listings.order_by(*turn)[: params.limit]
    else:
        listings = listings.filter(product__sku__in=params.skus)
    found = listings.annotate(size=BYTES).aggregate(number=Count("id"), bytes=Sum("size"))
    number: int = found["number"]
    if not number:
        return Decimal(0)
    said = -(-found["bytes"] // number) + BYTES_BESIDE
    once = connections.cost_of(assistant, accounting.tokens_in(said), MOST_TOKENS)
    total, limit = number * ATTEMPTS * once, dollars(params.max_cost)
    return total if limit is None else min(total, limit)
