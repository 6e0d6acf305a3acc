"""From a page's nodes to the offers of its main product, with how exactly the page's address names each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import httpx

from workers.catalogue.models import LONGEST_TITLE, LONGEST_URL
from workers.marketplaces.web.identity import IDENTITIES, comparable, is_told, same
from workers.marketplaces.web.items import MICRODATA, RDFA, canonical, items, opengraph, titles
from workers.marketplaces.web.markup import parsed
from workers.marketplaces.web.ordinary import OF_PRODUCT
from workers.marketplaces.web.places import NAMED, OTHER, UNSAID, beyond, exactness, joined, of_product, same_page
from workers.marketplaces.web.scripts import documents
from workers.marketplaces.web.timing import is_ahead, is_over
from workers.marketplaces.web.values import Json, Node, dicts, flat, text, types

_PRODUCTS = {"product", "productgroup", "productmodel", "individualproduct", "someproducts", "book", "videogame"}
_OFFERS = {"offer", "aggregateoffer", "offerforpurchase"}
# Where a page has its product; what it has elsewhere is another one: similar, bought together, next to it in a list.
_MAIN = ("@graph", "mainEntity")
_PRICES = {"price", "priceSpecification", "lowPrice", "highPrice", "minPrice", "maxPrice"}
_OF_A_PRODUCT = ("itemCondition", "priceCurrency", "availability")
# Bounds of what a hostile page can make us walk through.
_MOST_NODES = 5000
_MOST_OFFERS = 200
# As many are not clear.
_MOST_MAINS = 5
# Of one product, to see where it is.
_MOST_ADDRESSES = 10
# A node that many refer to is looked at, property by property, for each of them.
_MOST_FOLLOWED = 200_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer with what it has of its product, and in what form the page has it."""

    node: Node
    source: str
    # The address of its product; empty where that has none.
    product: str = ""
    exactness: int = UNSAID


@dataclass(frozen=True, slots=True)
class Contender:
    """The offers of what may be the page's product."""

    candidates: list[Candidate]
    # Whether the address names a variant that none of them is said to be.
    variant_is_missing: bool


