"""From a page's nodes to the offers of its main product, with how exactly the page's address names each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import httpx

from workers.catalogue.models import LONGEST_URL
from workers.marketplaces.web.items import MICRODATA, RDFA, canonical, items, opengraph
from workers.marketplaces.web.markup import parsed
from workers.marketplaces.web.ordinary import OF_PRODUCT
from workers.marketplaces.web.places import NAMED, OTHER, exactness, joined, names_variant, same_page
from workers.marketplaces.web.scripts import documents
from workers.marketplaces.web.timing import is_ahead, is_over
from workers.marketplaces.web.values import Json, Node, dicts, flat, scalars, text, types

_PRODUCTS = {"product", "productgroup", "productmodel", "individualproduct", "someproducts", "book", "videogame"}
_OFFERS = {"offer", "aggregateoffer", "offerforpurchase"}
# Where a page has its product; what it has elsewhere is another one: similar, bought together, next to it in a list.
_MAIN = ("@graph", "mainEntity")
_IDENTITIES = ("sku", "productID", "mpn", "gtin", "gtin8", "gtin12", "gtin13", "gtin14")
_PRICES = {"price", "priceSpecification", "lowPrice", "highPrice", "minPrice", "maxPrice"}
_OF_A_PRODUCT = ("itemCondition", "priceCurrency", "availability")
# Bounds of what a hostile page can make us walk through.
_MOST_NODES = 5000
_MOST_OFFERS = 200
# A node that many refer to is looked at, property by property, for each of them.
_MOST_FOLLOWED = 200_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer with what it has of its product, and in what form and how exactly named the page has it."""

    node: Node
    source: str
    exactness: int = 0


class Document:
    """A page's nodes, and what they refer to by @id."""

    def __init__(self, content: bytes, charset: str | None) -> None:
        page = parsed(content, charset)
        self._sources: dict[int, str] = {}
        self._found: list[Node] = []
        for script in page.scripts:
            self._find("json-ld", [node for value in documents(script) for node in dicts(value)])
        self._canonical = ""
        self._properties: dict[str, list[str]] = {}
        if page.root is not None:
            self._find("microdata", list(items(page.root, MICRODATA)))
            self._find("rdfa", list(items(page.root, RDFA)))
            self._canonical = canonical(page.root)
            self._properties = opengraph(page.root)
        self._left = _MOST_FOLLOWED
        self._by_id: dict[str, Node] = {}
        self._index()
        self._main = {id(node) for each in self._found for node in self.resolved(each.get("mainEntity"))}
        # Offers that stand alone and name their product, by that.
        self._offering: dict[int, list[Node]] = {}
        for each in self._found:
            if types(each) & _OFFERS:
                for node in self.resolved(each.get("itemOffered")):
                    self._offering.setdefault(id(node), []).append(each)

    def _find(self, source: str, nodes: Sequence[Node]) -> None:
        waiting = list(nodes)[:_MOST_NODES][::-1]
        while waiting and len(self._found) < _MOST_NODES:
            node = waiting.pop()
            self._sources[id(node)] = source
            self._found.append(node)
            waiting += [within for name in _MAIN for within in dicts(node.get(name))][::-1]

    def _index(self) -> None:
        """One node for each @id: what several places of the page say of it together, the first first."""
        for node in _all_within(self._found):
            if len(node) == 1 or not (identity := text(node, "@id")):
                continue
            known = self._by_id.setdefault(identity, node)
            if known is not node and (not types(node) or types(known) & types(node)):
                for name, value in node.items():
                    known.setdefault(name, value)

    def resolved(self, value: Json) -> list[Node]:
        """The nodes that a value has, itself or by reference: the first of them."""
        found: list[Node] = []
        for each in flat(value, _MOST_OFFERS):
            node = self._node(each)
            if node is not None and self._left > 0:
                self._left -= 1 + len(node)
                found.append(node)
        return found

    def _node(self, value: Json) -> Node | None:
        if isinstance(value, str):
            return self._by_id.get(value)
        if isinstance(value, dict):
            return self._by_id.get(text(value, "@id"), value) if value.keys() <= {"@id", "@type"} else value
        return None

    def candidates(self, url: httpx.URL) -> list[Candidate]:
        """The offers of the main product; those that the address names, where it names some.

        Without any, what the page says by OpenGraph. Raises ValueError where it is not clear which product is meant.
        """
        found = self._of_the_main_product(url) or self._alone() or self._opengraph()
        return _named([replace(each, exactness=exactness(each.node, _IDENTITIES, url)) for each in found], url)

    def _of_the_main_product(self, url: httpx.URL) -> list[Candidate]:
        products = [node for node in self._found if types(node) & _PRODUCTS]
        products.sort(key=lambda node: self._rank(node, url))
        offered = [(node, found) for node in products if (found := self._of(node))]
        if not offered:
            return []
        product, candidates = offered[0]
        if not _same(products[0], product):
            # The first is the page's, and has no offer: those after it are of other products.
            return []
        if self._rank(product, url)[0] > 1 and any(not _same(product, other) for other, _ in offered):
            raise ValueError("The page has several products, and none of them has the page's address.")
        return candidates

    def _rank(self, product: Node, url: httpx.URL) -> tuple[int, int]:
        """The page's own product first, then those that say nothing of where they are."""
        address = joined(url, text(product, "url", LONGEST_URL + 1))
        own = [url, *filter(None, [joined(url, self._canonical)])]
        here = address is not None and any(same_page(address, each) for each in own)
        rank = 0 if here or id(product) in self._main else 1 if address is None else 2
        return rank, -exactness(product, _IDENTITIES, url)

    def _of(self, product: Node) -> list[Candidate]:
        """A product's offers and those of its variants, each with what it has of the product."""
        source = self._sources.get(id(product), "json-ld")
        of_all = {**_of_all(product, *_OF_A_PRODUCT, "url"), OF_PRODUCT: text(product, "name", 500)}
        inherited = {**of_all, **_of_all(product, *_IDENTITIES)}
        found: list[Node] = []
        for variant in self.resolved(product.get("hasVariant")):
            found += self._single(self.resolved(variant.get("offers")), {**of_all, **_of_a_variant(variant)})
        own = self.resolved(product.get("offers")) or self._offering.get(id(product), [])
        # A group's aggregate sums up its variants.
        found = self._single([each for each in own if not (found and _is_aggregate(each))], inherited) + found
        return [Candidate(self._of_the_item(node), source) for node in found[:_MOST_OFFERS]]

    def _of_the_item(self, offer: Node) -> Node:
        """With what it has of the variant that it offers."""
        offered = self.resolved(offer.get("itemOffered"))
        return {**offer, **_of_a_variant(offered[0])} if len(offered) == 1 else offer

    def _single(self, offers: list[Node], inherited: Node) -> list[Node]:
        """The single offers, also those in an aggregate; without any price, the aggregates: their lowest."""
        single: list[Node] = []
        aggregates = [node for node in offers if _is_aggregate(node)]
        for node in aggregates:
            of_all = {**inherited, **_of_all(node, *_OF_A_PRODUCT)}
            single += [{**of_all, **each} for each in self.resolved(node.get("offers"))]
        single += [{**inherited, **node} for node in offers if not _is_aggregate(node)]
        if not any(node.keys() & _PRICES for node in single):
            single = [{**inherited, **node} for node in aggregates] or single
        return single[:_MOST_OFFERS]

    def _alone(self) -> list[Candidate]:
        """Offers that belong to no product, where the page has none."""
        if any(types(node) & _PRODUCTS for node in self._found):
            return []
        return [
            Candidate(node, self._sources[id(each)])
            for each in self._found
            if types(each) & _OFFERS
            for node in self._single([each], {})
        ]

    def _opengraph(self) -> list[Candidate]:
        for form in ("product:sale_price", "product:price", "og:price"):
            amounts = self._properties.get(f"{form}:amount")
            if amounts and _is_on(self._properties, form):
                codes = self._properties.get(f"{form}:currency") or self._properties.get("product:price:currency")
                return [Candidate(_as_offer(self._properties, amounts, codes or []), "opengraph")]
        return []


