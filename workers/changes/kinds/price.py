"""A product's price: the tenant's repricing policy and the product's own floors guard it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from aijobs.outbound.failures import Permanent
from workers.catalogue.models import MONEY_DECIMALS, Product
from workers.changes.kinds.base import ChangeKind, Desk, Guardrails
from workers.changes.models import policy_of
from workers.marketplaces import connections
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Listing, PriceDesk

# As many decimals as a product's price has, so that both read alike.
EXACT = Decimal(1).scaleb(-MONEY_DECIMALS)


@dataclass(frozen=True, slots=True)
class Prices(ChangeKind[Decimal]):
    """Amounts in the product's currency."""

    name = "price"
    conflict = "PRICE_CHANGED"
    switched_off = "Repricing is switched off in your repricing policy."

    # Least margin that the job was asked to keep; the stricter of this and the policy's counts.
    min_margin_pct: float = 0.0

    def load(self, stored: object) -> Decimal:
        return Decimal(str(stored)).quantize(EXACT)

    def dump(self, value: Decimal) -> str:
        """As in "14.99": JSON's numbers are not exact, and zeros at the end say nothing."""
        return f"{value.normalize():f}"

    def show(self, value: Decimal) -> str:
        """As prices are written: 9.50, not 9.5000."""
        return f"{value:.2f}" if value == round(value, 2) else f"{value.normalize():f}"

    def currency(self, product: Product) -> str:
        return product.currency

    def current(self, product: Product, like: Decimal) -> Decimal:
        price: Decimal = product.price
        return price

    def fields(self, value: Decimal) -> Mapping[str, object]:
        return {"price": value}

    def is_elsewhere(self, connection: Connection) -> bool:
        return connections.writes_prices(connection)

    def read(self, desk: Desk, listing: Listing, like: Decimal) -> Decimal:
        return _price_desk(desk).read_price(listing)

    def write(self, desk: Desk, listing: Listing, value: Decimal) -> Sequence[str]:
        return _price_desk(desk).write_price(listing, value)

    def guardrails(self, tenant_id: int) -> Guardrails[Decimal]:
        policy = policy_of(tenant_id)
        min_margin_pct = max(policy.min_margin_pct, self.min_margin_pct)
        return Guardrails(
            switched_off=None if policy.repricing_enabled else "REPRICING_DISABLED",
            cool_down=timedelta(minutes=policy.cool_down_minutes),
            most_a_day=policy.max_changes_per_day,
            bound_refusal=lambda product, after: bound_refusal(product, after, min_margin_pct),
        )


def _price_desk(desk: Desk) -> PriceDesk:
    if not isinstance(desk, PriceDesk):
        raise Permanent("NO_PRICE_DESK", "The service cannot write prices to this marketplace.")
    return desk


def bound_refusal(
    product: Product, after: Decimal, min_margin_pct: float
) -> Literal["BELOW_FLOOR", "ABOVE_CEILING"] | None:
    """Whether the price would be below cost and margin, the minimum or the MAP; or above the maximum."""
    floors = [product.min_price, product.map_price, margin_floor(product, min_margin_pct)]
    if any(floor is not None and after < floor for floor in floors):
        return "BELOW_FLOOR"
    if product.max_price is not None and after > product.max_price:
        return "ABOVE_CEILING"
    return None


def margin_floor(product: Product, min_margin_pct: float) -> Decimal | None:
    """The price at which (price − cost) ÷ price is the margin; None where the cost is unknown."""
    if product.cost is None:
        return None
    floor: Decimal = product.cost / (1 - Decimal(str(min_margin_pct)) / 100)
    return floor