class Document:
    """A page's nodes, and what they refer to by @id."""

    def __init__(self, content: bytes, charset: str | None) -> None:
        page = parsed(content, charset)
        self._sources: dict[int, str] = {}
        self._found: list[Node] = []
        # Whether a script of JSON-LD is none.
        self.is_broken = False
        for script in page.scripts:
            found = documents(script)
            self.is_broken = self.is_broken or found.broken
            self._find("json-ld", [node for value in found.values for node in dicts(value)])
        self._canonical = ""
        self._titles: set[str] = set()
        self._properties: dict[str, list[str]] = {}
        if page.root is not None:
            self._find("microdata", list(items(page.root, MICRODATA)))
            self._find("rdfa", list(items(page.root, RDFA)))
            self._canonical = canonical(page.root)
            self._properties = opengraph(page.root)
            self._titles = {comparable(each) for each in titles(page.root, self._properties)} - {""}
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

    def contenders(self, url: httpx.URL) -> list[Contender]:
        """The page's product, or all that may be it; of its offers those that the address names, where it names some.

        Without any, what the page says by OpenGraph. Raises ValueError where the product or the variant is not there.
        """
        found = self._of_the_main_products(url) or self._alone() or self._opengraph()
        exact = [[replace(each, exactness=exactness(each.node, IDENTITIES, url)) for each in some] for some in found]
        most = max((each.exactness for some in exact for each in some), default=UNSAID)
        if most == OTHER:
            raise ValueError("The page has no offer of the variant that its address names.")
        named = [[each for each in some if each.exactness == most] for some in exact]
        return [Contender(some, self._is_missing(some, url)) for some in named if some]

    def _is_missing(self, candidates: list[Candidate], url: httpx.URL) -> bool:
        own = [*self._own(url), *filter(None, (joined(url, each.product) for each in candidates))]
        variant = beyond(url, own)
        # What sums up several is none of them, whatever address it has.
        named = [
            not _is_aggregate(each.node) and exactness(each.node, IDENTITIES, variant) >= NAMED for each in candidates
        ]
        return bool(variant.query or variant.fragment) and not all(named)

    def _own(self, url: httpx.URL) -> list[httpx.URL]:
        """The addresses that the page gives itself."""
        given = [self._canonical, *self._properties.get("og:url", ())]
        return [address for each in given if (address := joined(url, each))]

    def _of_the_main_products(self, url: httpx.URL) -> list[list[Candidate]]:
        """The offers of each that may be the page's product. Raises ValueError where it may be one without offers."""
        products = [node for node in self._found if types(node) & _PRODUCTS]
        offers = {id(node): self._of(node) for node in products}
        told = [node for node in products if offers[id(node)] or is_told(node) or node is products[0]]
        ranked = sorted(((self._rank(node, offers[id(node)], url), node) for node in told), key=lambda each: each[0])
        mains = _distinct([node for rank, node in ranked if rank == ranked[0][0]])
        found = [self._of_the_same(main, [node for _, node in ranked], offers) for main in mains]
        if not found or not found[0]:
            # The first is the page's, and has no offer: those after it are of other products.
            return []
        if not all(found):
            names = ", ".join(text(node, "name", 60) or "one without a name" for node in mains)
            raise ValueError(f"The page has several products, and it is not clear which is its own: {names}.")
        return found

    def _of_the_same(self, main: Node, nodes: list[Node], offers: dict[int, list[Candidate]]) -> list[Candidate]:
        """The offers of the first form of the product that has some."""
        return next((found for node in nodes if same(node, main) and (found := offers[id(node)])), [])

    def _rank(self, product: Node, offers: list[Candidate], url: httpx.URL) -> tuple[int, int]:
        """The page's own product first, then one that is called as the page is; last what is said to be elsewhere."""
        addresses = of_product(product, [each.node for each in offers[:_MOST_ADDRESSES]], url)
        here = any(same_page(address, own) for address in addresses for own in (url, *self._own(url)))
        called = comparable(text(product, "name", LONGEST_TITLE)) in self._titles
        rank = 0 if here or id(product) in self._main else 1 if called else 3 if addresses else 2
        return rank, -exactness(product, IDENTITIES, url)

    def _of(self, product: Node) -> list[Candidate]:
        """A product's offers and those of its variants, each with what it has of the product."""
        source = self._sources.get(id(product), "json-ld")
        of_all = {**_of_all(product, *_OF_A_PRODUCT, "url"), OF_PRODUCT: text(product, "name", 500)}
        inherited = {**of_all, **_of_all(product, *IDENTITIES)}
        found: list[Node] = []
        for variant in self.resolved(product.get("hasVariant")):
            found += self._single(self.resolved(variant.get("offers")), {**of_all, **_of_a_variant(variant)})
        own = self.resolved(product.get("offers")) or self._offering.get(id(product), [])
        # A group's aggregate sums up its variants.
        found = self._single([each for each in own if not (found and _is_aggregate(each))], inherited) + found
        address = text(product, "url", LONGEST_URL + 1)
        return [Candidate(self._of_the_item(node), source, address) for node in found[:_MOST_OFFERS]]

    def _of_the_item(self, offer: Node) -> Node:
        """With what it has of the variant that it offers."""
        offered = self.resolved(offer.get("itemOffered"))
        named = _of_a_variant(offered[0]) if len(offered) == 1 else {}
        return {**offer, **named, "itemOffered": list[Json](offered)}

    def _single(self, offers: list[Node], inherited: Node) -> list[Node]:
        """The single offers, also those in an aggregate; without any price, the aggregates: their lowest."""
        single: list[Node] = []
        aggregates = [node for node in offers if _is_aggregate(node)]
        for node in aggregates:
            of_all = {**inherited, **_of_all(node, *_OF_A_PRODUCT)}
            single += [{**of_all, **_said(each)} for each in self.resolved(node.get("offers"))]
        single += [{**inherited, **_said(node)} for node in offers if not _is_aggregate(node)]
        if not any(node.keys() & _PRICES for node in single):
            single = [{**inherited, **_said(node)} for node in aggregates] or single
        return single[:_MOST_OFFERS]

    def _alone(self) -> list[list[Candidate]]:
        """Offers that belong to no product, where the page has none: who knows whether to the same."""
        if any(types(node) & _PRODUCTS for node in self._found):
            return []
        return [
            [Candidate(self._of_the_item(node), self._sources[id(each)]) for node in self._single([each], {})]
            for each in self._found[:_MOST_OFFERS]
            if types(each) & _OFFERS
        ]

    def _opengraph(self) -> list[list[Candidate]]:
        for form in ("product:sale_price", "product:price", "og:price"):
            amounts = self._properties.get(f"{form}:amount")
            if amounts and _is_on(self._properties, form):
                codes = self._properties.get(f"{form}:currency") or self._properties.get("product:price:currency")
                return [[Candidate(_as_offer(self._properties, amounts, codes or []), "opengraph")]]
        return []


def _distinct(products: Sequence[Node]) -> list[Node]:
    """The first form of each, of as many as show that it is not clear."""
    found: list[Node] = []
    for product in products:
        if len(found) < _MOST_MAINS and not any(same(product, each) for each in found):
            found.append(product)
    return found


def _of_a_variant(variant: Node) -> Node:
    found = _of_all(variant, *_OF_A_PRODUCT, *IDENTITIES, "url")
    if "url" not in variant and any(mark in text(variant, "@id") for mark in "?#"):
        found["url"] = text(variant, "@id", LONGEST_URL + 1)
    return found


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


def _said(node: Node) -> Node:
    """Without what is there and empty."""
    return {name: value for name, value in node.items() if value not in ("", None, [])}


def _of_all(node: Node, *names: str) -> Node:
    """What holds for all offers of the node that do not say otherwise."""
    return {name: node[name] for name in names if name in node}


def _is_aggregate(node: Node) -> bool:
    return "aggregateoffer" in types(node) or ("lowPrice" in node and "price" not in node)


def _is_on(properties: dict[str, list[str]], form: str) -> bool:
    """Whether it is not a sale's price, or the sale is on."""
    if form != "product:sale_price":
        return True
    begin, _, end = next(iter(properties.get(f"{form}_dates", ())), "").partition("/")
    begin, end = (
        next(iter(properties.get(f"{form}_dates:{name}", ())), known)
        for name, known in (("start", begin), ("end", end))
    )
    return not is_ahead(begin) and not is_over(end)


def _as_offer(properties: dict[str, list[str]], amounts: list[str], codes: list[str]) -> Node:
    return {
        "price": list[Json](amounts),
        "priceCurrency": list[Json](codes),
        "availability": list[Json](properties.get("product:availability") or properties.get("og:availability") or []),
        "itemCondition": list[Json](properties.get("product:condition") or []),
    }
