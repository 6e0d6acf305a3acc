"""A product's offers, and what they are compared with."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from workers.catalogue.comparison import Compared
from workers.catalogue.models import Product
from workers.catalogue.offers import LastScan
from workers.marketplaces.protocols import Fetched, Offer


@dataclass(frozen=True, slots=True)
class Seen:
    """A product's offers, and what they are compared with."""

    product: Product
    fetched: Fetched
    at: datetime
    last: LastScan | None
    compared: Compared[Offer]

    @property
    def ours(self) -> Decimal:
        return ours_of(self.product, self.fetched)

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


def ours_of(product: Product, fetched: Fetched) -> Decimal:
    own = fetched.own
    return own.landed_price if own and own.currency == product.currency else product.price
