"""The connector of a Shopify shop."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import JsonValue

from aijobs.outbound.failures import Permanent, Uncertain
from aijobs.outbound.pace import Pace
from workers.catalogue import currencies
from workers.marketplaces.protocols import LARGEST_AMOUNT, Connector, Listing, Scope, Texts
from workers.marketplaces.shopify.api import Api
from workers.marketplaces.shopify.failures import access_denied, invalid_answer
from workers.marketplaces.shopify.operations import (
    CHECK,
    PAGE_SIZE,
    PRODUCT_BY_ID,
    UPDATE_LISTING,
    UPDATE_PRICE,
    VARIANT_BY_ID,
    VARIANTS_BY_SKU,
    ProductTexts,
    Shop,
    UpdatePayload,
    Variant,
)
from workers.marketplaces.shopify.settings import ShopifyCredentials, ShopifySettings

# Of a search. It finds ABC-1 for ABC, and a shop may have thousands of those.
MOST_PAGES = 20
_ADVICE = "Import the ID of the right variant, such as 44123456789012, as the product's external_id"
_VARIANT = "gid://shopify/ProductVariant/"
_VARIANT_ID = re.compile(rf"{_VARIANT}[0-9]+")
# A variant's ID as Shopify's pages and exports have it, or something else, such as an EAN.
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_NEEDED_SCOPES = ("read_products", "write_products")
# By the name of the text. A product's variants share them.
_INPUTS = {"title": "title", "description": "descriptionHtml"}


@dataclass(frozen=True, slots=True)
class _Matches:
    """The variants found with a SKU, and whether there cannot be others that would matter."""

    variants: Sequence[Variant]
    all_seen: bool


class Shopify(Connector[ShopifySettings, ShopifyCredentials]):
    """The seller's own shop: its prices and listings. A shop shows no offers of others.

    A product has a title and a description in HTML. It has neither bullets nor search terms of their own, and all its
    variants have the same texts.
    """

    def __init__(self, settings: ShopifySettings, credentials: ShopifyCredentials, pace: Pace, scope: Scope) -> None:
        super().__init__(settings, credentials, pace, scope)
        self._api = Api(settings, credentials.access_token, pace)

    def close(self) -> None:
        self._api.close()

    def check(self) -> str:
        found = self._api.call(CHECK)
        granted = {scope.handle for scope in found.installation.scopes}
        # To write includes to read.
        granted |= {f"read_{handle.removeprefix('write_')}" for handle in granted if handle.startswith("write_")}
        if missing := [scope for scope in _NEEDED_SCOPES if scope not in granted]:
            raise access_denied(" and ".join(missing))
        shop = f"{self._api.quotable(found.shop.name)} ({found.shop.currency})"
        return f"The service is connected to {shop} and can read and write prices and listings."

    def read_price(self, listing: Listing) -> Decimal:
        return self._find(listing).price

    def write_price(self, listing: Listing, price: Decimal) -> Sequence[str]:
        """Shopify takes a price or rejects it: it never warns."""
        text = _price_text(price, listing.currency)
        variant = self._find(listing)
        changes: list[JsonValue] = [{"id": variant.id, "price": text}]
        update = self._api.call(UPDATE_PRICE, productId=variant.product.id, variants=changes).payload
        if update.errors:
            message = self._api.quotable(update.errors[0].message)
            raise Permanent("WRITE_REJECTED", f"Shopify rejected the price: {message}")
        _check_written(update, variant, price)
        return ()

    def read_listing(self, listing: Listing, names: Collection[str]) -> Texts:
        product_id = self._find(listing).product.id
        found = self._api.call(PRODUCT_BY_ID, id=product_id).node
        if found is None:
            raise Permanent("NOT_LISTED", f"{self.settings.shop} has no product {self._api.quotable(product_id)}.")
        return {name: getattr(found, name) for name in names}

    def write_listing(self, listing: Listing, texts: Texts) -> Sequence[str]:
        """Shopify warns of nothing itself; but it may have made other HTML of a description."""
        product: dict[str, JsonValue] = {"id": self._find(listing).product.id}
        product |= {_INPUTS[name]: text for name, text in texts.items() if isinstance(text, str)}
        update = self._api.call(UPDATE_LISTING, product=product).payload
        if update.errors:
            message = self._api.quotable(update.errors[0].message)
            raise Permanent("WRITE_REJECTED", f"Shopify rejected the listing: {message}")
        if update.product is None:
            raise invalid_answer(UPDATE_LISTING)
        return _rewritten(update.product, texts)

    def _find(self, listing: Listing) -> Variant:
        """The listing's variant. Raises Permanent where there is none, or not one, or its currency is another."""
        if _VARIANT_ID.fullmatch(listing.external_id):
            if variant := self._by_id(listing.external_id, listing):
                return variant
            raise Permanent("NOT_LISTED", f"{self.settings.shop} has no variant {listing.external_id}.")
        found = self._by_sku(listing)
        if found.all_seen and len(found.variants) == 1:
            return found.variants[0]
        if variant := self._by_number(listing, found):
            return variant
        raise self._not_one(listing, found)

    def _by_id(self, variant_id: str, listing: Listing) -> Variant | None:
        found = self._api.call(VARIANT_BY_ID, id=variant_id)
        self._check_currency(found.shop, listing)
        return found.node

    def _by_number(self, listing: Listing, found: _Matches) -> Variant | None:
        """The variant whose ID the product's external_id is, where the SKU alone does not tell the variant."""
        if not _NUMBER.fullmatch(listing.external_id):
            return None
        variant = self._by_id(_VARIANT + listing.external_id, listing)
        if variant is None or variant.sku == listing.sku:
            return variant
        # It has another SKU, or none: it is meant only where no variant has the SKU.
        return variant if found.all_seen and not found.variants else None

    def _by_sku(self, listing: Listing) -> _Matches:
        """The variants with exactly this SKU, of which a search finds more; of several, at least two."""
        matches: dict[str, Variant] = {}
        after: str | None = None
        for _ in range(MOST_PAGES):
            found = self._api.call(VARIANTS_BY_SKU, first=PAGE_SIZE, after=after, query=_search_for(listing.sku))
            self._check_currency(found.shop, listing)
            matches |= {each.id: each for each in found.variants.nodes if each.sku == listing.sku}
            after = found.variants.page.end
            if len(matches) > 1 or not found.variants.page.has_next:
                return _Matches(list(matches.values()), all_seen=True)
        return _Matches(list(matches.values()), all_seen=False)

    def _not_one(self, listing: Listing, found: _Matches) -> Permanent:
        shop, sku = self.settings.shop, listing.sku
        number = listing.external_id if _NUMBER.fullmatch(listing.external_id) else ""
        if not found.all_seen:
            return Permanent("AMBIGUOUS_SKU", f"{shop} has too many SKUs like {sku}. {_ADVICE}.")
        if found.variants:
            none = f", and none of them has the ID {number}" if number else ""
            return Permanent("AMBIGUOUS_SKU", f"{shop} has several variants with the SKU {sku}{none}. {_ADVICE}.")
        none = f", and none with the ID {number}" if number else ""
        return Permanent("NOT_LISTED", f"{shop} has no variant with the SKU {sku}{none}.")

    def _check_currency(self, shop: Shop, listing: Listing) -> None:
        if shop.currency != listing.currency:
            sells = f"{self.settings.shop} sells in {shop.currency}"
            raise Permanent("WRONG_CURRENCY", f"{sells}, but the product is priced in {listing.currency}.")


