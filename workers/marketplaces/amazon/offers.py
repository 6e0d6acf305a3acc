"""What Amazon's answers say of one product: offers, its own among them, and what is still unknown.

An offer that makes no sense is refused with its reason, and the others count all the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import httpx

from aijobs.outbound.calling import unavailable_by
from aijobs.outbound.failures import OutboundError, Permanent, Transient
from workers.catalogue.models import CONDITIONS
from workers.marketplaces.amazon.answers import InvalidAnswer, error_message, fields, items, money, number, words
from workers.marketplaces.protocols import Fetched, Listing, Offer, RefusedOffer

LONGEST_SELLER = 100
# Of a product that has become active lately: its offers are not known yet, which is not the same as none.
NOT_READY = "ActiveButTooSoonForProcessing"


@dataclass(frozen=True, slots=True)
class _Stated:
    """An offer as an answer states it, nothing of it checked."""

    seller: object
    price: object
    shipping: object
    by_amazon: object
    is_featured: bool
    is_ours: bool = False


@dataclass(slots=True)
class Product:
    """What is known so far of one listing."""

    listing: Listing
    seller_id: str
    asin: str
    offers: list[Offer] = field(default_factory=list)
    own: list[Offer] = field(default_factory=list)
    refused: list[RefusedOffer] = field(default_factory=list)
    # There is a featured offer, and it is not among the twenty that were listed.
    lacks_featured: bool = False
    expected_price: Decimal | None = None
    problem: OutboundError | None = None

    def fetched(self) -> Fetched:
        if self.problem is not None:
            return Fetched(self.listing.sku, problem=self.problem)
        # Of our own offers the one that buyers are shown first.
        own = sorted(_distinct(self.own), key=_prominence)
        return Fetched(
            self.listing.sku,
            offers=tuple(_distinct(self.offers)),
            refused=tuple(self.refused),
            own=own[0] if own else None,
            featured_offer_expected_price=self.expected_price,
        )

    def add_offers(self, response: object, condition: str) -> None:
        """One response of a pricing batch. Raises OutboundError where it is a failure."""
        payload = fields(body_of(response).get("payload"), "payload")
        if payload.get("status") == NOT_READY:
            raise Transient("NOT_READY", "Amazon is still collecting the offers of this product.")
        listed = [fields(each, "an offer") for each in items(payload.get("Offers"), "Offers")]
        for each in listed:
            self._add(_listed(each), condition)
        self.asin = self.asin or words(payload.get("ASIN"))
        featured = _has_featured(fields(payload.get("Summary"), "Summary"))
        # Only of new products can Amazon be asked for the featured offer by itself.
        if condition == "new" and featured and not any(each.get("IsBuyBoxWinner") is True for each in listed):
            self.lacks_featured = True

    def add_featured(self, response: object) -> None:
        """One response of a competitive summary. Raises OutboundError where it is a failure."""
        for option in items(body_of(response).get("featuredBuyingOptions"), "featuredBuyingOptions"):
            segmented = items(fields(option, "an option").get("segmentedFeaturedOffers"), "segmentedFeaturedOffers")
            # Amazon features different offers to different buyers: this is what most of them see.
            if offers := [fields(each, "a featured offer") for each in segmented]:
                self._add(_featured(max(offers, key=_views)), "new")

    def add_expected_price(self, response: object) -> None:
        """One response of the expected prices. Raises OutboundError where it is a failure."""
        for each in items(body_of(response).get("featuredOfferExpectedPriceResults"), "the expected prices"):
            # Absent where there is nobody to compete with.
            expected = fields(each, "a result").get("featuredOfferExpectedPrice")
            if expected is not None:
                self.expected_price = self._expected(fields(expected, "an expected price"))

    def _expected(self, expected: Mapping[str, object]) -> Decimal:
        try:
            price = money(expected.get("listingPrice"), self.listing.currency)
        except ValueError as error:
            raise InvalidAnswer(f"the expected price {error}") from None
        if price <= 0:
            raise InvalidAnswer("the expected price is not above 0")
        return price

    def _add(self, stated: _Stated, condition: str) -> None:
        try:
            offer = _checked(stated, condition, self.listing.currency)
        except ValueError as error:
            self.refused.append(RefusedOffer(words(stated.seller, LONGEST_SELLER), str(error)))
            return
        ours = stated.is_ours or offer.seller == self.seller_id
        (self.own if ours else self.offers).append(offer)


def body_of(response: object) -> dict[str, object]:
    """The body of one response of a batch. Raises OutboundError where its status says that it failed."""
    outer = fields(response, "a response")
    status = fields(outer.get("status"), "status").get("statusCode")
    if status == httpx.codes.OK:
        return fields(outer.get("body"), "body")
    if isinstance(status, bool) or not isinstance(status, int):
        raise InvalidAnswer("a response has no status")
    told = error_message(outer.get("body")) or f"status {status}"
    if problem := unavailable_by(status, None, name="Amazon"):
        # No batch is asked again for one of its products.
        raise Transient(problem.code, f"Amazon cannot give the offers of this product now: {told}")
    raise Permanent("NOT_LISTED", f"Amazon has no offers for this product: {told}")


def _listed(offer: Mapping[str, object]) -> _Stated:
    return _Stated(
        seller=offer.get("SellerId"),
        price=offer.get("ListingPrice"),
        shipping=offer.get("Shipping"),
        by_amazon=offer.get("IsFulfilledByAmazon"),
        is_featured=offer.get("IsBuyBoxWinner") is True,
        is_ours=offer.get("MyOffer") is True,
    )


def _featured(offer: Mapping[str, object]) -> _Stated:
    options = offer.get("shippingOptions")
    first = options[0] if isinstance(options, list) and options else None
    return _Stated(
        seller=offer.get("sellerId"),
        price=offer.get("listingPrice"),
        shipping=first.get("price") if isinstance(first, dict) else None,
        by_amazon={"AFN": True, "MFN": False}.get(words(offer.get("fulfillmentType"))),
        is_featured=True,
    )


def _checked(stated: _Stated, condition: str, currency: str) -> Offer:
    """Raises ValueError with what is wrong."""
    return Offer(
        seller=words(stated.seller, LONGEST_SELLER),
        price=_money("price", stated.price, currency),
        shipping=_money("shipping", stated.shipping, currency),
        currency=currency,
        condition=condition,
        fulfilment=_fulfilment(stated.by_amazon),
        is_buy_box=stated.is_featured,
    )


def _money(name: str, value: object, currency: str) -> Decimal:
    try:
        return money(value, currency)
    except ValueError as error:
        raise ValueError(f"The {name} {error}.") from None


def _fulfilment(by_amazon: object) -> str:
    if by_amazon is True:
        return "amazon"
    return "merchant" if by_amazon is False else ""


def _has_featured(summary: Mapping[str, object]) -> bool:
    """Whether a new product's summary has the price of a featured offer for consumers."""
    prices = summary.get("BuyBoxPrices")
    return isinstance(prices, list) and any(
        isinstance(each, dict)
        and words(each.get("condition")).lower() == "new"
        and each.get("offerType") in (None, "B2C")
        for each in prices
    )


