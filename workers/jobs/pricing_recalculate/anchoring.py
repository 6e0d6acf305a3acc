"""The competitors' offers that a pricing run goes by, and the products that are in a price war."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.timezone import now

from aijobs.outbound.pace import Pace
from workers.catalogue import currencies
from workers.catalogue import offers as history
from workers.catalogue.comparison import Compared, compare
from workers.catalogue.models import Product
from workers.changes.kinds.price import Prices
from workers.changes.models import Change, ChangeStatus, RepricingPolicy
from workers.jobs.pricing_recalculate.shapes import CompetitorAnchor
from workers.jobs.shared import Skipped
from workers.marketplaces import connections
from workers.marketplaces.listings import listing_of
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Fetched, Listing, Offer
from workers.pricing import AnchorRule, price_war

# Undercutting in turn is a war only where the turns follow each other.
WAR_WINDOW = timedelta(days=14)
# Offers that are compared are those of new goods: that is what a seller's own product is taken to be.
CONDITION = "new"
# Of a competitor's name in the reasoning.
SHOWN_NAME = 60


@dataclass(frozen=True, slots=True)
class Anchor:
    """One competitor's offer, and how to stand to it."""

    rule: AnchorRule
    # Landed, in the product's currency.
    amount: Decimal
    # As in "12.40 by BestShop (lowest of 5 offers)".
    label: str


@dataclass(slots=True)
class Anchors:
    """By SKU; empty where no anchor was asked for."""

    found: dict[str, Anchor] = field(default_factory=dict)
    # SKUs whose price is not cut.
    wars: set[str] = field(default_factory=set)
    # What the reasoning has to add.
    remarks: dict[str, str] = field(default_factory=dict)
    left_out: list[Skipped] = field(default_factory=list)


def find(
    wanted: CompetitorAnchor | None, connection: Connection, products: Sequence[Product], policy: RepricingPolicy
) -> Anchors:
    """The anchors for these products, from the offers that were imported or that a scan has stored."""
    anchors = Anchors()
    if wanted is None:
        return anchors
    at_war = _at_war(products)
    with connections.open_stored(connection, Pace(0)) as stored:
        for product, fetched in zip(products, stored.fetch_offers(_listings(products), [CONDITION]), strict=True):
            if product.pk in at_war:
                anchors.wars.add(product.sku)
                anchors.remarks[product.sku] = (
                    "The price is not cut again, because both sides undercut each other in turn: this is a price war."
                )
            else:
                _anchor(anchors, wanted, product, fetched, policy)
    return anchors


def _listings(products: Sequence[Product]) -> list[Listing]:
    return [listing_of(product) for product in products]


def _anchor(
    anchors: Anchors, wanted: CompetitorAnchor, product: Product, fetched: Fetched, policy: RepricingPolicy
) -> None:
    since = now() - timedelta(minutes=wanted.max_age_minutes)
    recent = [offer for offer in fetched.offers if offer.fetched_at and offer.fetched_at >= since]
    compared = compare(recent, product, product.price, policy.outlier_factor)
    anchors.left_out += [
        Skipped(sku=product.sku, reason=left.reason, seller=left.seller, detail=left.detail)
        for left in compared.left_out
    ]
    if chosen := _chosen(compared, wanted.reference, fetched.own):
        label = _label(compared, chosen, wanted.reference)
        anchors.found[product.sku] = Anchor(AnchorRule(wanted.rule, wanted.percent), chosen.landed_price, label)
    else:
        anchors.remarks[product.sku] = _why_none(wanted, fetched)


def _chosen(compared: Compared[Offer], reference: str, own: Offer | None) -> Offer | None:
    """The offer to go by. Where the buy box is ours there is nobody to follow."""
    if reference == "lowest":
        return compared.lowest
    return None if own and own.is_buy_box else compared.buy_box


def _label(compared: Compared[Offer], chosen: Offer, reference: str) -> str:
    count = len(compared.offers)
    which = (
        "the buy box"
        if reference == "buy_box"
        else f"the lowest of {count} offers"
        if count > 1
        else "the only offer"
    )
    amount = f"{chosen.landed_price:.{currencies.decimals(chosen.currency)}f}"
    return f"{amount} of {chosen.seller[:SHOWN_NAME]} ({which})"


def _why_none(wanted: CompetitorAnchor, fetched: Fetched) -> str:
    what = "offer" if wanted.reference == "lowest" else "offer in the buy box"
    if fetched.offers:
        return f"No comparable competitor's {what} from the last {wanted.max_age_minutes} minutes is known."
    return f"No competitor's {what} is known. Run a competitor_scan, or import offers."


def _at_war(products: Sequence[Product]) -> set[int]:
    """Products where both sides have lately undercut each other in turn."""
    since = now() - WAR_WINDOW
    theirs = history.lowest_prices([product.pk for product in products], CONDITION, since)
    applied = Change.objects.filter(
        kind=Prices.name, product__in=products, status=ChangeStatus.APPLIED, created_at__gte=since
    )
    prices = Prices()
    own: dict[int, list[tuple[datetime, float, float]]] = {}
    for product_id, at, before, after in applied.order_by("created_at").values_list(
        "product_id", "created_at", "before", "after"
    ):
        own.setdefault(product_id, []).append((at, float(prices.load(before)), float(prices.load(after))))
    return {
        product_id
        for product_id, changes in own.items()
        if price_war(changes, [(at, float(lowest)) for at, lowest in theirs.get(product_id, ())])
    }
