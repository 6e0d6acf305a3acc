"""The connector of a Shopify shop."""

import re
from collections.abc import Sequence
from decimal import Decimal

from pydantic import JsonValue

from aijobs.outbound.failures import Permanent, Uncertain
from aijobs.outbound.pace import Pace
from workers.catalogue import currencies
from workers.marketplaces.protocols import LARGEST_AMOUNT, Connector, Listing, Scope
from workers.marketplaces.shopify.api import Api
from workers.marketplaces.shopify.failures import access_denied, invalid_answer
from workers.marketplaces.shopify.operations import (
    CHECK,
    PAGE_SIZE,
    UPDATE_PRICE,
    VARIANT_BY_ID,
    VARIANTS_BY_SKU,
    Shop,
    UpdatePayload,
    Variant,
)
from workers.marketplaces.shopify.settings import ShopifyCredentials, ShopifySettings

# Of a search. It finds ABC-1 for ABC, and a shop may have thousands of those.
MOST_PAGES = 20
_ADVICE = "Import the variant's ID, gid://shopify/ProductVariant/…, as external_id"
_VARIANT_ID = re.compile(r"gid://shopify/ProductVariant/[0-9]+")
_NEEDED_SCOPES = ("read_products", "write_products")


class Shopify(Connector[ShopifySettings, ShopifyCredentials]):
    """The seller's own shop: its prices. A shop shows no offers of others."""

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
        return f"The service is connected to {shop} and can read and write prices."

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

    def _find(self, listing: Listing) -> Variant:
        """The listing's variant. Raises Permanent where there is none, or not one, or its currency is another."""
        by_id = _VARIANT_ID.fullmatch(listing.external_id)
        matches = self._by_id(listing) if by_id else self._by_sku(listing)
        if not matches:
            named = listing.external_id if by_id else f"with the SKU {listing.sku}"
            raise Permanent("NOT_LISTED", f"{self.settings.shop} has no variant {named}.")
        if len(matches) > 1:
            raise Permanent(
                "AMBIGUOUS_SKU", f"{self.settings.shop} has several variants with the SKU {listing.sku}. {_ADVICE}."
            )
        return matches[0]

    def _by_id(self, listing: Listing) -> list[Variant]:
        found = self._api.call(VARIANT_BY_ID, id=listing.external_id)
        self._check_currency(found.shop, listing)
        return [found.node] if found.node else []

    def _by_sku(self, listing: Listing) -> list[Variant]:
        """The variants with exactly this SKU, of which a search finds more; of several, at least two."""
        matches: dict[str, Variant] = {}
        after: str | None = None
        for _ in range(MOST_PAGES):
            found = self._api.call(VARIANTS_BY_SKU, first=PAGE_SIZE, after=after, query=_search_for(listing.sku))
            self._check_currency(found.shop, listing)
            matches |= {each.id: each for each in found.variants.nodes if each.sku == listing.sku}
            after = found.variants.page.end
            if len(matches) > 1 or not found.variants.page.has_next:
                return list(matches.values())
        raise Permanent("AMBIGUOUS_SKU", f"{self.settings.shop} has too many SKUs like {listing.sku}. {_ADVICE}.")

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


def _search_for(sku: str) -> str:
    """Shopify's search syntax: within quotes only the quote and the backslash mean something."""
    escaped = sku.replace("\\", "\\\\").replace("'", "\\'")
    return f"sku:'{escaped}'"


def _price_text(price: Decimal, currency: str) -> str:
    """The price as Shopify takes it, with the currency's decimals. Raises Permanent where it is no price."""
    if not (price.is_finite() and 0 < price < LARGEST_AMOUNT and currencies.fits(price, currency)):
        raise Permanent("INVALID_PRICE", f"{price} is not a possible price in {currency}.")
    return f"{price.quantize(Decimal(1).scaleb(-currencies.decimals(currency))):f}"
