"""Where offers come from: the marketplace, competitors' pages, or what is stored already."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.timezone import now

from aijobs.outbound.failures import OutboundError
from aijobs.outbound.pace import Pace
from workers.catalogue.models import Product, Scan
from workers.jobs.competitor_scan.shapes import ScanParams
from workers.marketplaces import connections
from workers.marketplaces.connections import AnyConnector
from workers.marketplaces.connectors import CATALOGUE, CONNECTORS, WEB
from workers.marketplaces.listings import listing_of
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Fetched, OfferSource

# Of the soft limit of 600 s: what is not fetched by then is reported as missing, not lost with the run.
FETCH_SECONDS = 540.0


@dataclass(frozen=True, slots=True)
class Source:
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


def sources_of(params: ScanParams, connection: Connection, products: Sequence[Product]) -> list[Source]:
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
    return [Source(name, group, openers[name]) for name, group in groups.items()]


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
