"""From what a page says of itself to the offers on it."""

from collections.abc import Collection
from decimal import Decimal

import httpx

from workers.catalogue.models import LONGEST_LABEL, LONGEST_URL, TO_BE_HAD
from workers.marketplaces.protocols import Offer, RefusedOffer
from workers.marketplaces.web.availability import availability as availability_of
from workers.marketplaces.web.documents import Candidate, Contender, Document
from workers.marketplaces.web.ordinary import OF_PRODUCT, SINCE, UNTIL, why_not
from workers.marketplaces.web.page import Page
from workers.marketplaces.web.places import joined
from workers.marketplaces.web.prices import Price, asked, price_of
from workers.marketplaces.web.values import Node, flag, scalars, term, text

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


def read(content: bytes, charset: str | None, url: httpx.URL, conditions: Collection[str], currency: str) -> Page:
    """The offers of the page's main product in these conditions; in its `currency`, where the page has that.

    `url` is where the page was found at last, and names a variant if the address that was asked for did.
    """
    document = Document(content, charset)
    try:
        pages = [_offered(document, each, url, conditions, currency) for each in document.contenders(url)]
        return _agreed(pages, currency) if pages else Page(is_broken=document.is_broken)
    except ValueError as error:
        return Page(has_product=True, refused=[RefusedOffer(_host(url), f"{error} See {url}"[:LONGEST_URL])])


def _offered(
    document: Document, contender: Contender, url: httpx.URL, conditions: Collection[str], currency: str
) -> Page:
    """The offers of one product. Raises ValueError where the one of the variant that is meant is not among them."""
    page = Page(has_product=True)
    read: list[tuple[_Reader, Offer]] = []
    for candidate in contender.candidates:
        reader = _Reader(document, candidate, url, currency)
        try:
            read.append((reader, reader.offer()))
        except ValueError as error:
            page.refused.append(RefusedOffer(reader.seller(), f"{error} See {reader.url()}"))
    plain = {(offer.seller, offer.condition) for reader, offer in read if not reader.name()}
    for reader, offer in read:
        if reader.name() and (offer.seller, offer.condition) in plain:
            told = f"The price {offer.price} is that of “{reader.name()}”: the seller has one without such a name."
            page.refused.append(RefusedOffer(offer.seller, f"{told} See {offer.url}"))
        elif offer.condition in conditions:
            page.offers.append(offer)
    if contender.variant_is_missing:
        _check_for_any_variant(contender, page, currency)
    return page


def _check_for_any_variant(contender: Contender, page: Page, currency: str) -> None:
    """Raises ValueError where not all variants have the price."""
    if any(_is_lowest(each) for each in contender.candidates):
        raise ValueError("The page has the lowest price of all variants, not that of the one that its address names.")
    if len(_prices(page, currency)) > 1:
        raise ValueError(
            "The page has no offer of the variant that its address names, but several prices: "
            f"{_shown([page], currency)}."
        )


def _is_lowest(candidate: Candidate) -> bool:
    lowest, highest = (scalars(candidate.node, name)[:1] for name in ("lowPrice", "highPrice"))
    return candidate.source == "opengraph" or ("price" not in candidate.node and bool(lowest) and lowest != highest)


def _agreed(pages: list[Page], currency: str) -> Page:
    """The first: what may be the page's product has one price. Raises ValueError where it has not."""
    if any(_prices(each, currency) != _prices(pages[0], currency) for each in pages):
        raise ValueError(
            "The page has several products, and none of them has the page's address alone. Their prices: "
            f"{_shown(pages, currency)}."
        )
    return pages[0]


def _prices(page: Page, currency: str) -> set[tuple[Decimal, str]]:
    found = {(offer.price, offer.currency) for offer in page.offers}
    return {each for each in found if each[1] == currency} or found


def _shown(pages: list[Page], currency: str) -> str:
    found = dict.fromkeys(each for page in pages for each in sorted(_prices(page, currency)))
    return ", ".join(f"{amount} {code}" for amount, code in list(found)[:5]) or "none"


class _Reader:
    """One offer as its node has it."""

    def __init__(self, document: Document, candidate: Candidate, page_url: httpx.URL, currency: str) -> None:
        self._document = document
        self._node = candidate.node
        self._source = candidate.source
        self._page_url = page_url
        self._own_currency = currency

    def offer(self) -> Offer:
        """Raises ValueError with what is wrong with it."""
        availability = availability_of(self._node)
        try:
            price = self._price(availability)
        except ValueError as error:
            told = f" Its availability is {availability}." if availability not in TO_BE_HAD else ""
            raise ValueError(f"{error}{told}") from None
        return Offer(
            seller=self.seller(),
            price=price.amount,
            shipping=self._shipping(price.currency),
            currency=price.currency,
            condition=self._condition(),
            availability=availability,
            tax_included=price.tax_included,
            source=self._source,
            url=self.url(),
        )

    def _price(self, availability: str) -> Price:
        specifications = self._document.resolved(self._node.get("priceSpecification"))
        node = self._node
        if availability not in TO_BE_HAD:
            # Until when it was asked says no more than that.
            node = {name: value for name, value in node.items() if name not in (*SINCE, *UNTIL)}
        return asked(node, specifications, self._own_currency)

    def seller(self) -> str:
        """Its name, else the shop's host."""
        for name in ("seller", "offeredBy"):
            parties = self._document.resolved(self._node.get(name))
            if found := text(parties[0], "name") if parties else text(self._node, name):
                return found
        return _host(self._page_url)

    def name(self) -> str:
        """Of the offer, where that is not the product's: a variant's has that in it."""
        name = text(self._node, "name", 60)
        return "" if (product := text(self._node, OF_PRODUCT)) and product.casefold() in name.casefold() else name

    def url(self) -> str:
        found = joined(self._page_url, text(self._node, "url", LONGEST_URL + 1)) or self._page_url
        return str(found if len(str(found)) <= LONGEST_URL else self._page_url)[:LONGEST_URL]

    def _condition(self) -> str:
        named = term(self._node, "itemCondition")
        if named and named not in _CONDITIONS:
            raise ValueError(f"The condition {named} is unknown.")
        return _CONDITIONS.get(named, "new")

    def _shipping(self, currency: str) -> Decimal:
        """The lowest rate in the offer's currency: what an ordinary buyer takes; 0 where the page has none."""
        rates = [
            rate
            for details in self._document.resolved(self._node.get("shippingDetails"))
            # Free for members, say.
            if not why_not(details) and not flag(details, "doesNotShip")
            for rate in self._rates(details)
        ]
        found = [
            price_of(rate, name, {"currency": currency}, currency).amount
            for rate in rates
            if (
                name := next((name for name in ("value", "price", "minValue", "maxValue") if scalars(rate, name)), "")
            )
            and (text(rate, "currency") or currency).upper() == currency
        ]
        return min(found, default=Decimal(0))

    def _rates(self, details: Node) -> list[Node]:
        """Also those of settings."""
        rates = self._document.resolved(details.get("shippingRate"))
        return [*rates, *(each for rate in rates for each in self._document.resolved(rate.get("shippingRate")))]


def _host(url: httpx.URL) -> str:
    return url.host.removeprefix("www.")[:LONGEST_LABEL]
