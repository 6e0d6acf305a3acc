"""The embedded default: the offers that the tenant imported, or that an earlier scan stored."""

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal

from aijobs.outbound.failures import Permanent
from aijobs.outbound.pace import Pace
from workers.catalogue import offers
from workers.catalogue.models import Product
from workers.connections.shapes import NoCredentials
from workers.marketplaces.catalogue.settings import CatalogueSettings
from workers.marketplaces.protocols import Connector, Fetched, Listing, Offer, Scope

# Products whose offers are in memory together: a thousand of each would be a gigabyte for a whole request.
CHUNK = 20


class Catalogue(Connector[CatalogueSettings, NoCredentials]):
    """A marketplace of which we know what is in the catalogue."""

    def __init__(self, settings: CatalogueSettings, credentials: NoCredentials, pace: Pace, scope: Scope) -> None:
        super().__init__(settings, credentials, pace, scope)
        self.products = Product.objects.of(scope.tenant_id).filter(marketplace=scope.marketplace)

    def check(self) -> str:
        return f"The catalogue needs no connection. It has {self.products.count():,} products of this marketplace."

    def fetch_offers(self, listings: Sequence[Listing], conditions: Collection[str]) -> Iterator[Fetched]:
        """The newest offer of each seller, condition and fulfilment."""
        for start in range(0, len(listings), CHUNK):
            yield from self._chunk(listings[start : start + CHUNK], conditions)

    def _chunk(self, listings: Sequence[Listing], conditions: Collection[str]) -> Iterator[Fetched]:
        ids = dict(self.products.filter(sku__in=[each.sku for each in listings]).values_list("sku", "id"))
        stored = offers.current(list(ids.values()), conditions)
        for listing in listings:
            # A product that was deleted meanwhile has none.
            yield self._fetched(listing.sku, [_offer(row) for row in stored.get(ids.get(listing.sku, 0), ())])

    def _fetched(self, sku: str, found: Sequence[Offer]) -> Fetched:
        own = [offer for offer in found if offer.seller in self.settings.own_sellers]
        return Fetched(
            sku,
            offers=tuple(offer for offer in found if offer.seller not in self.settings.own_sellers),
            own=min(own, key=lambda offer: offer.landed_price, default=None),
        )

    def read_price(self, listing: Listing) -> Decimal:
        price: Decimal | None = self.products.filter(sku=listing.sku).values_list("price", flat=True).first()
        if price is None:
            raise Permanent("NOT_LISTED", "The SKU is no longer in the catalogue.")
        return price


def _offer(row: offers.StoredOffer) -> Offer:
    return Offer(
        seller=row.seller,
        price=row.price,
        shipping=row.shipping,
        currency=row.currency,
        condition=row.condition,
        fulfilment=row.fulfilment,
        is_buy_box=row.is_buy_box,
        availability=row.availability,
        tax_included=row.tax_included,
        source=row.source,
        url=row.url,
        fetched_at=row.fetched_at,
        points=row.points,
    )
