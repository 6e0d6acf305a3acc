"""Which product or variant an address names."""

import re
from collections.abc import Collection

import httpx

from workers.catalogue.models import LONGEST_URL
from workers.marketplaces.web.values import Node, scalars, text

# How exactly the page's address names an offer: it names another; it says nothing of it; it is its very address; and
# from NAMED on, by so many parameters or by the fragment.
_OF_A_VARIANT = re.compile("variant|variation_id|attribute_.+|id_product_attribute")

OTHER, UNSAID, HERE, NAMED = -1, 0, 1, 2


def exactness(node: Node, identities: Collection[str], url: httpx.URL) -> int:
    """By the node's own address and by its numbers. The page's may have more of a query: where visitors are from."""
    values = {value for _, value in url.params.multi_items()} | {url.fragment} - {""}
    names = {str(each) for identity in identities for each in scalars(node, identity)}
    named = NAMED if names & values else UNSAID
    address = joined(url, text(node, "url", LONGEST_URL + 1))
    if address is None or not same_page(address, url):
        return named
    theirs, ours = set(address.params.multi_items()), set(url.params.multi_items())
    if any(name in dict(ours) for name, _ in theirs - ours):
        return named or OTHER
    by_fragment = bool(address.fragment) and address.fragment == url.fragment
    if not theirs <= ours or (address.fragment and not by_fragment):
        return named
    return max(named, HERE + len(theirs) + by_fragment)


def names_variant(url: httpx.URL) -> bool:
    """By what Shopify, WooCommerce and PrestaShop name one with."""
    return any(_OF_A_VARIANT.fullmatch(name) for name, _ in url.params.multi_items())


def same_page(one: httpx.URL, other: httpx.URL) -> bool:
    return _place(one) == _place(other)


def _place(url: httpx.URL) -> tuple[bytes, str]:
    return url.raw_host.removeprefix(b"www."), url.path.rstrip("/")


def joined(url: httpx.URL, reference: str) -> httpx.URL | None:
    """None where that is not a web address."""
    if not reference:
        return None
    try:
        found = url.join(reference)
    except (httpx.InvalidURL, ValueError):
        return None
    return found if found.scheme in ("http", "https") and found.raw_host else None
