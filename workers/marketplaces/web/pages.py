"""From what a page says of itself to the offers on it."""

import re
from collections.abc import Collection
from decimal import Decimal
from itertools import islice

import httpx

from workers.catalogue.models import LONGEST_LABEL, LONGEST_URL
from workers.marketplaces.protocols import Offer, RefusedOffer
from workers.marketplaces.web.amounts import amount, currency_of, rounded
from workers.marketplaces.web.markup import Json, Node, nodes
from workers.marketplaces.web.page import Page

_PRODUCTS = {"Product", "ProductGroup", "ProductModel", "IndividualProduct", "SomeProducts"}
_OFFERS = {"Offer", "AggregateOffer", "OfferForPurchase"}
# Where a page has its product; what it has elsewhere is another one: similar, bought together, next to it in a list.
_MAIN = ("@graph", "mainEntity")
_CONDITIONS = {
    "new": "new",
    "newcondition": "new",
    "used": "used",
    "usedcondition": "used",
    "damaged": "used",
    "damagedcondition": "used",
    "refurbished": "refurbished",
    "refurbishedcondition": "refurbished",
}
_NOT_ON_SALE = {"outofstock", "soldout", "discontinued"}
# What is crossed out or recommended, not asked for.
_NOT_ASKED = {"listprice", "strikethroughprice", "msrp", "srp", "invoiceprice", "minimumadvertisedprice"}
# Bounds of what a hostile page can make us walk through.
_MOST_NODES = 5000
_MOST_OFFERS = 200
_MOST_TYPES = 10
# A node that many refer to is looked at, property by property, for each of them.
_MOST_FOLLOWED = 200_000


def read(content: bytes, charset: str | None, url: httpx.URL, conditions: Collection[str]) -> Page:
    """The offers of the page's main product in these conditions. `url` is where the page was found at last."""
    document = _Document(content, charset)
    page = Page()
    offers = document.offers(url)
    # Where the address names a variant, only its own.
    for node in [node for node in offers if _is_at(node, url)] or offers:
        page.has_product = True
        reader = _Reader(document, node, url)
        try:
            offer = reader.offer()
        except ValueError as error:
            page.refused.append(RefusedOffer(reader.seller(), f"{error} See {reader.url()}"))
        else:
            page.offers += [offer] if offer.condition in conditions else []
    return page


class _Document:
    """A page's nodes, and what they refer to by @id."""

    def __init__(self, content: bytes, charset: str | None) -> None:
        self._found: list[Node] = []
        waiting = list(islice(nodes(content, charset), _MOST_NODES))[::-1]
        while waiting and len(self._found) < _MOST_NODES:
            node = waiting.pop()
            self._found.append(node)
            waiting += [within for name in _MAIN for within in _nodes(node.get(name))][::-1]
        self._left = _MOST_FOLLOWED
        self._by_id = {identity: node for node in self._found if len(node) > 1 and (identity := _text(node, "@id"))}

    def resolved(self, value: Json) -> list[Node]:
        """The nodes that a value has, itself or by reference: the first of them."""
        found: list[Node] = []
        for each in (value if isinstance(value, list) else [value])[:_MOST_OFFERS]:
            if isinstance(each, dict) and self._left > 0:
                node = self._by_id.get(_text(each, "@id"), each) if len(each) == 1 else each
                self._left -= 1 + len(node)
                found.append(node)
        return found

    def offers(self, url: httpx.URL) -> list[Node]:
        """Those of the main product: the one that the address is of, else the first that has any."""
        products = [node for node in self._found if _types(node) & _PRODUCTS]
        products.sort(key=lambda node: not _is_at(node, url))
        alone = [node for node in self._found if _types(node) & _OFFERS]
        return next(filter(None, map(self._of, products)), self._single(alone, {}))

    def _of(self, product: Node) -> list[Node]:
        """A product's offers and those of its variants, each with what it has of the product."""
        inherited = _of_all(product, "itemCondition", "url")
        offers = self._single(self.resolved(product.get("offers")), inherited)
        for variant in self.resolved(product.get("hasVariant")):
            of_the_variant = {**inherited, **_of_all(variant, "itemCondition", "url")}
            offers += self._single(self.resolved(variant.get("offers")), of_the_variant)
        return offers[:_MOST_OFFERS]

    def _single(self, offers: list[Node], inherited: Node) -> list[Node]:
        """The single offers, also those in an aggregate; without any, the aggregates: their lowest price."""
        single: list[Node] = []
        aggregates = [node for node in offers if _is_aggregate(node)]
        for node in aggregates:
            of_all = {**inherited, **_of_all(node, "priceCurrency")}
            single += [{**of_all, **each} for each in self.resolved(node.get("offers"))]
        single += [{**inherited, **node} for node in offers if not _is_aggregate(node)]
        return (single or [{**inherited, **node} for node in aggregates])[:_MOST_OFFERS]


