"""The scan's way: products → their offers, fetched or stored → history → comparison with ours and the last scan."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from uuid import UUID

from django.db.models import F, Max
from django.utils.timezone import now

from aijobs.errors import JobFailure, PermanentFailure, TransientFailure
from aijobs.outbound.failures import OutboundError, Transient
from aijobs.outbound.pace import Pace
from aijobs.registry import Context
from workers.catalogue import offers as history
from workers.catalogue.comparison import Compared, change_pct, compare, rank
from workers.catalogue.models import LONGEST_FULFILMENT, LONGEST_LABEL, LONGEST_URL, Product, Scan
from workers.catalogue.offers import LastScan, StoredOffer
from workers.changes.models import policy_of
from workers.jobs.competitor_scan.shapes import OfferView, ScannedSku, ScanParams, ScanResult, Summary
from workers.jobs.shared import Skipped
from workers.marketplaces import connections
from workers.marketplaces.connections import AnyConnector
from workers.marketplaces.connectors import CATALOGUE, CONNECTORS, WEB
from workers.marketplaces.listings import listing_of
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Fetched, Offer, OfferSource

# Of the soft limit of 600 s: what is not fetched by then is reported as missing, not lost with the run.
FETCH_SECONDS = 540.0
# SKUs that are stored together: a lost worker loses no more than these.
CHUNK = 20
# Offers shown in one result, and the least of each SKU: the others are only in the history.
MOST_SHOWN, LEAST_SHOWN = 20_000, 20


def run(params: ScanParams, context: Context) -> ScanResult:
    """Scan, and keep what was found also where the marketplace fails half-way.

    Raises PermanentFailure NO_MATCHING_SKUS or of the connection, and TransientFailure where nothing could be had.
    """
    connection = connections.find(context.tenant_id, params.marketplace)
    if connection is None:
        raise PermanentFailure("MARKETPLACE_NOT_CONFIGURED", "The marketplace is not configured any more.")
    products = _products(params, context.tenant_id)
    unknown = [sku for sku in params.skus or () if sku not in products]
    conditions = sorted(set(params.conditions))
    comparison = _Comparison(context, products, conditions)
    context.progress(len(unknown), len(products) + len(unknown))
    for source in _sources(params, connection, list(products.values())):
        fetched = source.fetch(conditions)
        while chunk := list(islice(fetched, CHUNK)):
            comparison.add(source, chunk)
            context.progress(len(unknown) + comparison.count)
    if failure := comparison.failure():
        raise failure
    return comparison.result(connection.connector, unknown)


def _products(params: ScanParams, tenant_id: int) -> dict[str, Product]:
    """What to scan, by SKU in the order asked for; with `all`, what was scanned longest ago, or never, first."""
    rows = Product.objects.of(tenant_id).filter(marketplace=params.marketplace)
    if params.skus is None:
        oldest_first = F("last_scan").asc(nulls_first=True)
        found = list(rows.annotate(last_scan=Max("scans__scanned_at")).order_by(oldest_first, "sku")[: params.limit])
    else:
        position = {sku: index for index, sku in enumerate(params.skus)}
        found = sorted(rows.filter(sku__in=params.skus), key=lambda product: position[product.sku])
    if not found:
        raise PermanentFailure(
            "NO_MATCHING_SKUS",
            f"None of the SKUs is in the catalogue of {params.marketplace}: import the products first.",
        )
    return {product.sku: product for product in found}


# --- Where offers come from -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """A connector, and the products that it is asked for."""

    name: str
    products: Sequence[Product]
    open: Callable[[], AnyConnector]

    def fetch(self, conditions: Sequence[str]) -> Iterator[Fetched]:
        """One Fetched per product. Where the connector fails half-way, the rest have its failure as their problem."""
        left = {product.sku: product for product in self.products}
        try:
            with self.open() as connector:
                source = connections.offer_source(connector)
                for fetched in source.fetch_offers([listing_of(each) for each in self.products], conditions):
                    del left[fetched.sku]
                    yield fetched
        except OutboundError as error:
            for sku in left:
                yield Fetched(sku, problem=error)


def _sources(params: ScanParams, connection: Connection, products: Sequence[Product]) -> list[_Source]:
    """Who is asked for which products: nobody for the fresh ones, and pages where the connector has no offers."""
    pace = Pace(FETCH_SECONDS)
    openers: dict[str, Callable[[], AnyConnector]] = {
        WEB: lambda: connections.open_pages(connection, pace),
        CATALOGUE: lambda: connections.open_stored(connection, pace),
    }
    openers[connection.connector] = lambda: connections.open_connector(connection, pace)
    fresh = _fresh(products, params)
    groups: dict[str, list[Product]] = {}
    for product in products:
        name = CATALOGUE if product.pk in fresh else _source_of(product, connection.connector)
        groups.setdefault(name, []).append(product)
    return [_Source(name, group, openers[name]) for name, group in groups.items()]


def _source_of(product: Product, connector: str) -> str:
    kind = CONNECTORS.get(connector)
    # One that this release does not have says so when it is opened.
    if kind is None or OfferSource in kind.protocols:
        return connector
    return WEB if product.competitor_urls else CATALOGUE


def _fresh(products: Sequence[Product], params: ScanParams) -> set[int]:
    """The products whose offers were fetched so lately that they need not be asked for again."""
    if not params.max_age_minutes:
        return set()
    since = now() - timedelta(minutes=params.max_age_minutes)
    scans = Scan.objects.filter(product__in=products, fetched=True, scanned_at__gte=since)
    return set(scans.filter(conditions__contains=params.conditions).values_list("product_id", flat=True))


# --- What they say ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Seen:
    """A product's offers, and what they are compared with."""

    product: Product
    fetched: Fetched
    at: datetime
    last: LastScan | None
    compared: Compared[Offer]

    @property
    def ours(self) -> Decimal:
        return _ours(self.product, self.fetched)

    @property
    def sellers(self) -> list[str]:
        return sorted({offer.seller for offer in self.compared.offers})

    @property
    def lowest(self) -> Decimal | None:
        return self.compared.lowest.landed_price if self.compared.lowest else None

    @property
    def buy_box_price(self) -> Decimal | None:
        own = self.fetched.own
        holder = own if own and own.is_buy_box else self.compared.buy_box
        return holder.landed_price if holder else None


