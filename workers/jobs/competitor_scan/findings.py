"""What a scan has found so far, in the history and for the result."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.timezone import now

from aijobs.errors import JobFailure, PermanentFailure, TransientFailure
from aijobs.outbound.failures import OutboundError, Transient
from aijobs.registry import Context
from workers.catalogue import offers as history
from workers.catalogue.comparison import compare
from workers.catalogue.models import LONGEST_FULFILMENT, LONGEST_LABEL, LONGEST_URL, Product, Scan
from workers.catalogue.offers import LastScan, StoredOffer
from workers.changes.models import policy_of
from workers.jobs.competitor_scan.seen import Seen, ours_of
from workers.jobs.competitor_scan.shapes import ScannedSku, ScanResult
from workers.jobs.competitor_scan.showing import show
from workers.jobs.competitor_scan.sources import Source
from workers.jobs.shared import Skipped
from workers.marketplaces.connectors import CATALOGUE
from workers.marketplaces.protocols import Fetched, NotReady, Offer

# Offers shown in one result, and the least of each SKU: the others are only in the history.
MOST_SHOWN, LEAST_SHOWN = 20_000, 20


class Findings:
    """What a scan has found so far, in the history and for the result."""

    def __init__(self, context: Context, products: Mapping[str, Product], conditions: Sequence[str]) -> None:
        self.products = products
        self.conditions = conditions
        self.job_id: UUID = context.job_id
        self.most_shown = max(LEAST_SHOWN, MOST_SHOWN // len(products))
        self.outlier_factor = policy_of(context.tenant_id).outlier_factor
        self.scanned: dict[str, ScannedSku] = {}
        self.skipped: list[Skipped] = []
        self.problems: list[OutboundError] = []

    @property
    def count(self) -> int:
        """SKUs that are done with."""
        return len(self.scanned) + len(self.problems)

    def add(self, source: Source, chunk: Sequence[Fetched]) -> None:
        """Keep a chunk of what was fetched, and compare it."""
        answered = [each for each in chunk if each.problem is None]
        last = history.last_scans([self.products[each.sku].pk for each in answered], self.conditions, self.job_id)
        # One moment for the offers and their scan: what is older than the scan has left.
        at = now()
        seen = [self._see(each, at, last) for each in answered]
        if source.name != CATALOGUE:
            history.store([_stored(each.product, offer, at) for each in seen for offer in each.fetched.offers])
        history.store_scans([self._scan(each, source.name != CATALOGUE) for each in seen])
        for each in seen:
            self.scanned[each.product.sku] = show(each, source.name, self.most_shown)
            self.skipped += _left_out(each)
        self._note_problems(chunk)

    def _see(self, fetched: Fetched, at: datetime, last: Mapping[int, LastScan]) -> Seen:
        product = self.products[fetched.sku]
        ours = ours_of(product, fetched)
        compared = compare(fetched.offers, product, ours, self.outlier_factor)
        return Seen(product, fetched, at, last.get(product.pk), compared)

    def _scan(self, seen: Seen, fetched: bool) -> Scan:
        return Scan(
            product=seen.product,
            job_id=self.job_id,
            scanned_at=seen.at,
            conditions=self.conditions,
            fetched=fetched,
            sellers=seen.sellers,
            lowest_landed=seen.lowest,
            buy_box_price=seen.buy_box_price,
        )

    def _note_problems(self, chunk: Sequence[Fetched]) -> None:
        for each in chunk:
            if each.problem:
                self.problems.append(each.problem)
                self.skipped.append(Skipped(sku=each.sku, reason=each.problem.code, detail=each.problem.message))

    def failure(self) -> JobFailure | None:
        """Why the whole job failed, where nothing was had of any SKU: the one problem, or the count of each."""
        # A marketplace that is not ready for one product works.
        if self.scanned or not self.problems or any(isinstance(each, NotReady) for each in self.problems):
            return None
        counts = Counter(problem.code for problem in self.problems)
        code, message = self.problems[0].code, self.problems[0].message
        if len(counts) > 1:
            reasons = ", ".join(f"{name} for {count}" for name, count in counts.most_common())
            code = "NO_OFFERS_FETCHED"
            message = f"The service could not fetch offers for any SKU. The reasons were {reasons}."
        transient = [problem for problem in self.problems if isinstance(problem, Transient)]
        if transient:
            return TransientFailure(code, message, max(problem.retry_after or 0.0 for problem in transient) or None)
        return PermanentFailure(code, message)

    def result(self, source: str, unknown: Sequence[str]) -> ScanResult:
        missing = [
            Skipped(
                sku=sku, reason="UNKNOWN_SKU", detail="The SKU is not in the catalogue. Import the product first."
            )
            for sku in unknown
        ]
        skus = [self.scanned[sku] for sku in self.products if sku in self.scanned]
        return ScanResult(
            processed_count=len(skus),
            offer_count=sum(each.summary.offer_count for each in skus),
            skipped_count=len(self.skipped) + len(missing),
            source=source,
            skus=skus,
            skipped=[*missing, *self.skipped],
        )


def _stored(product: Product, offer: Offer, at: datetime) -> StoredOffer:
    return StoredOffer(
        product_id=product.pk,
        tenant_id=product.tenant_id,
        marketplace=product.marketplace,
        seller=offer.seller[:LONGEST_LABEL],
        condition=offer.condition,
        fulfilment=offer.fulfilment[:LONGEST_FULFILMENT],
        fetched_at=at,
        price=offer.price,
        shipping=offer.shipping,
        currency=offer.currency,
        is_buy_box=offer.is_buy_box,
        availability=offer.availability,
        tax_included=offer.tax_included,
        source=offer.source,
        url=offer.url[:LONGEST_URL],
        points=offer.points,
    )


def _left_out(seen: Seen) -> Iterator[Skipped]:
    sku = seen.product.sku
    for note in seen.fetched.notes:
        yield Skipped(sku=sku, reason=note.code, detail=note.message)
    for each in seen.fetched.refused:
        yield Skipped(sku=sku, reason="INVALID_OFFER", seller=each.seller, detail=each.reason)
    for left in seen.compared.left_out:
        yield Skipped(sku=sku, reason=left.reason, seller=left.seller, detail=left.detail)