class _Reader:
    """One offer as its node has it."""

    def __init__(self, document: _Document, node: Node, page_url: httpx.URL) -> None:
        self._document = document
        self._node = node
        self._page_url = page_url

    def offer(self) -> Offer:
        """Raises ValueError with what is wrong with it."""
        if (availability := _term(self._node, "availability")) in _NOT_ON_SALE:
            raise ValueError(f"The offer is not on sale ({availability}).")
        asked = self._asked()
        currency = self._currency(asked)
        return Offer(
            seller=self.seller(),
            price=_amount(asked, "price" if "price" in asked else "lowPrice", currency),
            shipping=self._shipping(currency),
            currency=currency,
            condition=self._condition(),
            url=self.url(),
        )

    def seller(self) -> str:
        """Its name, else the shop's host."""
        for name in ("seller", "offeredBy"):
            parties = self._document.resolved(self._node.get(name))
            if found := _text(parties[0], "name") if parties else _text(self._node, name):
                return found
        return self._page_url.host.removeprefix("www.")[:LONGEST_LABEL]

    def url(self) -> str:
        found = _joined(self._page_url, _text(self._node, "url", LONGEST_URL + 1)) or self._page_url
        return str(found if len(str(found)) <= LONGEST_URL else self._page_url)[:LONGEST_URL]

    def _asked(self) -> Node:
        """The node that has the price: the offer, or one of its specifications."""
        if _has(self._node, "price"):
            return self._node
        specifications = self._document.resolved(self._node.get("priceSpecification"))
        asked = [
            each for each in specifications if _has(each, "price") and _term(each, "priceType") not in _NOT_ASKED
        ]
        # A price of a kilogram, say, where there is also one of the piece.
        asked.sort(key=lambda each: "referenceQuantity" in each)
        return asked[0] if asked else self._node

    def _currency(self, asked: Node) -> str:
        for node in (asked, self._node):
            named = _text(node, "priceCurrency")
            if found := named.upper() if re.fullmatch("[A-Za-z]{3}", named) else currency_of(named):
                return found
        if found := currency_of(_text(asked, "price")):
            return found
        raise ValueError("The currency is missing.")

    def _condition(self) -> str:
        named = _term(self._node, "itemCondition")
        if named and named not in _CONDITIONS:
            raise ValueError(f"The condition {named} is unknown.")
        return _CONDITIONS.get(named, "new")

    def _shipping(self, currency: str) -> Decimal:
        """The first rate in the offer's currency; 0 where the page has none."""
        for details in self._document.resolved(self._node.get("shippingDetails")):
            for rate in self._document.resolved(details.get("shippingRate")):
                name = next((name for name in ("value", "price", "maxValue") if _has(rate, name)), "")
                if name and (_text(rate, "currency") or currency).upper() == currency:
                    return _amount(rate, name, currency)
        return Decimal(0)


def _is_at(node: Node, url: httpx.URL) -> bool:
    """Whether the node's address is this one, which may have more of a query: where the visitor comes from."""
    found = _joined(url, _text(node, "url", LONGEST_URL + 1))
    if found is None or _place(found) != _place(url):
        return False
    return set(found.params.multi_items()) <= set(url.params.multi_items())


def _place(url: httpx.URL) -> tuple[bytes, str]:
    return url.raw_host.removeprefix(b"www."), url.path.rstrip("/")


def _joined(url: httpx.URL, reference: str) -> httpx.URL | None:
    """None where that is no web address."""
    if not reference:
        return None
    try:
        joined = url.join(reference)
    except (httpx.InvalidURL, ValueError):
        return None
    return joined if joined.scheme in ("http", "https") and joined.raw_host else None


def _of_all(node: Node, *names: str) -> Node:
    """What holds for all offers of the node that do not say otherwise."""
    return {name: node[name] for name in names if name in node}


def _is_aggregate(node: Node) -> bool:
    return "AggregateOffer" in _types(node) or ("lowPrice" in node and "price" not in node)


def _amount(node: Node, name: str, currency: str) -> Decimal:
    value = _first(node.get(name))
    if isinstance(value, Decimal):
        return rounded(value, currency)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"The {name} is missing.")
    return rounded(amount(value, currency), currency)


def _types(node: Node) -> set[str]:
    """Product, of http://schema.org/Product as well as of schema:Product."""
    value = node.get("@type")
    values = value[:_MOST_TYPES] if isinstance(value, list) else [value]
    return {_segment(each[:LONGEST_LABEL]) for each in values if isinstance(each, str)}


def _term(node: Node, name: str) -> str:
    """outofstock, of https://schema.org/OutOfStock as well as of "Out of stock"; empty where there is none."""
    return re.sub("[^a-z]", "", _segment(_text(node, name)).lower())


def _segment(text: str) -> str:
    return re.split("[/#:]", text.strip().rstrip("/"))[-1]


def _has(node: Node, name: str) -> bool:
    value = _first(node.get(name))
    return isinstance(value, Decimal) or (isinstance(value, str) and bool(value.strip()))


def _first(value: Json) -> Json:
    return (value[0] if value else None) if isinstance(value, list) else value


def _nodes(value: Json) -> list[Node]:
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, dict)]


def _text(node: Node, name: str, longest: int = LONGEST_LABEL) -> str:
    """On one line, of what the database takes: neither control characters nor halves of surrogate pairs."""
    value = _first(node.get(name))
    if not isinstance(value, str):
        return ""
    line = " ".join(value[: longest * 2].split())
    return "".join(each for each in line if each.isprintable())[:longest].strip()
