"""All that is known about some listings: what they and competitors say, and what customers look for and write."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar, cast

from django.db.models import F, OrderBy, QuerySet, Window
from django.db.models.functions import RowNumber

from aijobs import sql
from workers.catalogue.countries import country_code_of
from workers.catalogue.models import CompetitorListing, Keyword, Listing, Product
from workers.jobs.listing_optimize.statements import OPINIONS, TEXTS
from workers.listings import shapes
from workers.listings.brands import others_of
from workers.listings.keywords import words_about
from workers.listings.languages import language_of
from workers.listings.rulebook import Rules, rules_of
from workers.listings.shapes import Competitor, Evidence, ListingText, Material, Polarity
from workers.listings.tokens import lemmas_of
from workers.marketplaces.models import Connection

# Of one listing. What more competitors, keywords or reviews would add is noise, and a prompt has an end.
MOST_COMPETITORS = 20
MOST_KEYWORDS = 200
# Of the whole marketplace, among which those of each product are looked for.
MOST_OF_MARKETPLACE = 5000
MOST_REVIEWS = 200
LONGEST_REVIEW = 2000
LONGEST_QUOTE = 200
BY_VOLUME = (F("volume").desc(nulls_last=True), F("keyword").asc())


Row = TypeVar("Row", CompetitorListing, Keyword)


@dataclass(frozen=True)
class Shelf:
    """The marketplace: by whose rules, and in which language, its listings are written. One for a whole run."""

    tenant_id: int
    marketplace: str
    rules: Rules
    language: str

    @cached_property
    def shared(self) -> list[tuple[shapes.Keyword, frozenset[str]]]:
        """The keywords that are said of no product, and their lemmas: each is about some of the products only."""
        rows = _by_volume(self).filter(sku="")[:MOST_OF_MARKETPLACE]
        return [
            (shapes.Keyword(row.keyword, row.volume), frozenset(lemmas_of(row.keyword, self.language)))
            for row in rows
        ]


def shelf_of(connection: Connection) -> Shelf:
    """A shop has any name: its connector says what it is. An account at Amazon says its country."""
    country = connection.settings["country"] if connection.connector == "amazon" else None
    named = {"amazon": f"amazon_{country}", "shopify": "shopify"}.get(connection.connector, connection.name)
    language = language_of(country_code_of(connection.name, country))
    return Shelf(connection.tenant_id, connection.name, rules_of(named), language)


@dataclass(frozen=True, slots=True)
class _Text:
    product: int
    text: str


@dataclass(frozen=True, slots=True)
class _Opinion:
    product: int
    aspect: str
    polarity: str
    count: int
    quote: str


def materials_of(products: Sequence[Product], shelf: Shelf) -> dict[str, Material]:
    """By SKU, of those products that have a listing. Read in a few statements,
    and one for each category."""
    listings = {each.product_id: each for each in Listing.objects.filter(product__in=products)}
    known = _Known(shelf, list(listings.values()))
    return {
        product.sku: known.material(product, listings[product.pk]) for product in products if product.pk in listings
    }


class _Known:
    """What is known beside the listings, by product."""

    def __init__(self, shelf: Shelf, listings: Sequence[Listing]) -> None:
        self._shelf = shelf
        ids = [each.product_id for each in listings]
        self._competitors = _competitors(shelf, ids, {each.category for each in listings if each.category})
        self._keywords = _keywords(shelf, ids)
        texts = sql.rows(_Text, TEXTS, {"products": ids, "most": MOST_REVIEWS, "longest": LONGEST_REVIEW})
        opinions = sql.rows(_Opinion, OPINIONS, {"products": ids, "most": MOST_REVIEWS, "longest": LONGEST_QUOTE})
        self._reviews: defaultdict[int, list[str]] = defaultdict(list)
        self._evidence: defaultdict[int, list[Evidence]] = defaultdict(list)
        for each in texts:
            self._reviews[each.product].append(each.text)
        for opinion in opinions:
            self._evidence[opinion.product].append(_evidence(opinion))

    def material(self, product: Product, listing: Listing) -> Material:
        own = self._competitors.get(("product", product.pk), [])
        alike = self._competitors.get(("category", listing.category), []) if listing.category else []
        text = text_of(product, listing)
        about = words_about(text, product.title, self._shelf.language)
        shared = [keyword for keyword, words in self._shelf.shared if not words.isdisjoint(about)]
        searches = (self._keywords.get(product.pk, []) + shared)[:MOST_KEYWORDS]
        competitors = (own + alike)[:MOST_COMPETITORS]
        return Material(
            listing=replace(text, other_brands=others_of(competitors, text, self._shelf.language)),
            product_title=product.title,
            competitors=tuple(competitors),
            keywords=tuple(each for each in searches if not _is_question(each)),
            questions=tuple(each.text for each in searches if _is_question(each)),
            reviews=tuple(self._reviews[product.pk]),
            evidence=tuple(self._evidence[product.pk]),
            language=self._shelf.language,
        )


def _is_question(keyword: shapes.Keyword) -> bool:
    """What shoppers ask, as tools and a marketplace's questions and answers list it."""
    return keyword.text.endswith(("?", "？", "؟"))


def text_of(product: Product, listing: Listing) -> ListingText:
    return ListingText(
        title=listing.title,
        bullets=tuple(listing.bullets),
        description=listing.description,
        search_terms=listing.search_terms,
        attributes=listing.attributes,
        category=listing.category or product.category,
        brand=product.brand,
        images=listing.images,
    )


def _evidence(opinion: _Opinion) -> Evidence:
    return Evidence(opinion.aspect, cast("Polarity", opinion.polarity), opinion.quote, opinion.count)


def _competitors(
    shelf: Shelf, product_ids: Sequence[int], categories: Iterable[str]
) -> Mapping[tuple[str, object], list[Competitor]]:
    """Those that are said to compete with a product, and those of a category that are said of none."""
    rows = CompetitorListing.objects.of(shelf.tenant_id).filter(marketplace=shelf.marketplace)
    rows = rows.only("product", "title", "bullets", "brand").order_by("external_id")
    found: defaultdict[tuple[str, object], list[Competitor]] = defaultdict(list)
    for row in _first(rows.filter(product__in=product_ids), MOST_COMPETITORS, F("external_id").asc()):
        found["product", row.product_id].append(_competitor(row))
    for category in sorted(set(categories)):
        alike = rows.in_category(category)[:MOST_COMPETITORS]
        found["category", category] = [_competitor(row) for row in alike]
    return found


def _competitor(row: CompetitorListing) -> Competitor:
    return Competitor(row.title, tuple(row.bullets), row.brand)


def _keywords(shelf: Shelf, product_ids: Sequence[int]) -> Mapping[int | None, list[shapes.Keyword]]:
    """Each product's own."""
    found: defaultdict[int | None, list[shapes.Keyword]] = defaultdict(list)
    for row in _first(_by_volume(shelf).filter(product__in=product_ids), MOST_KEYWORDS, *BY_VOLUME):
        found[row.product_id].append(shapes.Keyword(row.keyword, row.volume))
    return found


def _by_volume(shelf: Shelf) -> QuerySet[Keyword]:
    rows = Keyword.objects.of(shelf.tenant_id).filter(marketplace=shelf.marketplace)
    return rows.order_by(*BY_VOLUME)


def _first(rows: "QuerySet[Row]", most: int, *order: OrderBy) -> "QuerySet[Row]":
    """Of each product: one may have very many."""
    place = Window(RowNumber(), partition_by="product", order_by=list(order))
    return rows.annotate(place=place).filter(place__lte=most)
