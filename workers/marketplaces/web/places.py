"""Which product or variant an address names."""

import re
from collections.abc import Collection

import httpx

from workers.catalogue.models import LONGEST_URL
from workers.marketplaces.web.values import Node, scalars, text

# How exactly the page's address names an offer: it names another; it says nothing of it; it is its very address; and
# from NAMED on, by so many parameters or by the fragment.
OTHER, UNSAID, HERE, NAMED = -1, 0, 1, 2

# What Shopify, WooCommerce and PrestaShop name one with.
_OF_A_VARIANT = re.compile("variant|variation_id|attribute_.+|id_product_attribute")
# Where the visitor comes from.
_OF_A_VISIT = re.compile("utm_.*|gclid|fbclid|srsltid|ref|source|_pos|_sid|_ss")


def exactness(node: Node, identities: Collection[str], url: httpx.URL) -> int:
    """By the node's own address and by its numbers. The page's may have more of a query: a language, say."""
    values = {value for _, value in _parameters(url)} | {url.fragment} - {""}
    names = {str(each) for identity in identities for each in scalars(node, identity)}
    named = NAMED if names & values else UNSAID
    address = joined(url, text(node, "url", LONGEST_URL + 1))
    if address is None or not same_page(address, url):
        return named
    theirs, ours = _parameters(address), _parameters(url)
    if any(name in dict(ours) for name, _ in theirs - ours):
        return named or OTHER
    by_fragment = bool(address.fragment) and address.fragment == url.fragment
    if not theirs <= ours or (address.fragment and not by_fragment):
        return named
    return max(named, HERE + len(theirs) + by_fragment)


def names_variant(url: httpx.URL) -> bool:
    return any(_OF_A_VARIANT.fullmatch(name) for name, _ in _parameters(url))


def with_variant_of(asked: httpx.URL, found: httpx.URL) -> httpx.URL:
    """Where a page was found at last, with the variant that it was asked for: not every redirect keeps that."""
    named = {name: value for name, value in _parameters(asked) if _OF_A_VARIANT.fullmatch(name)}
    return found if names_variant(found) or not named else found.copy_merge_params(named)


def _parameters(url: httpx.URL) -> set[tuple[str, str]]:
    return {(name, value) for name, value in url.params.multi_items() if not _OF_A_VISIT.fullmatch(name)}


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
