"""Which page, product or variant an address names."""

import re
from collections.abc import Collection, Iterator
from urllib.parse import urlencode

import httpx

from workers.catalogue.models import LONGEST_URL
from workers.marketplaces.web.values import Node, dicts, scalars, text

# How exactly the page's address names an offer: it names another; it says nothing of it; it is its very address; and
# from NAMED on, by so many parameters or by the fragment.
OTHER, UNSAID, HERE, NAMED = -1, 0, 1, 2

# What Shopify, WooCommerce, PrestaShop and others name a variant with.
_OF_A_VARIANT = re.compile(
    r"variant.*|variation.*|attribute_.+|id_product_attribute|sku|colou?r|size|number", re.IGNORECASE
)
# Where the visitor comes from, and how he sees the page.
_OF_A_VISIT = re.compile(
    r"utm_.*|[a-z]{0,4}clid|gad_.*|[gw]braid|srsltid|_.*|mc_[ce]id|pk_.*|mtm_.*|pr_.*|ref|ref_|referr?er|source|src|aff.*"
    r"|campaign|cmp|tag|th|psc|smid|page|p|q|query|search|s|sort|order|orderby|limit|view|tab|qty|quantity|currency"
    r"|country|lang|language|locale|store|shop|region|filter.*",
    re.IGNORECASE,
)
# What names the product where the path does not.
_OF_A_PRODUCT = re.compile(
    r"(?:product|products|item|article|artikel)?_?-?(?:id|nr|no)|pid|route|path|cpath", re.IGNORECASE
)
# Parts of a page that most shops have.
_ANCHORS = re.compile(
    r"(?:customer-?)?reviews?|ratings?|descriptions?|details?|specs|specifications?|main|main-?content|maincontent"
    r"|content|top|tabs?[-_/].*|product|offers?|faq|shipping|questions|:~:.*|",
    re.IGNORECASE,
)
_LOCALE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?", re.IGNORECASE)
_EXTENSION = re.compile(r"\.(?:html?|php|aspx?|jsp)$", re.IGNORECASE)
_NUMBER = re.compile(r"\d{5,}")


def exactness(node: Node, identities: Collection[str], url: httpx.URL) -> int:
    """By the node's own addresses and by its numbers. The page's may have more of a query: a language, say."""
    values = {value for _, value in _parameters(url)} | {url.fragment.casefold()} - {""}
    numbers = {str(each).casefold() for identity in identities for each in scalars(node, identity)}
    if numbers & values:
        return NAMED
    found = [_nearness(each, url) for each in _addresses(node, url)]
    if numbers & set(_tokens(url)):
        found.append(HERE)
    return OTHER if OTHER in found else max(found, default=UNSAID)


def _addresses(node: Node, url: httpx.URL) -> list[httpx.URL]:
    """A name such as #offer is none."""
    identity = text(node, "@id", LONGEST_URL + 1)
    addresses = [text(node, "url", LONGEST_URL + 1), identity if "?" in identity else ""]
    return [found for each in addresses if (found := joined(url, each))]


def _nearness(address: httpx.URL, url: httpx.URL) -> int:
    theirs, ours = _parameters(address), _parameters(url)
    if any(name in dict(ours) for name, _ in theirs - ours):
        return OTHER
    by_fragment = bool(address.fragment) and address.fragment == url.fragment
    if shared := len(theirs & ours) + by_fragment:
        return HERE + shared
    return HERE if same_page(address, url) and not theirs and not address.fragment else UNSAID


def beyond(url: httpx.URL, products: Collection[httpx.URL]) -> httpx.URL:
    """What the address says beside where the product is: these are the product's own addresses."""
    of_products = {pair for each in products for pair in _parameters(each) if not _OF_A_VARIANT.fullmatch(pair[0])}
    more = [(name, value) for name, value in _parameters(url) - of_products if not _OF_A_PRODUCT.fullmatch(name)]
    harmless = _ANCHORS.fullmatch(url.fragment) or url.fragment in {each.fragment for each in products}
    return url.copy_with(query=urlencode(more).encode(), fragment="" if harmless else url.fragment)


def with_variant_of(asked: httpx.URL, found: httpx.URL) -> httpx.URL:
    """Where a page was found at last, with the variant that it was asked for: not every redirect keeps that."""
    has = {name for name, _ in _parameters(found)}
    named = {
        name: value
        for name, value in asked.params.multi_items()
        if _OF_A_VARIANT.fullmatch(name) and name.casefold() not in has
    }
    return found.copy_merge_params(named) if named else found


def moved(asked: httpx.URL, found: httpx.URL) -> bool:
    """Whether a redirect may have led to another product: to where nothing is left of the last part of the path.

    Shops add a language, a category, or words: /p/123 is /en/p/123/mug.
    """
    wanted, there = _segments(asked), _segments(found)
    if not wanted or wanted[-1] in there:
        return False
    return not set(_NUMBER.findall(wanted[-1])) & set(_NUMBER.findall(" ".join(there)))


def _parameters(url: httpx.URL) -> set[tuple[str, str]]:
    """Those that name something."""
    return {
        (name.casefold(), value.casefold())
        for name, value in url.params.multi_items()
        if value and not _OF_A_VISIT.fullmatch(name)
    }


def same_page(one: httpx.URL, other: httpx.URL) -> bool:
    """Whatever comes before the product's own path: a language, a category."""
    if _host(one) != _host(other):
        return False
    ours, theirs = _segments(one), _segments(other)
    shorter = min(len(ours), len(theirs))
    return ours == theirs if not shorter else ours[-shorter:] == theirs[-shorter:]


def _host(url: httpx.URL) -> bytes:
    return url.raw_host.removeprefix(b"www.")


def _segments(url: httpx.URL) -> list[str]:
    """Of the path, without the language and the collection in which a shop shows the product."""
    found = [_EXTENSION.sub("", each).casefold() for each in url.path.split("/") if each]
    if len(found) > 1 and _LOCALE.fullmatch(found[0]):
        found = found[1:]
    return found[2:] if found[:1] == ["collections"] and found[2:3] == ["products"] else found


def _tokens(url: httpx.URL) -> Iterator[str]:
    """The last part of the path, and the numbers in it."""
    for last in _segments(url)[-1:]:
        yield last
        yield from re.findall(r"\d{8,14}", last)


def joined(url: httpx.URL, reference: str) -> httpx.URL | None:
    """None where that is not a web address."""
    if not reference:
        return None
    try:
        found = url.join(reference)
    except (httpx.InvalidURL, ValueError):
        return None
    return found if found.scheme in ("http", "https") and found.raw_host else None


def of_product(product: Node, offers: Collection[Node], url: httpx.URL) -> list[httpx.URL]:
    """Where a product says that it is: what says it best."""
    pages = [text(each, "@id", LONGEST_URL + 1) for each in dicts(product.get("mainEntityOfPage"))]
    identity = text(product, "@id", LONGEST_URL + 1)
    said = (
        [text(product, "url", LONGEST_URL + 1)],
        pages or [text(product, "mainEntityOfPage", LONGEST_URL + 1)],
        ["" if identity.startswith(("#", "_:")) or "/" not in identity else identity],
        [text(each, "url", LONGEST_URL + 1) for each in offers],
        [text(each, "@id", LONGEST_URL + 1) for each in offers if "/" in text(each, "@id", LONGEST_URL + 1)],
    )
    for references in said:
        if found := [address for each in references if (address := joined(url, each))]:
            return found
    return []
