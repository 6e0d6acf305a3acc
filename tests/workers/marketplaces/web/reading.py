"""Pages as tests write them, and what is read of them."""

import json
from decimal import Decimal

import httpx

from workers.marketplaces.web.page import Page
from workers.marketplaces.web.pages import read

ADDRESS = "https://shop.example/mug"


def page(markup: str, address: str = ADDRESS, currency: str = "USD") -> Page:
    return read(markup.encode(), "utf-8", httpx.URL(address), {"new"}, currency)


def prices(markup: str, address: str = ADDRESS, currency: str = "USD") -> list[tuple[Decimal, str]]:
    return [(offer.price, offer.currency) for offer in page(markup, address, currency).offers]


def reasons(markup: str, address: str = ADDRESS, currency: str = "USD") -> str:
    """Why there is no offer at all."""
    found = page(markup, address, currency)
    assert (found.has_product, found.offers) == (True, [])
    return " ".join(refused.reason for refused in found.refused)


def script(text: object) -> str:
    """JSON-LD; a text as it is."""
    return f'<script type="application/ld+json">{text if isinstance(text, str) else json.dumps(text)}</script>'


def product(offers: object, **more: object) -> dict[str, object]:
    return {"@context": "https://schema.org", "@type": "Product", "name": "Mug", "offers": offers, **more}


def offer(price: object = "19.50", **more: object) -> dict[str, object]:
    return {"@type": "Offer", "price": price, "priceCurrency": "USD", **more}
