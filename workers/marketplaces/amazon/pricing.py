"""Fetching offers in batches: first everybody's, then what Amazon keeps apart and rations most.

Amazon refuses a whole batch for one product that it does not like. Such a batch is asked for in halves, down to that
product alone, after all the others: they do not wait for it.

A batch holds whole products, so that each is done with once its batch is answered. What the later calls add (the
featured offer where it is not listed, and the expected price) waits until every product has its offers: two of those
calls a minute would otherwise be the pace of all.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import orjson

from aijobs.outbound.failures import CredentialsRefused, OutboundError, Permanent
from workers.marketplaces.amazon import client
from workers.marketplaces.amazon.answers import InvalidAnswer, fields, items
from workers.marketplaces.amazon.client import Client, Operation
from workers.marketplaces.amazon.listed import Asked
from workers.marketplaces.amazon.offers import Product
from workers.marketplaces.amazon.regions import Marketplace
from workers.marketplaces.amazon.settings import AmazonSettings
from workers.marketplaces.protocols import Fetched, Listing

logger = logging.getLogger(__name__)

MOST_ITEMS = 20
MOST_EXPECTED_PRICES = 40
# Of the 512 characters of an item's URI. One that is longer would fail its whole batch.
LONGEST_ENCODED_SKU = 470
_ASIN = re.compile(r"[A-Z0-9]{10}")
_PATH = "/batches/products/pricing"
_SUMMARY = "/products/pricing/2022-05-01/items/competitiveSummary"
_EXPECTED = "/products/pricing/2022-05-01/offer/featuredOfferExpectedPrice"

# The subject of a response that names neither product nor condition.
_NAMELESS = ("", "")

T = TypeVar("T")
Item = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How products are named to Amazon, and in its answers."""

    operation: Operation
    path: str
    uri: str
    name_in_request: str
    name_in_payload: str
    name: Callable[[Product], str]


_BY_SKU = _Kind(
    client.LISTING_OFFERS,
    f"{_PATH}/v0/listingOffers",
    "/products/pricing/v0/listings/{}/offers",
    "SellerSKU",
    "SKU",
    lambda product: product.listing.sku,
)
_BY_ASIN = _Kind(
    client.ITEM_OFFERS,
    f"{_PATH}/v0/itemOffers",
    "/products/pricing/v0/items/{}/offers",
    "Asin",
    "ASIN",
    lambda product: product.asin,
)


def unfit(listing: Listing, marketplace: Marketplace) -> Permanent | None:
    """Why Amazon need not be asked about this listing."""
    if listing.currency != marketplace.currency:
        told = f"The product's currency is {listing.currency}, but the marketplace's is {marketplace.currency}."
        return Permanent("CURRENCY_MISMATCH", told)
    if len(quote(listing.sku, safe="")) > LONGEST_ENCODED_SKU:
        return Permanent("INVALID_SKU", "The SKU is longer than Amazon allows.")
    if listing.sku in (".", ".."):
        return Permanent("INVALID_SKU", "Amazon cannot be asked about a SKU that has only dots.")
    return None