def _of_a_variant(variant: Node) -> Node:
    found = _of_all(variant, *_OF_A_PRODUCT, *_IDENTITIES, "url")
    if "url" not in variant and any(mark in text(variant, "@id") for mark in "?#"):
        found["url"] = text(variant, "@id", LONGEST_URL + 1)
    return found


def _named(candidates: list[Candidate], url: httpx.URL) -> list[Candidate]:
    """Raises ValueError where the address names a variant that the page does not have."""
    most = max((each.exactness for each in candidates), default=0)
    addresses = [joined(url, text(each.node, "url", LONGEST_URL + 1)) for each in candidates]
    fragments = {address.fragment if address else "" for address in addresses}
    if most == OTHER or (most < NAMED and url.fragment and len(fragments) > 1 and "" not in fragments):
        raise ValueError("The page has no offer of the variant that its address names.")
    if most < NAMED and names_variant(url) and any(_is_range(each.node) for each in candidates):
        raise ValueError("The page has the lowest price of all variants, not that of the one that its address names.")
    return [each for each in candidates if each.exactness == most]


def _all_within(nodes: Sequence[Node]) -> Iterator[Node]:
    waiting = list[Json](nodes)[::-1]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_NODES:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value[::-1]
        elif isinstance(value, dict) and id(value) not in seen:
            seen.add(id(value))
            yield value
            waiting += list(value.values())[::-1]


def _same(one: Node, other: Node) -> bool:
    """Whether both may be the same product: a page often says it in two forms."""
    if one is other:
        return True
    identities = [
        ({str(each) for each in scalars(one, name)}, {str(each) for each in scalars(other, name)})
        for name in ("sku", "@id")
    ]
    if any(ours & theirs for ours, theirs in identities):
        return True
    if any(text(each, "@id") and text(each, "@id") == text(one, "@id") for each in dicts(other.get("isVariantOf"))):
        return True
    ours, theirs = text(one, "name").casefold(), text(other, "name").casefold()
    return not ours or not theirs or ours in theirs or theirs in ours


def _of_all(node: Node, *names: str) -> Node:
    """What holds for all offers of the node that do not say otherwise."""
    return {name: node[name] for name in names if name in node}


def _is_aggregate(node: Node) -> bool:
    return "aggregateoffer" in types(node) or ("lowPrice" in node and "price" not in node)


def _is_range(node: Node) -> bool:
    lowest, highest = (scalars(node, name)[:1] for name in ("lowPrice", "highPrice"))
    return "price" not in node and bool(highest) and lowest != highest


def _is_on(properties: dict[str, list[str]], form: str) -> bool:
    """Whether it is not a sale's price, or the sale is on."""
    if form != "product:sale_price":
        return True
    begin, end = (next(iter(properties.get(f"{form}_dates:{name}", ())), "") for name in ("start", "end"))
    return not is_ahead(begin) and not is_over(end)


def _as_offer(properties: dict[str, list[str]], amounts: list[str], codes: list[str]) -> Node:
    return {
        "price": list[Json](amounts),
        "priceCurrency": list[Json](codes),
        "availability": list[Json](properties.get("product:availability") or properties.get("og:availability") or []),
        "itemCondition": list[Json](properties.get("product:condition") or []),
    }