def _views(offer: Mapping[str, object]) -> Decimal:
    """The percentage of the product's views that show this offer; 0 where it is not said."""
    segments = offer.get("featuredOfferSegments")
    return sum(map(_share, segments), Decimal(0)) if isinstance(segments, list) else Decimal(0)


def _share(segment: object) -> Decimal:
    details = segment.get("segmentDetails") if isinstance(segment, dict) else None
    try:
        share = number(details.get("glanceViewWeightPercentage")) if isinstance(details, dict) else Decimal(0)
    except ValueError:
        return Decimal(0)
    return share if 0 <= share <= 100 else Decimal(0)


def _distinct(offers: Iterable[Offer]) -> list[Offer]:
    """The cheapest of each seller, condition and fulfilment, and beside it the featured one where that is dearer."""
    best: dict[tuple[str, str, str, bool], Offer] = {}
    for offer in sorted(offers, key=lambda each: (each.landed_price, not each.is_buy_box)):
        key = (offer.seller, offer.condition, offer.fulfilment)
        if (*key, True) not in best:
            best.setdefault((*key, offer.is_buy_box), offer)
    return list(best.values())


def _prominence(offer: Offer) -> tuple[int, bool, Decimal]:
    return CONDITIONS.index(offer.condition), not offer.is_buy_box, offer.landed_price