def _check_written(update: UpdatePayload, variant: Variant, price: Decimal) -> None:
    """Raises Uncertain where the answer does not confirm the price."""
    written = {each.id: each.price for each in update.variants or []}
    if variant.id not in written:
        raise invalid_answer(UPDATE_PRICE)
    if written[variant.id] != price:
        raise Uncertain("PRICE_DIFFERS", f"The service sent {price}, but Shopify has {written[variant.id]}.")


def _rewritten(written: ProductTexts, texts: Texts) -> list[str]:
    """Which texts are not as they were sent."""
    names = [name for name, text in texts.items() if getattr(written, name) != text]
    return [f"Shopify has the {name} in other words or other HTML than it was sent." for name in names]


def _search_for(sku: str) -> str:
    """Shopify's search syntax: within quotes only the quote and the backslash mean something."""
    escaped = sku.replace("\\", "\\\\").replace("'", "\\'")
    return f"sku:'{escaped}'"


def _price_text(price: Decimal, currency: str) -> str:
    """The price as Shopify takes it, with the currency's decimals. Raises Permanent where it is no price."""
    if not (price.is_finite() and 0 < price < LARGEST_AMOUNT and currencies.fits(price, currency)):
        raise Permanent("INVALID_PRICE", f"{price} is not a possible price in {currency}.")
    return f"{price.quantize(Decimal(1).scaleb(-currencies.decimals(currency))):f}"