class Pricing:
    """One run over a seller's listings, in conditions of ours."""

    def __init__(self, client: Client, settings: AmazonSettings, conditions: Sequence[str]) -> None:
        self._client = client
        self._settings = settings
        # Amazon's name of each.
        self._conditions = {condition: condition.capitalize() for condition in conditions}

    def fetch(self, listings: Sequence[Listing]) -> Iterator[Fetched]:
        """As OfferSource.fetch_offers."""
        unfinished: list[Product] = []
        try:
            for product in self._with_offers(listings):
                if self._is_finished(product):
                    yield product.fetched()
                else:
                    unfinished.append(product)
        except OutboundError:
            yield from (product.fetched() for product in unfinished)
            raise
        for some in _chunks(unfinished, MOST_EXPECTED_PRICES):
            self._complete(some)
            yield from (product.fetched() for product in some)

    def _with_offers(self, listings: Sequence[Listing]) -> Iterator[Product]:
        products = [self._product(listing) for listing in listings]
        yield from (product for product in products if product.problem)
        refused: list[tuple[_Kind, Sequence[Product]]] = []
        for kind, batch in self._batches([product for product in products if not product.problem]):
            if self._add_offers(kind, batch):
                yield from batch
            else:
                refused.append((kind, batch))
        for kind, batch in refused:
            yield from self._in_halves(kind, batch)

    def _batches(self, products: Sequence[Product]) -> Iterator[tuple[_Kind, Sequence[Product]]]:
        for kind, some in (
            (_BY_SKU, [product for product in products if not product.asin]),
            (_BY_ASIN, [product for product in products if product.asin]),
        ):
            yield from ((kind, batch) for batch in _chunks(some, MOST_ITEMS // len(self._conditions)))

    def _in_halves(self, kind: _Kind, refused: Sequence[Product]) -> Iterator[Product]:
        middle = len(refused) // 2
        for half in (refused[:middle], refused[middle:]):
            if self._add_offers(kind, half):
                yield from half
            else:
                yield from self._in_halves(kind, half)

    def _product(self, listing: Listing) -> Product:
        # Anything else, such as an EAN, is no name of Amazon's, and the SKU is.
        asin = listing.external_id if _ASIN.fullmatch(listing.external_id) else ""
        problem = unfit(listing, self._settings.marketplace)
        return Product(listing, self._settings.seller_id, asin, problem=problem)

    def _add_offers(self, kind: _Kind, products: Sequence[Product]) -> bool:
        """False where Amazon refuses the batch and may accept a part of it.

        A batch whose answer makes no sense is the problem of its products only.
        """
        # Two SKUs may be of one ASIN, which is asked for once.
        names = dict.fromkeys(kind.name(product) for product in products)
        requests = [self._offers_of(kind, name, each) for name in names for each in self._conditions.values()]
        try:
            answers = self._responses(kind.operation, kind.path, requests)
        except CredentialsRefused:
            raise
        except Permanent as refusal:
            if len(names) > 1:
                return False
            _fail(products, _refused(kind, next(iter(names)), refusal))
        except InvalidAnswer as problem:
            _fail(products, problem)
        else:
            self._take_all(kind, products, answers)
        return True

    def _take_all(self, kind: _Kind, products: Sequence[Product], answers: Sequence[object]) -> None:
        found = {_subject(each, kind): each for each in answers}
        if _NAMELESS in found and len(products) == len(self._conditions) == 1:
            # It is about the only one that was asked for.
            [condition] = self._conditions.values()
            found.setdefault((kind.name(products[0]), condition), found[_NAMELESS])
        for product in products:
            try:
                self._take(product, kind, found)
            except OutboundError as problem:
                product.problem = problem

    def _take(self, product: Product, kind: _Kind, found: Mapping[tuple[str, str], object]) -> None:
        """The product's response of each condition. Raises OutboundError where one of them fails."""
        name = kind.name(product)
        for condition, named in self._conditions.items():
            if (response := found.get((name, named))) is None:
                raise InvalidAnswer("it leaves this product out")
            asked = Asked(kind.name_in_payload, name, self._settings.marketplace.id, condition)
            product.add_offers(response, asked)

    def _offers_of(self, kind: _Kind, name: str, condition: str) -> Item:
        return {
            "uri": kind.uri.format(quote(name, safe="")),
            "method": "GET",
            "MarketplaceId": self._settings.marketplace.id,
            "ItemCondition": condition,
            "CustomerType": "Consumer",
        }

    def _is_finished(self, product: Product) -> bool:
        if product.problem is not None:
            return True
        return not (self._settings.featured_offer_expected_price or _is_completable(product))

    def _complete(self, products: Sequence[Product]) -> None:
        for some in _chunks([each for each in products if _is_completable(each)], MOST_ITEMS):
            _try(self._add_featured, some)
        if self._settings.featured_offer_expected_price:
            _try(self._add_expected_prices, products)

    def _add_featured(self, products: Sequence[Product]) -> None:
        marketplace = {"marketplaceId": self._settings.marketplace.id, "method": "GET", "uri": _SUMMARY}
        included = {"includedData": ["featuredBuyingOptions"]}
        asins = dict.fromkeys(product.asin for product in products)
        requests: list[Item] = [{**marketplace, **included, "asin": asin} for asin in asins]
        path = f"{_PATH}/2022-05-01/items/competitiveSummary"
        found = _by_name(self._responses(client.COMPETITIVE_SUMMARY, path, requests), "body", "asin")
        for product in products:
            _try(product.add_featured, found.get(product.asin))

    def _add_expected_prices(self, products: Sequence[Product]) -> None:
        marketplace = {"marketplaceId": self._settings.marketplace.id, "method": "GET", "uri": _EXPECTED}
        requests: list[Item] = [{**marketplace, "sku": product.listing.sku} for product in products]
        path = f"{_PATH}/2022-05-01/offer/featuredOfferExpectedPrice"
        found = _by_name(self._responses(client.EXPECTED_PRICES, path, requests), "request", "sku")
        for product in products:
            _try(product.add_expected_price, found.get(product.listing.sku))

    def _responses(self, operation: Operation, path: str, requests: Sequence[Item]) -> list[object]:
        answer = self._client.call(operation, path, body=orjson.dumps({"requests": requests}))
        return items(fields(answer).get("responses"), "responses")


def _chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[first : first + size] for first in range(0, len(values), size))


def _is_completable(product: Product) -> bool:
    return product.lacks_featured and _ASIN.fullmatch(product.asin) is not None


def _refused(kind: _Kind, name: str, refusal: Permanent) -> Permanent:
    told = f"Amazon refuses to give the offers of the {kind.name_in_payload} {name}: {refusal.message}"
    return Permanent(refusal.code, told)


def _fail(products: Sequence[Product], problem: OutboundError) -> None:
    for product in products:
        product.problem = problem


def _subject(response: object, kind: _Kind) -> tuple[str, str]:
    """The product and condition that a response is about: as it repeats the request, else as its payload says."""
    request = _inside(response, "request")
    if request:
        return _text(request.get(kind.name_in_request)), _text(request.get("ItemCondition"))
    payload = _inside(_inside(response, "body"), "payload")
    return _text(payload.get(kind.name_in_payload)), _text(payload.get("ItemCondition"))


def _by_name(responses: Sequence[object], part: str, name: str) -> dict[str, object]:
    return {_text(_inside(each, part).get(name)): each for each in responses}


def _inside(value: object, name: str) -> Mapping[str, object]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _try(add: Callable[[T], None], what: T) -> None:
    """As far as Amazon and the run's time allow: the offers count without it, and one product without another."""
    try:
        add(what)
    except OutboundError as problem:
        logger.warning("Amazon's offers are incomplete: %s", problem)
