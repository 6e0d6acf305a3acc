"""What Amazon's answers say of one product: offers, its own among them, and what is still unknown.

An offer that makes no sense is refused with its reason, and the others count all the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from aijobs.outbound.failures import OutboundError
from workers.catalogue.models import CONDITIONS
from workers.marketplaces.amazon.answers import InvalidAnswer, fields, items, money, number, words
from workers.marketplaces.amazon.listed import NO_OFFERS, Asked, body_of, listed
from workers.marketplaces.protocols import Fetched, Listing, Note, Offer, RefusedOffer

LONGEST_SELLER = 100
# Sub-conditions that no new product has, without spaces and the like.
NOT_NEW = frozenset(
    {"likenew", "mint", "verygood", "good", "acceptable", "poor", "club", "refurbished", "refurbishedwarranty"}
)
# Only in Japan buyers get points, says Amazon, whatever is in its examples. One is worth one yen.
CURRENCY_OF_POINTS = "JPY"


@dataclass(frozen=True, slots=True)
class _Stated:
    """An offer as an answer states it, nothing of it checked."""

    seller: object
    price: object
    shipping: object
    by_amazon: object
    points: object
    sub_condition: object
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
    # The conditions in which nobody can buy the product, by what Amazon calls that.
    none: dict[str, list[str]] = field(default_factory=dict)
    # Offers that only businesses can buy.
    business: int = 0
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
            notes=tuple(self._notes()),
            own=own[0] if own else None,
            featured_offer_expected_price=self.expected_price,
        )

    def add_offers(self, response: object, asked: Asked) -> None:
        """One response of a pricing batch. Raises OutboundError where it is a failure."""
        found = listed(response, asked)
        for each in found.offers:
            self._add(_listed(each), asked.condition)
        if found.none:
            self.none.setdefault(found.none, []).append(asked.condition)
        self.business += found.business
        self.asin = self.asin or found.asin
        # Only of new products can Amazon be asked for the featured offer by itself.
        is_listed = any(each.get("IsBuyBoxWinner") is True for each in found.offers)
        if asked.condition == "new" and found.has_featured and not is_listed:
            self.lacks_featured = True

    def add_featured(self, response: object) -> None:
        """One response of a competitive summary. Raises OutboundError where it is a failure."""
        options = items(body_of(response).get("featuredBuyingOptions"), "featuredBuyingOptions")
        for option in [fields(each, "an option") for each in options]:
            segmented = items(option.get("segmentedFeaturedOffers"), "segmentedFeaturedOffers")
            offers = [fields(each, "a featured offer") for each in segmented]
            # Others are for businesses, subscribers and the like.
            if offers and option.get("buyingOptionType", "New") == "New":
                # Amazon features different offers to different buyers: this is what most of them see.
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

    def _notes(self) -> Iterator[Note]:
        for status, conditions in self.none.items():
            code, told = NO_OFFERS[status]
            yield Note(code, f"{told}. The service asked for the condition {' and '.join(conditions)}.")
        if self.business:
            told = f"Offers for businesses only are left out. Amazon lists {self.business} of them."
            yield Note("BUSINESS_OFFERS", told)

    def _add(self, stated: _Stated, condition: str) -> None:
        try:
            offer = _checked(stated, condition, self.listing.currency)
        except ValueError as error:
            self.refused.append(RefusedOffer(words(stated.seller, LONGEST_SELLER), str(error)))
            return
        ours = stated.is_ours or offer.seller == self.seller_id
        (self.own if ours else self.offers).append(offer)


def _listed(offer: Mapping[str, object]) -> _Stated:
    return _Stated(
        seller=offer.get("SellerId"),
        price=offer.get("ListingPrice"),
        shipping=offer.get("Shipping"),
        by_amazon=offer.get("IsFulfilledByAmazon"),
        points=offer.get("Points"),
        sub_condition=offer.get("SubCondition"),
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
        points=offer.get("points"),
        sub_condition=offer.get("subCondition"),
        is_featured=True,
    )


def _checked(stated: _Stated, condition: str, currency: str) -> Offer:
    """Raises ValueError with what is wrong."""
    if condition == "new" and _letters(stated.sub_condition) in NOT_NEW:
        raise ValueError(f"The offer is listed as new, but its condition is {words(stated.sub_condition)}.")
    return Offer(
        seller=words(stated.seller, LONGEST_SELLER),
        price=_money("price", stated.price, currency),
        shipping=_money("shipping", stated.shipping, currency),
        currency=currency,
        condition=condition,
        fulfilment=_fulfilment(stated.by_amazon),
        is_buy_box=stated.is_featured,
        points=_points(stated.points, currency),
    )


def _letters(text: object) -> str:
    return "".join(filter(str.isalpha, words(text).lower()))


def _points(stated: object, currency: str) -> Decimal:
    """What an offer's points are worth, in both APIs' spellings; 0 where it has none. Raises ValueError."""
    if currency != CURRENCY_OF_POINTS or stated is None:
        return Decimal(0)
    if not isinstance(stated, dict):
        raise ValueError("The points are not stated as points.")
    value = stated.get("PointsMonetaryValue", stated.get("pointsMonetaryValue"))
    if value:
        return _money("value of the points", value, currency)
    count = stated.get("PointsNumber", stated.get("pointsNumber")) or 0
    return _money("number of points", {"Amount": count, "CurrencyCode": CURRENCY_OF_POINTS}, currency)


def _money(name: str, value: object, currency: str) -> Decimal:
    try:
        return money(value, currency)
    except ValueError as error:
        raise ValueError(f"The {name} {error}.") from None


def _fulfilment(by_amazon: object) -> str:
    if by_amazon is True:
        return "amazon"
    return "merchant" if by_amazon is False else ""


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
