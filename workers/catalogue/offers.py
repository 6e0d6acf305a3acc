"""Competitors' offers and scans: what is current, what was before, and what a scan adds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from aijobs import sql
from workers.catalogue.importing.writing import line, upsert
from workers.catalogue.kinds import OFFERS
from workers.catalogue.models import Scan

# An offer that was not seen again for so long, while newer ones of the product were, is taken to be gone.
GONE_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class StoredOffer:
    product_id: int
    # The product's.
    tenant_id: int
    marketplace: str
    seller: str
    condition: str
    fulfilment: str
    fetched_at: datetime
    price: Decimal
    shipping: Decimal
    currency: str
    is_buy_box: bool
    availability: str
    tax_included: bool | None
    source: str
    url: str
    points: Decimal


# Where the marketplace itself was asked for a condition, whoever was not in its answer has left.
CURRENT = """
SELECT DISTINCT ON (offer.product_id, seller, offer.condition, fulfilment)
    offer.product_id, tenant_id, marketplace, seller, offer.condition, fulfilment, fetched_at, price, shipping,
    currency, is_buy_box, availability, tax_included, source, url, points
FROM unnest(%(products)s::bigint[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT max(fetched_at) AS at FROM catalogue_offer WHERE product_id = wanted.id
) newest
CROSS JOIN unnest(%(conditions)s::text[]) AS asked(condition)
LEFT JOIN LATERAL (
    SELECT scanned_at AS at FROM catalogue_scan
    WHERE product_id = wanted.id AND fetched AND asked.condition = ANY(conditions)
    ORDER BY scanned_at DESC LIMIT 1
) answer ON true
JOIN catalogue_offer offer ON offer.product_id = wanted.id AND offer.condition = asked.condition
    AND fetched_at >= greatest(newest.at - %(gone_after)s::interval, answer.at)
ORDER BY offer.product_id, seller, offer.condition, fulfilment, fetched_at DESC
"""


def current(product_ids: Sequence[int], conditions: Collection[str]) -> dict[int, list[StoredOffer]]:
    """The offers of these conditions that stand, by product; a product without any is not in it."""
    found: dict[int, list[StoredOffer]] = {}
    parameters = {"products": list(product_ids), "conditions": list(conditions), "gone_after": GONE_AFTER}
    for row in sql.rows(StoredOffer, CURRENT, parameters):
        found.setdefault(row.product_id, []).append(row)
    return found


@dataclass(frozen=True, slots=True)
class LastScan:
    product_id: int
    scanned_at: datetime
    fetched: bool
    sellers: list[str]
    lowest_landed: Decimal | None


LAST_SCANS = """
SELECT scan.product_id, scanned_at, fetched, sellers, lowest_landed
FROM unnest(%(products)s::bigint[]) AS wanted(id)
CROSS JOIN LATERAL (
    SELECT * FROM catalogue_scan
    WHERE product_id = wanted.id AND job_id <> %(job)s AND conditions = %(conditions)s::varchar[]
    ORDER BY scanned_at DESC LIMIT 1
) scan
"""


def last_scans(product_ids: Sequence[int], conditions: Sequence[str], job_id: UUID) -> dict[int, LastScan]:
    """Each product's last scan of the same conditions, sorted, by another job: this one may run a second time."""
    parameters = {"products": list(product_ids), "conditions": list(conditions), "job": job_id}
    found = sql.rows(LastScan, LAST_SCANS, parameters)
    return {row.product_id: row for row in found}


def store(offers: Sequence[StoredOffer]) -> None:
    """Add what a marketplace answered to the history. Twice the same does no harm."""
    columns = tuple(StoredOffer.__dataclass_fields__)
    rows = {tuple(getattr(offer, name) for name in OFFERS.table.key): offer for offer in offers}
    upsert(
        OFFERS.table,
        columns,
        (line(getattr(offer, name) for name in columns) for offer in rows.values()),
        dry_run=False,
    )


def store_scans(scans: Sequence[Scan]) -> None:
    """One row per product and job: a second run of a job replaces what the first saw.

    What was seen of a product that was removed meanwhile is left out, as in `store`.
    """
    with transaction.atomic():
        there = _hold_products([scan.product_id for scan in scans])
        Scan.objects.bulk_create(
            [scan for scan in scans if scan.product_id in there],
            update_conflicts=True,
            unique_fields=["product", "job"],
            update_fields=["scanned_at", "conditions", "fetched", "sellers", "lowest_landed", "buy_box_price"],
        )


@dataclass(frozen=True, slots=True)
class _Held:
    id: int


HOLD_PRODUCTS = """
SELECT id FROM catalogue_product WHERE id = ANY(%(products)s::bigint[])
ORDER BY tenant_id, marketplace, sku FOR KEY SHARE
"""


def _hold_products(product_ids: Sequence[int]) -> set[int]:
    """Those of the products that are there, and stay until the transaction ends."""
    return {each.id for each in sql.rows(_Held, HOLD_PRODUCTS, {"products": list(product_ids)})}


def lowest_prices(
    product_ids: Sequence[int], condition: str, since: datetime
) -> Mapping[int, list[tuple[datetime, Decimal]]]:
    """The lowest landed price of each scan of just this condition since then, by product, in the order of time."""
    scans = Scan.objects.filter(product__in=product_ids, conditions=[condition], scanned_at__gte=since)
    found: dict[int, list[tuple[datetime, Decimal]]] = {}
    for product_id, at, lowest in scans.order_by("scanned_at").values_list(
        "product_id", "scanned_at", "lowest_landed"
    ):
        if lowest is not None:
            found.setdefault(product_id, []).append((at, lowest))
    return found