def _ours(product: Product, fetched: Fetched) -> Decimal:
    own = fetched.own
    return own.landed_price if own and own.currency == product.currency else product.price


class _Comparison:
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

    def add(self, source: _Source, chunk: Sequence[Fetched]) -> None:
        """Keep a chunk of what was fetched, and compare it."""
        answered = [each for each in chunk if each.problem is None]
        last = history.last_scans([self.products[each.sku].pk for each in answered], self.conditions, self.job_id)
        # One moment for the offers and their scan: what is older than the scan has left.
        at = now()
        seen = [self._see(each, at, last) for each in answered]
        if source.name != CATALOGUE:
            history.store([_stored(each.product.pk, offer, at) for each in seen for offer in each.fetched.offers])
        history.store_scans([self._scan(each, source.name != CATALOGUE) for each in seen])
        for each in seen:
            self.scanned[each.product.sku] = _show(each, source.name, self.most_shown)
            self.skipped += _left_out(each)
        self._note_problems(chunk)

    def _see(self, fetched: Fetched, at: datetime, last: Mapping[int, LastScan]) -> _Seen:
        product = self.products[fetched.sku]
        ours = _ours(product, fetched)
        compared = compare(fetched.offers, product, ours, self.outlier_factor)
        return _Seen(product, fetched, at, last.get(product.pk), compared)

    def _scan(self, seen: _Seen, fetched: bool) -> Scan:
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
        """Why the whole job failed: nothing was had of any SKU, and one and the same problem is why."""
        codes = {problem.code for problem in self.problems}
        if self.scanned or len(codes) != 1:
            return None
        problem = self.problems[0]
        if isinstance(problem, Transient):
            return TransientFailure(problem.code, problem.message, problem.retry_after)
        return PermanentFailure(problem.code, problem.message)

    def result(self, source: str, unknown: Sequence[str]) -> ScanResult:
        missing = [Skipped(sku=sku, reason="UNKNOWN_SKU", detail="It is not in the catalogue.") for sku in unknown]
        skus = [self.scanned[sku] for sku in self.products if sku in self.scanned]
        return ScanResult(
            processed_count=len(skus),
            offer_count=sum(each.summary.offer_count for each in skus),
            skipped_count=len(self.skipped) + len(missing),
            source=source,
            skus=skus,
            skipped=[*missing, *self.skipped],
        )


def _stored(product_id: int, offer: Offer, at: datetime) -> StoredOffer:
    return StoredOffer(
        product_id=product_id,
        seller=offer.seller[:LONGEST_LABEL],
        condition=offer.condition,
        fulfilment=offer.fulfilment[:LONGEST_FULFILMENT],
        fetched_at=at,
        price=offer.price,
        shipping=offer.shipping,
        currency=offer.currency,
        is_buy_box=offer.is_buy_box,
        url=offer.url[:LONGEST_URL],
    )


def _left_out(seen: _Seen) -> Iterator[Skipped]:
    sku = seen.product.sku
    for each in seen.fetched.refused:
        yield Skipped(sku=sku, reason="INVALID_OFFER", seller=each.seller, detail=each.reason)
    for left in seen.compared.left_out:
        yield Skipped(sku=sku, reason=left.reason, seller=left.seller, detail=left.detail)


def _show(seen: _Seen, source: str, most: int) -> ScannedSku:
    return ScannedSku(
        sku=seen.product.sku,
        source=source,
        offers=[_show_offer(offer, seen.at) for offer in seen.compared.offers[:most]],
        summary=_summary(seen),
    )


def _show_offer(offer: Offer, at: datetime) -> OfferView:
    return OfferView.model_validate(
        {
            "seller": offer.seller,
            "price": offer.price,
            "shipping": offer.shipping,
            "landed_price": offer.landed_price,
            "currency": offer.currency,
            "condition": offer.condition,
            "fulfilment": offer.fulfilment,
            "is_buy_box": offer.is_buy_box,
            "url": offer.url or None,
            "fetched_at": offer.fetched_at or at,
        }
    )


def _summary(seen: _Seen) -> Summary:
    before = set(seen.last.sellers) if seen.last else set(seen.sellers)
    return Summary(
        lowest_landed=seen.lowest,
        median_landed=seen.compared.median_landed,
        buy_box_price=seen.buy_box_price,
        our_price=seen.ours,
        our_rank=rank(seen.ours, seen.compared.offers),
        price_gap_pct=change_pct(seen.ours, seen.lowest),
        offer_count=len(seen.compared.offers),
        new_sellers=sorted(set(seen.sellers) - before),
        left_sellers=sorted(before - set(seen.sellers)),
        change_since_last_scan_pct=change_pct(seen.lowest, seen.last.lowest_landed if seen.last else None),
        featured_offer_expected_price=seen.fetched.featured_offer_expected_price,
    )
